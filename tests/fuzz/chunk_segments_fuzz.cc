#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/runs.h"
#include "tests/support/segments.h"
#include <hubdist/core/manifest.h>

using namespace hubdist;
using hubdist::fuzz::fuzz_check;
using hubdist::fuzz::Input;

// The first bytes are the seed of the segments' sizes, their greatest, and the size of the pieces
// that a cutter gets.
FUZZ_TARGET(chunk_segments, 30) {
  Input draw(input);
  testing::Random random(draw.byte());
  const std::size_t largest = 1 + static_cast<std::size_t>(draw.number(2)) * 8;
  const std::size_t piece = 1 + static_cast<std::size_t>(draw.number(2)) * 4;
  const Bytes content = fuzz::expand(draw, 600'000);
  const auto chunks = testing::chunks_by_segments(
      content, [&] { return 1 + largest / 2 + random.index(largest); }, piece,
      [](bool holds) { fuzz_check(holds, "a joined chunk lies elsewhere"); });
  fuzz_check(chunks == make_manifest(content).chunks, "segments give other chunks");
}
