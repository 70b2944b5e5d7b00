// The chunks of one content as Python sees them: columns that NumPy reads in place.
#pragma once

#include <cstdint>
#include <vector>

#include <hubdist/core/manifest.h>
#include <hubdist/core/merkle.h>

namespace hubdist::python {

// What Python calls Manifest: 40 bytes a chunk. Not changed once Python has it.
struct ManifestColumns {
  std::vector<std::uint64_t> offsets{0};  // where each chunk begins, and where the content ends
  std::vector<ChunkHash> hashes;
  XetHash file_hash;

  void add(const Chunk& chunk) {
    offsets.push_back(offsets.back() + chunk.size);
    hashes.push_back(chunk.hash);
  }
  Chunk chunk(std::size_t i) const {
    return {hashes[i], static_cast<std::uint32_t>(offsets[i + 1] - offsets[i])};
  }
  // To be called once, after the last add().
  void seal();
  friend bool operator==(const ManifestColumns&, const ManifestColumns&) = default;
};

}  // namespace hubdist::python
