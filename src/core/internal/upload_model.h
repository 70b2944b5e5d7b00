// What the reference client (hf_xet) sends for files, one after another: which chunks it stores, in
// which xorbs, and how long its shards become.
//
// A file's new chunks gather in a part, which becomes a xorb when it is full. What is left at the
// end of the file joins the rest of the files before; that becomes a xorb when it is full, or at
// the end of the version. Chunks can be referred to once their xorb exists, and inside the part.
//
// Where several xorbs hold a chunk, the client takes the newest of the upload under way, else the
// oldest: an upload starts with what the shards of earlier ones say, and reads the oldest last.
#pragma once

#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

#include "core/internal/chunk_index.h"
#include "core/internal/fragmentation.h"
#include <hubdist/core/dedupe_estimator.h>

namespace hubdist::internal {

inline constexpr std::uint64_t kMaxXorbSize = 64 * kMiB;  // before compression
inline constexpr std::uint32_t kMaxXorbChunks = 8192;
inline constexpr std::uint64_t kShardEntry = 48;  // the length of each entry of a shard
inline constexpr std::uint64_t kShardFrame = 3 * kShardEntry;  // its header, and two bookends

// Not thread-safe.
class UploadModel {
 public:
  explicit UploadModel(ChunkIndex& index) : index_(index) {}

  void begin_file();
  // Chunks of the current file that the client looks at together, with their numbers in the index.
  // Appends those that are stored.
  void add(std::span<const Chunk> chunks, std::span<const std::uint32_t> numbers,
           std::vector<StoredChunk>& stored);
  // The length of the file's entries in the shard.
  std::uint64_t end_file();
  // How many xorbs the version needed.
  std::uint32_t end_version();

 private:
  static constexpr std::uint32_t kPending = 0xffff'fffe;
  // What becomes a xorb together.
  struct Pending {
    std::vector<std::uint32_t> chunks;  // their numbers
    std::uint64_t size = 0;
  };
  // Where the client finds a chunk; kNowhere when it lies in no xorb, or not in the part.
  Place in_xorb(std::uint32_t number);
  Place in_part(std::uint32_t number) const;
  // Chunks that lie in a row, where the first of them does.
  struct Run {
    Place begin;
    std::uint32_t length = 0;
  };
  Run run_in_xorb(std::span<const std::uint32_t> numbers);
  Run run_in_part(std::span<const std::uint32_t> numbers) const;
  void refer(Place to, std::uint32_t chunks);
  void store(std::uint32_t number, std::uint32_t size);
  void make_xorb(Pending& pending);

  ChunkIndex& index_;
  std::vector<std::vector<std::uint32_t>> xorbs_;  // the numbers of their chunks
  std::size_t first_xorb_ = 0;                     // of the current version
  // Chunks of earlier versions that this one stored again.
  std::unordered_map<std::uint32_t, Place> stored_again_;
  Pending rest_;                                                 // of the files before
  Pending part_;                                                 // of the current file
  std::unordered_map<std::uint32_t, std::uint32_t> part_index_;  // of the part's chunks, by number
  std::vector<Run> runs_;
  Fragmentation fragmentation_;
  std::uint64_t ranges_ = 0;  // of the current file
  Place next_;                // where its last range ends, when ranges_ > 0
};

}  // namespace hubdist::internal
