// Xorbs: many chunks, each compressed by itself, in one object that is named by its chunks.
//
//   chunk 0   header (8 bytes), compressed bytes
//   chunk 1   ...
//   footer    where each chunk ends and what it hashes to; clients upload none
//   length    of the footer, 4 bytes
//
// Numbers are little-endian. A chunk's header: version 0 (1 byte), compressed size (3), compression
// scheme (1), size before compression (3). The footer begins with "XETBLOB", which is no chunk's
// header: the version at its first byte would be 'X'. Version 1 is the one that is written; version
// 0 lacks the sizes before compression. docs/xet-formats.md has their layouts.
//
// Source: the Xet protocol specification 1.1, "Xorb", and for the footers the reference
// implementation (https://github.com/huggingface/xet-core).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include <hubdist/core/chunker.h>
#include <hubdist/core/compression.h>
#include <hubdist/core/term.h>

namespace hubdist {

// Compressed bytes of a chunk. One that does not shrink is stored as it is, but others may do it
// differently.
inline constexpr std::size_t kMaxPackedChunkSize = 2 * kMaxChunkSize;
inline constexpr std::uint32_t kMaxXorbChunks = 8192;
// Bytes before compression of a xorb that we make. A foreign one may have more, since the
// specification bounds the serialized size alone.
inline constexpr std::uint64_t kMaxXorbRawSize = 64 * kMiB;
// Bytes of a serialized xorb without footer: 64 MiB, and the headers that incompressible chunks
// have on top.
inline constexpr std::uint64_t kMaxXorbPackedSize =
    kMaxXorbRawSize + kMaxXorbChunks * kChunkHeaderSize;
// Bytes of a footer with its length: 96 and 40 for each chunk.
inline constexpr std::size_t kMaxXorbFooterSize = 96 + 40 * std::size_t{kMaxXorbChunks};

// What stands before a chunk's compressed bytes.
struct ChunkHeader {
  std::uint32_t packed_size = 0;  // bytes after compression, without this header
  std::uint32_t raw_size = 0;     // bytes before compression
  CompressionScheme scheme = CompressionScheme::kNone;
  friend bool operator==(const ChunkHeader&, const ChunkHeader&) = default;
};

// Reads the 8 bytes of a header. InvalidArgument for another version, an unknown scheme, a size of
// 0 or above kMaxChunkSize or kMaxPackedChunkSize, and sizes that differ in a chunk that is not
// compressed.
Result<ChunkHeader> parse_chunk_header(ByteView bytes);
void append_chunk_header(Bytes& out, const ChunkHeader& header);

// A chunk as it lies in a xorb. Borrows its bytes.
struct PackedChunk {
  ChunkHeader header;
  ByteView packed;  // header.packed_size bytes
};

// The bytes of a chunk: `chunk.packed` itself when it is not compressed, else a view of `buffer`.
// DataLoss when they do not decompress to header.raw_size bytes. What is returned is proved by
// nothing but its hash.
Result<ByteView> unpack_chunk(const PackedChunk& chunk, Bytes& buffer);

// Appends header and bytes of a chunk of 1 to kMaxChunkSize bytes, compressed by `scheme` unless
// that makes it no smaller. Chunks can be packed on several threads, each with its own compressor.
void append_packed_chunk(Bytes& out, ByteView raw, CompressionScheme scheme,
                         ChunkCompressor& compressor);

// What a xorb's footer says: hash, end and size of each chunk. A value; const calls are
// thread-safe.
struct XorbIndex {
  XorbHash hash;
  std::vector<ChunkHash> hashes;
  std::vector<std::uint32_t> packed_ends;  // offsets in the xorb, headers included
  std::vector<std::uint32_t> raw_ends;     // likewise without compression; none from a v0 footer

  std::uint32_t chunk_count() const { return static_cast<std::uint32_t>(hashes.size()); }
  bool has_raw_sizes() const { return raw_ends.size() == hashes.size(); }
  // Bytes of all chunks with their headers: where a footer begins.
  std::uint64_t packed_size() const { return packed_ends.empty() ? 0 : packed_ends.back(); }
  std::uint64_t raw_size() const { return raw_ends.empty() ? 0 : raw_ends.back(); }
  // Where chunk `i` (below chunk_count()) lies in the xorb, its header included.
  ByteRange packed_range(std::uint32_t i) const;

  // Below, `chunks` must not be empty and must end within the xorb, else OutOfRange; sizes need
  // has_raw_sizes().

  // What a ranged request must read to get these chunks.
  Result<ByteRange> bytes_of(ChunkRange chunks) const;
  Result<std::uint64_t> raw_size_of(ChunkRange chunks) const;
  // The fewest chunks of `chunks` that hold the bytes `raw` of them: a non-empty range of offsets
  // from their beginning. OutOfRange when it passes their end.
  Result<ChunkRange> chunks_holding(ChunkRange chunks, ByteRange raw) const;
  // The chunk at `i`, which is below chunk_count().
  Chunk chunk(std::uint32_t i) const;
  // Where the bytes of chunk `i` begin, when all are uncompressed.
  std::uint64_t raw_begin(std::uint32_t i) const { return i == 0 ? 0 : raw_ends[i - 1]; }

  friend bool operator==(const XorbIndex&, const XorbIndex&) = default;
};

// How many bytes at the end of a stored xorb are its footer with its length, from the xorb's last 4
// bytes. InvalidArgument when no footer has that size.
Result<std::size_t> xorb_footer_size(ByteView last_4_bytes);

// Reads a footer of either version with its length: the last bytes of a xorb of `xorb_size` bytes.
// InvalidArgument unless each field has the one value that it may have: counts agree, ends rise
// within the bounds of a chunk, the last one is where the footer begins. That hashes are right is
// for XorbVerifier to say.
Result<XorbIndex> parse_xorb_footer(ByteView footer, std::uint64_t xorb_size);

// Appends a footer of version 1 with its length. The index must have raw sizes.
void append_xorb_footer(Bytes& out, const XorbIndex& index);

// Gives an index from a v0 footer the sizes that it lacks, from the header of each chunk, in order.
// InvalidArgument when they do not fit the index.
Status add_raw_sizes(XorbIndex& index, std::span<const ChunkHeader> headers);

// Index of a stored xorb that lies in memory or is mapped: reads the footer, and for version 0 the
// chunks' headers too. append_xorb_footer() then upgrades it.
Result<XorbIndex> read_xorb_index(ByteView xorb);

}  // namespace hubdist
