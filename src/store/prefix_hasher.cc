#include "store/internal/prefix_hasher.h"

#include <algorithm>

namespace hubdist::internal {
namespace {
constexpr std::size_t kReadAtOnce = 256 * kKiB;
}

PrefixHasher::PrefixHasher(const Identity& identity, std::uint64_t size)
    : identity_(identity), size_(size), hasher_(identity, size) {}

void PrefixHasher::offer(std::uint64_t offset, ByteView bytes) {
  const std::unique_lock lock(mutex_, std::try_to_lock);
  if (!lock || offset != hashed_) return;
  hasher_.update(bytes);
  hashed_ += bytes.size();
}

Status PrefixHasher::catch_up(File& file, std::uint64_t end, std::uint64_t limit) {
  const std::unique_lock lock(mutex_, std::try_to_lock);
  if (!lock || end <= hashed_) return {};
  return read_back(file, std::min<std::uint64_t>(end, hashed_ + limit), {});
}

Status PrefixHasher::finish(File& file, std::stop_token stop) {
  const std::lock_guard lock(mutex_);
  HUBDIST_TRY(read_back(file, size_, stop));
  const Status found = hasher_.finish();
  if (!found.ok()) restart();
  return found;
}

void PrefixHasher::reset() {
  const std::lock_guard lock(mutex_);
  restart();
}

void PrefixHasher::restart() {
  hasher_ = IdentityHasher(identity_, size_);
  hashed_ = 0;
}

Status PrefixHasher::read_back(File& file, std::uint64_t end, std::stop_token stop) {
  if (hashed_ >= end) return {};
  if (!hasher_.proves()) {
    hashed_ = end;
    return {};
  }
  Bytes buffer(std::min<std::uint64_t>(kReadAtOnce, end - hashed_));
  while (hashed_ < end) {
    if (stop.stop_requested()) return cancelled("stopped while hashing ", file.path().native());
    const auto part =
        std::span(buffer).first(std::min<std::uint64_t>(buffer.size(), end - hashed_));
    HUBDIST_TRY(read_exactly(file, part, hashed_));
    hasher_.update(part);
    hashed_ += part.size();
  }
  return {};
}

}  // namespace hubdist::internal
