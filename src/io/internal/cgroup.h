// What the control groups of this process leave it.
//
// Both look at the process's groups (versions 1 and 2) and at the groups around them, as
// /proc/self/cgroup and /sys/fs/cgroup below `root` state them. Nothing without a limit.
#pragma once

#include <cstdint>
#include <optional>

#include <hubdist/io/file.h>

namespace hubdist::internal {

// The smallest memory limit, in bytes.
std::optional<std::uint64_t> cgroup_memory_limit(FileSystem& fs, const Path& root);
// The smallest quota of processor time, in processors, rounded up.
std::optional<std::uint64_t> cgroup_cpu_limit(FileSystem& fs, const Path& root);

}  // namespace hubdist::internal
