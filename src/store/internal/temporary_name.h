// Names beside a path that no other process or thread uses.
#pragma once

#include <atomic>
#include <string>

#include <unistd.h>

#include <hubdist/io/file.h>

namespace hubdist::internal {

// A hidden name of bounded length in the same folder.
inline Path temporary_beside(const Path& path) {
  static std::atomic<std::uint64_t> count{0};
  return path.parent_path() / concat(".hubdist-", ::getpid(), '-', ++count, ".tmp");
}

}  // namespace hubdist::internal
