// Boundaries that do not depend on where chunking began, so that parts of a content can be chunked
// apart.
#pragma once

#include <cstdint>

#include <hubdist/core/chunker.h>

namespace hubdist {

// Looks for the first boundary, behind a place in the middle of a content, that the chunks of the
// whole content have as well: the end of two neighbours whose sizes lie in
// [2 * kMinChunkSize, kMaxChunkSize - kMinChunkSize). Not thread-safe.
//
// Why: let such neighbours end at a and b, as found by a chunker that began anywhere. The hash has
// boundaries at a and b, none in the last kMinChunkSize before a, and none from a + kMinChunkSize
// to b. A chunker of the whole content that stops at a stops at b next. One that does not was begun
// anew in the last kMinChunkSize before a (by the greatest size; the hash has no boundary there).
// It is not allowed to stop at a, and either goes on to b, which is near enough, or stops once more
// before a + kMinChunkSize, and at b next, which is far enough from there.
//
// Random bytes have one after about 220 KB; a run of one byte has none.
class FixedBoundaryFinder {
 public:
  // Takes the next bytes; true when the boundary lies in them, at position(). The finder is done
  // then.
  bool update(ByteView bytes);
  // How many bytes behind its beginning the boundary lies; how many were searched without one.
  std::uint64_t position() const { return position_; }

 private:
  Chunker chunker_;
  std::uint64_t position_ = 0;
  std::size_t chunk_size_ = 0;  // bytes of the current chunk so far
  bool last_fits_ = false;      // whether the chunk before it has such a size
};

}  // namespace hubdist
