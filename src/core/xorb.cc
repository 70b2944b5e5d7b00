#include <algorithm>

#include <hubdist/core/xorb.h>

namespace hubdist {
namespace {

constexpr std::uint8_t kChunkVersion = 0;

void append_u24(Bytes& out, std::uint32_t value) {
  for (int shift = 0; shift < 24; shift += 8)
    out.push_back(static_cast<std::byte>(value >> shift & 0xff));
}

std::uint32_t u24(ByteView bytes, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t i = 3; i-- > 0;)
    value = value << 8 | std::to_integer<std::uint32_t>(bytes[at + i]);
  return value;
}

Status check_sizes(const ChunkHeader& header) {
  const auto [packed, raw, scheme] = header;
  if (raw == 0 || raw > kMaxChunkSize)
    return invalid_argument("a chunk has ", raw, " bytes, allowed are 1 to ", kMaxChunkSize);
  if (packed == 0 || packed > kMaxPackedChunkSize)
    return invalid_argument("a chunk has ", packed, " compressed bytes, allowed are 1 to ",
                            kMaxPackedChunkSize);
  if (scheme == CompressionScheme::kNone && packed != raw)
    return invalid_argument("a chunk that is not compressed has ", packed,
                            " bytes in its xorb and ", raw, " outside");
  return {};
}

Status check_range(const XorbIndex& index, ChunkRange chunks) {
  if (chunks.empty() || chunks.end > index.chunk_count())
    return out_of_range("xorb ", xet_hex(index.hash), " has ", index.chunk_count(),
                        " chunks, asked for are ", chunks.begin, " to ", chunks.end);
  return {};
}

}  // namespace

Result<ChunkHeader> parse_chunk_header(ByteView bytes) {
  if (bytes.size() != kChunkHeaderSize)
    return invalid_argument("a chunk's header has ", kChunkHeaderSize, " bytes, not ",
                            bytes.size());
  if (const auto version = std::to_integer<unsigned>(bytes[0]); version != kChunkVersion)
    return invalid_argument("a chunk's header has version ", version, ", known is ",
                            unsigned{kChunkVersion});
  const auto scheme = std::to_integer<unsigned>(bytes[4]);
  if (scheme > static_cast<unsigned>(CompressionScheme::kByteGroupedLz4))
    return invalid_argument("a chunk is compressed with the unknown scheme ", scheme);
  const ChunkHeader header{u24(bytes, 1), u24(bytes, 5), static_cast<CompressionScheme>(scheme)};
  HUBDIST_TRY(check_sizes(header));
  return header;
}

void append_chunk_header(Bytes& out, const ChunkHeader& header) {
  out.push_back(std::byte{kChunkVersion});
  append_u24(out, header.packed_size);
  out.push_back(static_cast<std::byte>(header.scheme));
  append_u24(out, header.raw_size);
}

Result<ByteView> unpack_chunk(const PackedChunk& chunk, Bytes& buffer) {
  if (chunk.header.scheme == CompressionScheme::kNone) return chunk.packed;
  HUBDIST_ASSIGN(buffer,
                 decompress_chunk(chunk.header.scheme, chunk.packed, chunk.header.raw_size));
  return buffer;
}

void append_packed_chunk(Bytes& out, ByteView raw, CompressionScheme scheme,
                         ChunkCompressor& compressor) {
  const ChunkCompressor::Stored stored = compressor.compress(raw, scheme);
  append_chunk_header(out, {static_cast<std::uint32_t>(stored.bytes.size()),
                            static_cast<std::uint32_t>(raw.size()), stored.scheme});
  append_bytes(out, stored.bytes);
}

ByteRange XorbIndex::packed_range(std::uint32_t i) const {
  return {i == 0 ? 0 : packed_ends[i - 1], packed_ends[i]};
}

Result<ByteRange> XorbIndex::bytes_of(ChunkRange chunks) const {
  HUBDIST_TRY(check_range(*this, chunks));
  return ByteRange{packed_range(chunks.begin).begin, packed_ends[chunks.end - 1]};
}

Result<std::uint64_t> XorbIndex::raw_size_of(ChunkRange chunks) const {
  HUBDIST_TRY(check_range(*this, chunks));
  return raw_ends[chunks.end - 1] - raw_begin(chunks.begin);
}

Result<ChunkRange> XorbIndex::chunks_holding(ChunkRange chunks, ByteRange raw) const {
  HUBDIST_ASSIGN(const std::uint64_t size, raw_size_of(chunks));
  if (raw.empty() || raw.end > size)
    return out_of_range("chunks ", chunks.begin, " to ", chunks.end, " of xorb ", xet_hex(hash),
                        " have ", size, " bytes, asked for are ", raw.begin, " to ", raw.end);
  const std::uint64_t base = raw_begin(chunks.begin);
  const auto first = raw_ends.begin() + chunks.begin;
  const auto last = raw_ends.begin() + chunks.end;
  const auto begin = std::upper_bound(first, last, base + raw.begin);
  const auto end = std::lower_bound(begin, last, base + raw.end);
  return ChunkRange{static_cast<std::uint32_t>(begin - raw_ends.begin()),
                    static_cast<std::uint32_t>(end - raw_ends.begin() + 1)};
}

Chunk XorbIndex::chunk(std::uint32_t i) const {
  return {hashes[i], static_cast<std::uint32_t>(raw_ends[i] - raw_begin(i))};
}

}  // namespace hubdist
