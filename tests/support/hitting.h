// Bytes after which the chunker's hash has a boundary, to be put where a test wants one.
#pragma once

#include "src/core/internal/gear.h"
#include "tests/support/random.h"

namespace hubdist::testing {

// Overwrites the 64 bytes before `end`, so that the hash after them has a boundary, whatever stood
// before. The seed decides which bytes.
inline void write_boundary(MutableBytes content, std::size_t end, std::uint64_t seed) {
  Random random(seed);
  const MutableBytes window = content.subspan(end - internal::kGearWindow, internal::kGearWindow);
  for (std::byte& b : window) b = static_cast<std::byte>(random.below(256));
  const std::uint64_t before = internal::gear_roll(window.first(60), 0);
  do {
    for (std::byte& b : window.last(4)) b = static_cast<std::byte>(random.below(256));
  } while (internal::gear_roll(window.last(4), before) >= internal::kGearBoundary);
}

}  // namespace hubdist::testing
