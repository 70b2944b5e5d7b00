// How much memory the control groups of this process leave it.
#pragma once

#include <cstdint>
#include <optional>

#include <hubdist/io/file.h>

namespace hubdist::internal {

// The smallest memory limit, in bytes, of the process's control groups (versions 1 and 2) and of
// the groups around them, as /proc/self/cgroup and /sys/fs/cgroup below `root` state it. Nothing
// without a limit.
std::optional<std::uint64_t> cgroup_memory_limit(FileSystem& fs, const Path& root);

}  // namespace hubdist::internal
