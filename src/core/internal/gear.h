// The rolling hash that finds chunk boundaries: h = (h << 1) + table[byte], in 64 bits, so that a
// hash depends on the last 64 bytes alone.
#pragma once

#include <cstdint>

#include <hubdist/base/bytes.h>

namespace hubdist::internal {

inline constexpr std::size_t kGearWindow = 64;

struct GearScan {
  std::size_t taken = 0;  // bytes read, the one at the boundary included
  bool boundary = false;  // whether the last byte taken ends a chunk
  std::uint64_t hash = 0;
};

// The hash after `bytes`, which follow those that made `hash`.
std::uint64_t gear_roll(ByteView bytes, std::uint64_t hash);

// Rolls on until a boundary or the end of `bytes`. Every faster kernel has to give what this scalar
// one gives.
GearScan gear_scan(ByteView bytes, std::uint64_t hash);

}  // namespace hubdist::internal
