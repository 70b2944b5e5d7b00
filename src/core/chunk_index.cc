#include "core/internal/chunk_index.h"

#include <algorithm>
#include <cstring>

namespace hubdist::internal {

std::size_t ChunkIndex::slot_of(const ChunkHash& hash) {
  std::size_t slot = 0;
  std::memcpy(&slot, hash.bytes.data(), sizeof slot);
  for (;; ++slot) {
    slot &= slots_.size() - 1;
    if (slots_[slot] == 0 || (*this)[slots_[slot] - 1].hash == hash) return slot;
  }
}

ChunkIndex::Found ChunkIndex::find_or_add(const ChunkHash& hash) {
  if (size_ >= slots_.size() / 4 * 3) grow();
  const std::size_t slot = slot_of(hash);
  if (slots_[slot] != 0) return {slots_[slot] - 1, false};
  if (size_ % kBlock == 0) blocks_.push_back(std::make_unique<KnownChunk[]>(kBlock));
  const std::uint32_t number = size_++;
  (*this)[number].hash = hash;
  slots_[slot] = number + 1;
  return {number, true};
}

void ChunkIndex::grow() {
  const std::size_t slots = std::max<std::size_t>(kBlock, 2 * slots_.size());
  slots_ = {};  // gives the old ones back first
  slots_.resize(slots);
  for (std::uint32_t number = 0; number < size_; ++number)
    slots_[slot_of((*this)[number].hash)] = number + 1;
}

}  // namespace hubdist::internal
