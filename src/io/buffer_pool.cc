#include "io/internal/buffer_pool.h"

#include <utility>

namespace hubdist::internal {

Result<BufferPool::Lease> BufferPool::take(std::stop_token stop) {
  std::unique_lock lock(mutex_);
  if (!changed_.wait(lock, stop, [&] { return !free_.empty() || unmade_ > 0; }))
    return cancelled("stopped while waiting for memory");
  return Lease(shared_from_this(), free_buffer());
}

std::optional<BufferPool::Lease> BufferPool::try_take() {
  const std::lock_guard lock(mutex_);
  if (free_.empty() && unmade_ == 0) return std::nullopt;
  return Lease(shared_from_this(), free_buffer());
}

std::unique_ptr<std::byte[]> BufferPool::free_buffer() {
  if (free_.empty()) {
    --unmade_;
    return std::make_unique_for_overwrite<std::byte[]>(size_);
  }
  auto buffer = std::move(free_.back());
  free_.pop_back();
  return buffer;
}

void BufferPool::give_back(std::unique_ptr<std::byte[]> buffer) {
  const std::lock_guard lock(mutex_);
  free_.push_back(std::move(buffer));
  changed_.notify_one();
}

}  // namespace hubdist::internal
