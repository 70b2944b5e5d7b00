#include "tests/fuzz/fuzz.h"
#include <hubdist/core/xorb_verifier.h>

using namespace hubdist;
using hubdist::fuzz::fuzz_check;
using hubdist::fuzz::Input;

// The first byte says in pieces of which size the rest, taken for a xorb, comes in. What a footer
// says and what a verifier finds fit the bytes, and each other.
FUZZ_TARGET(xorb, 3000) {
  Input draw(input);
  const std::size_t piece = 1 + draw.byte();
  const ByteView bytes = draw.take(input.size());

  XorbVerifier verifier;
  Status came;
  for (std::size_t at = 0; came.ok() && at < bytes.size(); at += piece)
    came = verifier.update(bytes.subspan(at, std::min(piece, bytes.size() - at)));
  const auto first = came.ok() ? verifier.finish({}) : Result<XorbIndex>(came);
  fuzz_check(!first.ok(), "a xorb with a hash of zeros");
  const auto stated = read_xorb_index(bytes);
  if (stated.ok()) {
    fuzz_check(stated->has_raw_sizes() && stated->chunk_count() > 0, "an index without chunks");
    fuzz_check(stated->packed_size() < bytes.size(), "chunks beyond the xorb's end");
    Bytes again(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(stated->packed_size()));
    append_xorb_footer(again, *stated);
    const auto reread = read_xorb_index(again);
    fuzz_check(reread.ok() && *reread == *stated, "an index changed on its way");
    const ChunkRange all{0, stated->chunk_count()};
    fuzz_check(stated->bytes_of(all)->end == stated->packed_size(), "chunks do not fill the xorb");
  }
  if (came.ok() && first.status().code() == StatusCode::kDataLoss && stated.ok()) {
    const auto proved = verify_xorb(bytes, stated->hash);
    fuzz_check(proved.ok() && *proved == *stated, "a footer was believed that says otherwise");
  }
}
