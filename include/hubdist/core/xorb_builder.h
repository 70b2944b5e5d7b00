// Makes xorbs out of chunks.
#pragma once

#include <cstdint>
#include <vector>

#include <hubdist/core/xorb.h>

namespace hubdist {

// A xorb that is complete.
struct BuiltXorb {
  Bytes bytes;  // chunks without a footer: what is uploaded. append_xorb_footer() adds one
  XorbIndex index;
};

// Packs chunks in the order in which they are added. The caller asks fits() first, and finishes the
// xorb when it says no. Not thread-safe; holds the packed bytes, at most kMaxXorbPackedSize.
class XorbBuilder {
 public:
  // Whether a chunk of `raw_size` bytes still fits, within kMaxXorbRawSize and kMaxXorbChunks.
  bool fits(std::size_t raw_size) const;
  std::uint32_t chunk_count() const { return index_.chunk_count(); }
  bool empty() const { return index_.hashes.empty(); }
  std::uint64_t raw_size() const { return index_.raw_size(); }
  std::uint64_t packed_size() const { return index_.packed_size(); }

  // Adds a chunk and returns its place in the xorb. `hash` must be the chunk_hash() of `raw`, 1 to
  // kMaxChunkSize bytes; it is not computed again. The chunk is compressed with `scheme`, or stored
  // as it is when that makes it no smaller. FailedPrecondition when it does not fit.
  Result<std::uint32_t> add(const ChunkHash& hash, ByteView raw, CompressionScheme scheme);
  // Adds a chunk that append_packed_chunk() packed, perhaps on another thread, or that was taken
  // from another xorb; `packed` is its header and bytes. InvalidArgument when `packed` is not one
  // chunk. FailedPrecondition when it does not fit.
  Result<std::uint32_t> add_packed(const ChunkHash& hash, ByteView packed);

  // The xorb with the chunks so far. FailedPrecondition without any. The builder is as new
  // afterwards.
  Result<BuiltXorb> finish();

 private:
  Result<std::uint32_t> record(const ChunkHash& hash, std::size_t raw_size);
  Status check_fits(std::size_t raw_size) const;

  ChunkCompressor compressor_;
  Bytes bytes_;
  XorbIndex index_;
  MerkleHasher tree_;
};

}  // namespace hubdist
