#include "core/internal/gear.h"

#include "core/internal/gear_table.h"

namespace hubdist::internal {

std::uint64_t gear_roll(ByteView bytes, std::uint64_t hash) {
  for (const std::byte b : bytes) hash = (hash << 1) + kGearTable[std::to_integer<std::size_t>(b)];
  return hash;
}

GearScan gear_scan_reference(ByteView bytes, std::uint64_t hash) {
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    hash = (hash << 1) + kGearTable[std::to_integer<std::size_t>(bytes[i])];
    if ((hash & 0xffff000000000000) == 0) return {i + 1, true, hash};
  }
  return {bytes.size(), false, hash};
}

}  // namespace hubdist::internal
