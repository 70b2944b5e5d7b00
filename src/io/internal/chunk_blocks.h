// Regroups the chunks of a stream into the blocks that a DedupeEstimator takes.
#pragma once

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include <hubdist/core/dedupe_estimator.h>
#include <hubdist/io/chunk_stream.h>

namespace hubdist::internal {

// Chunks that end in the same kDedupeBlock of a file, with their bytes.
struct ChunkBlock {
  std::vector<Chunk> chunks;
  std::vector<ByteView> bytes;                            // of each chunk
  std::vector<std::shared_ptr<const ChunkBatch>> owners;  // of those bytes
};

// Not thread-safe.
class ChunkBlocks {
 public:
  // Calls `take` with a `ChunkBlock&&` for each block that is known to be whole.
  template <typename F>
  Status add(const std::shared_ptr<const ChunkBatch>& batch, F&& take) {
    std::uint64_t end = batch->offset;
    ByteView rest = batch->bytes;
    for (const Chunk& chunk : batch->chunks) {
      end += chunk.size;
      if (!block_.chunks.empty() && block_of(end) != current_) HUBDIST_TRY(flush(take));
      current_ = block_of(end);
      if (block_.owners.empty() || block_.owners.back() != batch) block_.owners.push_back(batch);
      block_.chunks.push_back(chunk);
      block_.bytes.push_back(rest.first(chunk.size));
      rest = rest.subspan(chunk.size);
    }
    return {};
  }
  // The file ends here.
  template <typename F>
  Status flush(F&& take) {
    if (block_.chunks.empty()) return {};
    return take(std::exchange(block_, {}));
  }

 private:
  static std::uint64_t block_of(std::uint64_t end) { return (end - 1) / kDedupeBlock; }

  ChunkBlock block_;
  std::uint64_t current_ = 0;
};

}  // namespace hubdist::internal
