#include "tests/fuzz/fuzz.h"
#include <hubdist/core/reconstruction.h>

using namespace hubdist;
using hubdist::fuzz::fuzz_check;

// What is read is possible, and the same after another way through each version.
FUZZ_TARGET(reconstruction, 3000) {
  const auto answer = parse_reconstruction(as_text(input));
  if (!answer.ok()) return;
  fuzz_check(check_reconstruction(*answer).ok(), "an answer that is not checked");
  fuzz_check(answer->size() <= answer->terms.size() * std::uint64_t{kMaxXorbChunks} * kMaxChunkSize,
             "a size beyond all terms");
  for (const Term& term : answer->terms)
    fuzz_check(answer->find(term).range->chunks.contains(term.chunks), "a range of other chunks");
  const auto v2 = parse_reconstruction(write_reconstruction_v2(*answer));
  fuzz_check(v2.ok() && *v2 == *answer, "an answer changed on its way");
  const auto v1 = parse_reconstruction(write_reconstruction_v1(*answer));
  fuzz_check(v1.ok() && v1->terms == answer->terms && v1->size() == answer->size(),
             "an answer changed in version 1");
}
