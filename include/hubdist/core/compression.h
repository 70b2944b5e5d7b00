// How chunks lie in a xorb: as they are, as an LZ4 frame, or as an LZ4 frame of their bytes grouped
// by place in 4-byte words (which helps numbers, whose high bytes resemble each other).
//
// The compressor makes the choices of the reference client, so that a chunk takes exactly as many
// bytes as in an upload by it.
//
// Sources: the Xet protocol specification 1.1, "Xorb"
// (https://github.com/huggingface/hub-docs/tree/main/docs/xet), LZ4's block and frame formats
// (https://github.com/lz4/lz4/tree/dev/doc).
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include <hubdist/base/bytes.h>

namespace hubdist {

// The numbers are those of chunk headers.
enum class CompressionScheme : std::uint8_t { kNone = 0, kLz4 = 1, kByteGroupedLz4 = 2 };
std::string_view name(CompressionScheme scheme);  // "none", "lz4", "bg4-lz4"

inline constexpr std::size_t kChunkHeaderSize = 8;  // before each chunk in a xorb
// A scheme is chosen for so many chunks of a file that follow each other in a xorb, by their first.
inline constexpr std::size_t kChunksPerScheme = 32;

// kLz4, or kByteGroupedLz4 where the four byte places of words differ in how many bits are set.
CompressionScheme choose_compression(ByteView chunk);

// Compresses chunks one after another. Movable; not thread-safe.
class ChunkCompressor {
 public:
  ChunkCompressor();
  ~ChunkCompressor();
  ChunkCompressor(ChunkCompressor&&) noexcept;
  ChunkCompressor& operator=(ChunkCompressor&&) noexcept;

  struct Stored {
    CompressionScheme scheme = CompressionScheme::kNone;
    ByteView bytes;  // borrowed from the chunk or the compressor, until its next call
  };
  // `chunk` by `scheme`, or as it is where that is not smaller or the chunk has more than
  // kMaxChunkSize bytes.
  Stored compress(ByteView chunk, CompressionScheme scheme);
  // compress(...).bytes.size(), in less time.
  std::size_t stored_size(ByteView chunk, CompressionScheme scheme);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// The chunk of `raw_size` bytes that was stored as `stored`. DataLoss when it is damaged, has
// another size or bytes after its end; InvalidArgument when raw_size is not 1 to kMaxChunkSize.
// Memory: 5 MiB at most, whatever `stored` claims.
Result<Bytes> decompress_chunk(CompressionScheme scheme, ByteView stored, std::size_t raw_size);

// Decompresses chunks whose hash is checked afterwards, where they are wanted: the checksums that
// LZ4's frames have of their own are passed over, and no memory is taken, whatever a frame states,
// but that of one chunk for grouped ones. Movable; not thread-safe.
class ChunkDecompressor {
 public:
  // Fills `out`, the chunk's size before compression, 1 to kMaxChunkSize bytes. DataLoss when what
  // was stored gives less or more; InvalidArgument for another size and an unknown scheme.
  Status decompress(CompressionScheme scheme, ByteView stored, MutableBytes out);

 private:
  Bytes grouped_;
};

}  // namespace hubdist
