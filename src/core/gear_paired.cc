// A hash waits for the one before it, which leaves a modern core half idle. So two stretches are
// hashed at a time: the second begins with the 64 bytes before it, on which its first hash depends.
#include "core/internal/gear.h"
#include "core/internal/gear_table.h"

namespace hubdist::internal {
namespace {

constexpr std::size_t kStretch = 1024;

std::uint64_t rolled(std::uint64_t hash, std::byte next) {
  return (hash << 1) + kGearTable[std::to_integer<std::size_t>(next)];
}

GearScan scan_one(ByteView bytes, std::uint64_t hash) {
  const std::byte* const begin = bytes.data();
  const std::byte* const end = begin + bytes.size();
  for (const std::byte* next = begin; next != end; ++next) {
    hash = rolled(hash, *next);
    if (hash < kGearBoundary) return {static_cast<std::size_t>(next - begin) + 1, true, hash};
  }
  return {bytes.size(), false, hash};
}

// Scans 2 * kStretch bytes.
GearScan scan_pair(const std::byte* bytes, std::uint64_t hash) {
  std::uint64_t second = gear_roll({bytes + kStretch - kGearWindow, kGearWindow}, 0);
  for (std::size_t i = 0; i < kStretch; i += 2) {
    for (std::size_t j = i; j < i + 2; ++j) {
      hash = rolled(hash, bytes[j]);
      if (hash < kGearBoundary) return {j + 1, true, hash};
      second = rolled(second, bytes[kStretch + j]);
      if (second < kGearBoundary) {
        // A boundary in the rest of the first stretch comes before it.
        const GearScan first = scan_one({bytes + j + 1, kStretch - j - 1}, hash);
        if (first.boundary) return {j + 1 + first.taken, true, first.hash};
        return {kStretch + j + 1, true, second};
      }
    }
  }
  return {2 * kStretch, false, second};
}

}  // namespace

GearScan gear_scan_paired(ByteView bytes, std::uint64_t hash) {
  std::size_t taken = 0;
  while (bytes.size() - taken >= 2 * kStretch) {
    const GearScan scan = scan_pair(bytes.data() + taken, hash);
    taken += scan.taken;
    hash = scan.hash;
    if (scan.boundary) return {taken, true, hash};
  }
  const GearScan scan = scan_one(bytes.subspan(taken), hash);
  return {taken + scan.taken, scan.boundary, scan.hash};
}

}  // namespace hubdist::internal
