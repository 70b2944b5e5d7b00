// Chunks of one content, from segments of it that were cut apart.
//
// Where a chunk ends depends on where it begins, so the chunks of a segment that is cut by itself
// are at first not those of the whole. But a chunker knows nothing of the bytes before a boundary:
// from the first boundary on that both have, they go the same way. In ordinary contents it comes
// after a few chunks (fixed_boundary.h says which sizes make sure of one). Contents without (a long
// run of one byte, begun at another place) are cut again by the one who joins: slower, and still
// right.
#pragma once

#include <cstdint>
#include <vector>

#include <hubdist/core/chunker.h>
#include <hubdist/core/merkle.h>

namespace hubdist {

// The chunks of one segment as though the first began with it. Not thread-safe; the cutters of
// different segments may run on different threads.
class SegmentCutter {
 public:
  // The segment's bytes from its beginning, of which more and more are there: each call gives all
  // bytes of the call before, at the same place or another. Hashes the chunks that end inside them.
  void extend(ByteView bytes);

 private:
  friend class SegmentJoiner;
  std::vector<Chunk> chunks_;
  std::size_t scanned_ = 0;  // bytes that chunker_ has seen
  std::size_t cut_ = 0;      // bytes in chunks_
  Chunker chunker_;
};

// Puts the segments of a content together. Not thread-safe.
class SegmentJoiner {
 public:
  struct Joined {
    Bytes bridge;                      // the chunk that began in an earlier segment, or nothing
    std::vector<Chunk> bridge_chunks;  // at most one, of `bridge`
    std::size_t begin = 0;             // where in the segment the next chunk begins
    std::vector<Chunk> chunks;         // those that lie in the segment, in order, from `begin`
  };
  // The next segment of the content, all of whose bytes were given to `cutter`. The chunk that is
  // open at its end is kept, with its bytes.
  Joined add(ByteView segment, SegmentCutter cutter);
  // The content ends here: its last chunk, unless it was returned already. The joiner is as new
  // afterwards.
  Joined finish();

 private:
  // Where the chunk ends that the earlier segments began; the whole segment's size and false when
  // it does not end in it.
  bool close_open_chunk(ByteView segment, Joined& joined);
  // Cuts from joined.begin on until a boundary is one of the cutter's, and takes its chunks.
  void join(ByteView segment, SegmentCutter& cutter, Joined& joined);

  Bytes open_;       // of the chunk that ends in a later segment
  Chunker chunker_;  // has seen open_
};

}  // namespace hubdist
