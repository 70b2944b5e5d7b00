// What the reference client (hf_xet) sends for files, one after another: which chunks it stores, in
// which xorbs, and how long its shards become.
//
// A file's new chunks gather in a part, which becomes a xorb when it is full. What is left at the
// end of the file joins the rest of the files before; that becomes a xorb when it is full, or at
// the end of the version. Chunks can be referred to once their xorb exists, and inside the part.
#pragma once

#include <cstdint>
#include <span>
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
  static constexpr std::uint32_t kPending = 0xffff'ffff;
  struct Part {
    std::uint32_t xorb = kPending;
    std::uint32_t base = 0;  // chunks before it in its xorb
  };
  struct Move {
    std::uint32_t number;
    Place place;
  };
  // What becomes a xorb together.
  struct Pending {
    std::vector<std::uint32_t> parts;
    std::vector<Move> moves;  // chunks stored again: they are found there once the xorb exists
    std::uint64_t size = 0;
    std::uint32_t chunks = 0;
  };
  // A chunk's position in a xorb, or in the current part (kPending).
  struct Position {
    std::uint32_t xorb;
    std::uint32_t index;
    friend bool operator==(const Position&, const Position&) = default;
  };

  // Whether a chunk can be referred to: in an existing xorb, or in the current part.
  bool in_xorb(std::uint32_t number) const;
  bool in_part(std::uint32_t number) const;
  Position position(std::uint32_t number) const;
  // How many of the chunks lie in a row, all of them where the first does.
  template <typename F>
  std::uint32_t run(std::span<const std::uint32_t> numbers, F&& usable) const;
  void refer(Position to, std::uint32_t chunks);
  void store(std::uint32_t number, std::uint32_t size);
  void make_xorb(Pending& pending);

  ChunkIndex& index_;
  std::vector<Part> parts_;
  std::uint32_t xorbs_ = 0;
  std::uint32_t version_xorbs_ = 0;
  Pending rest_;  // of the files before
  Pending file_;  // of the current file; one part, the last of parts_
  std::vector<std::uint32_t> runs_;
  Fragmentation fragmentation_;
  std::uint64_t ranges_ = 0;  // of the current file
  Position next_{0, 0};       // where its last range ends, when ranges_ > 0
};

}  // namespace hubdist::internal
