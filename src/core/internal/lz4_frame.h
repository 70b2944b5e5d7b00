// LZ4 frames read without their checksums, for chunks whose hash is checked afterwards.
#pragma once

#include <hubdist/base/bytes.h>

namespace hubdist::internal {

// Decompresses the frame that `stored` consists of into `out`, which it fills exactly; DataLoss
// otherwise. Needs no memory of its own.
Status read_lz4_frame(ByteView stored, MutableBytes out);

}  // namespace hubdist::internal
