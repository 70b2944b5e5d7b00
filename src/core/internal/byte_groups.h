// Bytes grouped by their place in 4-byte words: all first bytes, all second bytes, ...
#pragma once

#include <hubdist/base/bytes.h>

namespace hubdist::internal {

// `out` is as long as `in` and does not overlap it. A last word that is not whole gives its bytes
// to the first groups.
void group_bytes(ByteView in, std::byte* out);
void ungroup_bytes(ByteView in, std::byte* out);

}  // namespace hubdist::internal
