// The chunks of one file, in order, and the Xet file hash over them.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include <hubdist/core/chunker.h>
#include <hubdist/core/hash.h>
#include <hubdist/core/merkle.h>

namespace hubdist {

// Cuts a content that comes in pieces of any size, and hashes each chunk. `on_chunk` is called with
// a `const Chunk&` for each, in order. Not thread-safe.
class ChunkHasher {
 public:
  template <typename F>
  void update(ByteView bytes, F&& on_chunk) {
    while (!bytes.empty()) {
      const Chunker::Step step = chunker_.next(bytes);
      if (const Chunk chunk = take(bytes.first(step.taken), step.boundary); chunk.size > 0)
        on_chunk(chunk);
      bytes = bytes.subspan(step.taken);
    }
  }
  // The content ends here. The hasher is as new afterwards.
  template <typename F>
  void finish(F&& on_chunk) {
    if (const Chunk chunk = take({}, true); chunk.size > 0) on_chunk(chunk);
    chunker_ = {};
  }

 private:
  // Adds bytes to the current chunk; gives the chunk when it ends with them, else one of size 0.
  Chunk take(ByteView bytes, bool ends);

  Chunker chunker_;
  Bytes begun_;  // of the current chunk: hashing it as a whole is worth the copy
};

// The Xet file hash of a content that comes in pieces, in little memory. Not thread-safe.
class XetHasher {
 public:
  void update(ByteView bytes);
  XetHash finish();

 private:
  ChunkHasher chunks_;
  MerkleHasher tree_;
};

struct Manifest {
  std::vector<Chunk> chunks;
  XetHash file_hash;

  std::uint64_t size() const {
    std::uint64_t total = 0;
    for (const Chunk& chunk : chunks) total += chunk.size;
    return total;
  }
  friend bool operator==(const Manifest&, const Manifest&) = default;
};

// Makes the manifest of a content that comes in pieces. Not thread-safe.
class ManifestBuilder {
 public:
  void update(ByteView bytes);
  // The builder is as new afterwards.
  Manifest finish();

 private:
  ChunkHasher chunks_;
  std::vector<Chunk> found_;
};

Manifest make_manifest(ByteView content);

// Whether a manifest that someone else made is the one of the file that `expected` names: the tree
// over its chunks has that root, its own file_hash agrees, every chunk has 1 to kMaxChunkSize
// bytes, and they sum up to `size`. DataLoss or InvalidArgument when not. (Chunks below
// kMinChunkSize are allowed: older clients cut some.)
Status check_manifest(const Manifest& manifest, const XetHash& expected, std::uint64_t size);

}  // namespace hubdist
