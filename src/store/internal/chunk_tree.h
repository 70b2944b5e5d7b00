// The Xet hash of a file whose chunks arrive in any order.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include <hubdist/core/merkle.h>

namespace hubdist::internal {

// Chunks that follow on the front part go into its tree at once; the others wait, 40 bytes each,
// for the gap before them to close. Not thread-safe.
class ChunkTree {
 public:
  // A chunk that lies in the file at `offset`. One whose place is taken is left out.
  void add(std::uint64_t offset, const Chunk& chunk);
  // Bytes of `range` were changed: chunks there are no longer what was added.
  void altered(ByteRange range);
  // The hash of a file of `size` bytes, when all of it is chunks that were added.
  std::optional<XetHash> root(std::uint64_t size) const;
  // Forgets everything.
  void reset() { *this = {}; }

 private:
  struct Run {
    std::uint64_t end = 0;
    std::vector<Chunk> chunks;
  };
  void drain();

  MerkleHasher tree_;                  // of the front part
  std::map<std::uint64_t, Run> runs_;  // by their beginning, all behind the front part
  bool broken_ = false;
};

}  // namespace hubdist::internal
