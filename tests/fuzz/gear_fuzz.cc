#include "src/core/internal/gear.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/runs.h"

using namespace hubdist;
using hubdist::fuzz::fuzz_check;
using hubdist::fuzz::Input;

// The first bytes are the hash to begin with and how many bytes to leave out in front.
FUZZ_TARGET(gear, 60) {
  Input draw(input);
  const std::uint64_t hash = draw.number(8);
  const std::size_t skipped = static_cast<std::size_t>(draw.byte());
  const Bytes content = fuzz::expand(draw, 300'000);
  const ByteView bytes = ByteView(content).subspan(std::min(skipped, content.size()));
  const internal::GearScan expected = internal::gear_scan_reference(bytes, hash);
  for (const internal::GearKernel& kernel : internal::gear_kernels()) {
    const internal::GearScan found = kernel.scan(bytes, hash);
    fuzz_check(found.taken == expected.taken && found.boundary == expected.boundary &&
                   found.hash == expected.hash,
               "a kernel differs from the reference");
  }
}
