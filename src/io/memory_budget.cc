#include <algorithm>

#include "io/internal/cgroup.h"
#include <hubdist/base/bytes.h>
#include <hubdist/io/memory_budget.h>

namespace hubdist {

Result<MemoryBudget::Hold> MemoryBudget::take(std::uint64_t bytes, std::stop_token stop) {
  bytes = std::min(bytes, total_);
  std::unique_lock lock(mutex_);
  if (!changed_.wait(lock, stop, [&] { return free_ >= bytes; }))
    return cancelled("stopped while waiting for memory");
  free_ -= bytes;
  return Hold(this, bytes);
}

MemoryBudget::Hold MemoryBudget::try_take(std::uint64_t bytes) {
  bytes = std::min(bytes, total_);
  const std::lock_guard lock(mutex_);
  if (free_ < bytes) return {};
  free_ -= bytes;
  return Hold(this, bytes);
}

void MemoryBudget::give_back(std::uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  free_ += bytes;
  changed_.notify_all();
}

std::uint64_t default_memory_budget() {
  constexpr std::uint64_t kMost = 256 * kMiB;
  const auto limit = internal::cgroup_memory_limit(posix_file_system(), "/");
  return limit ? std::max<std::uint64_t>(std::min(kMost, *limit / 4), kMiB) : kMost;
}

}  // namespace hubdist
