#include <hubdist/core/xorb.h>

// Footer of version 1: "XETBLOB" 1, hash; "XBLBHSH" 0, n, n hashes; "XBLBBND" 1, n, n ends, n ends
// before compression; n, distance from the footer's end to each of the two sections, 16 bytes that
// readers skip (writers may make two copies of a xorb differ by them). Version 0: "XETBLOB" 0,
// hash, n, n ends, n hashes, 16 bytes. Behind either: its length.

namespace hubdist {
namespace {

constexpr std::string_view kMagic = "XETBLOB";
constexpr std::string_view kHashesMagic = "XBLBHSH";
constexpr std::string_view kEndsMagic = "XBLBBND";
constexpr std::uint8_t kHashesVersion = 0;
constexpr std::uint8_t kEndsVersion = 1;
constexpr std::size_t kSkipped = 16;
constexpr std::size_t kLengthSize = sizeof(std::uint32_t);

// Bytes of a footer without its length.
constexpr std::size_t v0_size(std::size_t chunks) { return 60 + 36 * chunks; }
constexpr std::size_t v1_size(std::size_t chunks) { return 92 + 40 * chunks; }
constexpr std::uint32_t hashes_distance(std::size_t n) {
  return static_cast<std::uint32_t>(52 + 40 * n);
}
constexpr std::uint32_t ends_distance(std::size_t n) {
  return static_cast<std::uint32_t>(40 + 8 * n);
}
static_assert(v1_size(kMaxXorbChunks) + kLengthSize == kMaxXorbFooterSize);

Status damaged(std::string_view problem) {
  return invalid_argument("the footer of a xorb is damaged: ", problem);
}

Status expect(ByteReader& reader, std::string_view magic, std::uint8_t version) {
  HUBDIST_ASSIGN(const ByteView found, reader.read_bytes(magic.size()));
  HUBDIST_ASSIGN(const auto found_version, reader.read<std::uint8_t>());
  if (as_text(found) != magic) return damaged(concat("it lacks ", magic));
  if (found_version != version)
    return damaged(
        concat(magic, " has version ", unsigned{found_version}, ", known is ", unsigned{version}));
  return {};
}

Status expect_number(ByteReader& reader, std::uint32_t value, std::string_view what) {
  HUBDIST_ASSIGN(const auto found, reader.read<std::uint32_t>());
  if (found != value) return damaged(concat(what, " is ", found, " instead of ", value));
  return {};
}

template <typename D>
Result<D> read_digest(ByteReader& reader) {
  HUBDIST_ASSIGN(const ByteView bytes, reader.read_bytes(D::kSize));
  D digest;
  std::copy(bytes.begin(), bytes.end(), digest.bytes.begin());
  return digest;
}

Status read_hashes(ByteReader& reader, std::size_t count, std::vector<ChunkHash>& hashes) {
  hashes.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    HUBDIST_ASSIGN(hashes.emplace_back(), read_digest<ChunkHash>(reader));
  }
  return {};
}

// Ends that rise by `least` to `most` at each chunk.
Status read_ends(ByteReader& reader, std::size_t count, std::size_t least, std::size_t most,
                 std::vector<std::uint32_t>& ends) {
  ends.reserve(count);
  std::uint32_t before = 0;
  for (std::size_t i = 0; i < count; ++i) {
    HUBDIST_ASSIGN(const auto end, reader.read<std::uint32_t>());
    if (end < before || end - before < least || end - before > most)
      return damaged(concat("chunk ", i, " reaches from ", before, " to ", end));
    ends.push_back(before = end);
  }
  return {};
}

Status read_packed_ends(ByteReader& reader, std::size_t count, XorbIndex& index) {
  return read_ends(reader, count, kChunkHeaderSize + 1, kChunkHeaderSize + kMaxPackedChunkSize,
                   index.packed_ends);
}

Result<std::size_t> chunks_in(std::size_t size, std::size_t fixed, std::size_t each) {
  if (size <= fixed || (size - fixed) % each != 0 || (size - fixed) / each > kMaxXorbChunks)
    return damaged(concat("no number of chunks gives it ", size, " bytes"));
  return (size - fixed) / each;
}

Status read_v0(ByteReader& reader, std::size_t size, XorbIndex& index) {
  HUBDIST_ASSIGN(const std::size_t count, chunks_in(size, v0_size(0), 36));
  HUBDIST_ASSIGN(index.hash, read_digest<XorbHash>(reader));
  HUBDIST_TRY(expect_number(reader, static_cast<std::uint32_t>(count), "the number of chunks"));
  HUBDIST_TRY(read_packed_ends(reader, count, index));
  HUBDIST_TRY(read_hashes(reader, count, index.hashes));
  return reader.read_bytes(kSkipped).status();
}

Status read_v1(ByteReader& reader, std::size_t size, XorbIndex& index) {
  HUBDIST_ASSIGN(const std::size_t count, chunks_in(size, v1_size(0), 40));
  const auto number = static_cast<std::uint32_t>(count);
  HUBDIST_ASSIGN(index.hash, read_digest<XorbHash>(reader));
  HUBDIST_TRY(expect(reader, kHashesMagic, kHashesVersion));
  HUBDIST_TRY(expect_number(reader, number, "the number of hashes"));
  HUBDIST_TRY(read_hashes(reader, count, index.hashes));
  HUBDIST_TRY(expect(reader, kEndsMagic, kEndsVersion));
  HUBDIST_TRY(expect_number(reader, number, "the number of ends"));
  HUBDIST_TRY(read_packed_ends(reader, count, index));
  HUBDIST_TRY(read_ends(reader, count, 1, kMaxChunkSize, index.raw_ends));
  HUBDIST_TRY(expect_number(reader, number, "the number of chunks"));
  HUBDIST_TRY(expect_number(reader, hashes_distance(count), "the distance of the hashes"));
  HUBDIST_TRY(expect_number(reader, ends_distance(count), "the distance of the ends"));
  return reader.read_bytes(kSkipped).status();
}

}  // namespace

Result<std::size_t> xorb_footer_size(ByteView last_4_bytes) {
  if (last_4_bytes.size() != kLengthSize) return damaged("its length has 4 bytes");
  HUBDIST_ASSIGN(const auto length, ByteReader(last_4_bytes).read<std::uint32_t>());
  if (length < v0_size(1) || length + kLengthSize > kMaxXorbFooterSize)
    return damaged(concat("it states a length of ", length, " bytes, allowed are ", v0_size(1),
                          " to ", kMaxXorbFooterSize - kLengthSize));
  return length + kLengthSize;
}

Result<XorbIndex> parse_xorb_footer(ByteView footer, std::uint64_t xorb_size) {
  if (footer.size() < kLengthSize || footer.size() > xorb_size) return damaged("it is too short");
  HUBDIST_ASSIGN(const std::size_t stated, xorb_footer_size(footer.last(kLengthSize)));
  if (stated != footer.size())
    return damaged(concat("it has ", footer.size(), " bytes and states ", stated));
  const std::size_t size = footer.size() - kLengthSize;
  ByteReader reader(footer.first(size));
  HUBDIST_ASSIGN(const ByteView magic, reader.read_bytes(kMagic.size()));
  if (as_text(magic) != kMagic) return damaged(concat("it lacks ", kMagic));
  HUBDIST_ASSIGN(const auto version, reader.read<std::uint8_t>());
  if (version > 1) return damaged(concat("it has the unknown version ", unsigned{version}));
  XorbIndex index;
  HUBDIST_TRY(version == 0 ? read_v0(reader, size, index) : read_v1(reader, size, index));
  if (index.packed_size() != xorb_size - footer.size())
    return damaged(concat("the chunks end at ", index.packed_size(), ", the footer begins at ",
                          xorb_size - footer.size()));
  if (index.packed_size() > kMaxXorbPackedSize)
    return damaged(concat("the chunks have ", index.packed_size(), " bytes, allowed are ",
                          kMaxXorbPackedSize));
  return index;
}

void append_xorb_footer(Bytes& out, const XorbIndex& index) {
  const auto magic = [&out](std::string_view text, std::uint8_t version) {
    append_bytes(out, as_bytes(text));
    append_le(out, version);
  };
  const std::uint32_t count = index.chunk_count();
  out.reserve(out.size() + v1_size(count) + kLengthSize);
  magic(kMagic, 1);
  append_bytes(out, index.hash.bytes);
  magic(kHashesMagic, kHashesVersion);
  append_le(out, count);
  for (const ChunkHash& hash : index.hashes) append_bytes(out, hash.bytes);
  magic(kEndsMagic, kEndsVersion);
  append_le(out, count);
  for (const std::uint32_t end : index.packed_ends) append_le(out, end);
  for (const std::uint32_t end : index.raw_ends) append_le(out, end);
  append_le(out, count);
  append_le(out, hashes_distance(count));
  append_le(out, ends_distance(count));
  out.resize(out.size() + kSkipped);
  append_le(out, static_cast<std::uint32_t>(v1_size(count)));
}

Status add_raw_sizes(XorbIndex& index, std::span<const ChunkHeader> headers) {
  if (headers.size() != index.hashes.size())
    return damaged(concat("it has ", index.hashes.size(), " chunks, there are ", headers.size()));
  std::vector<std::uint32_t> ends;
  ends.reserve(headers.size());
  std::uint32_t end = 0;
  for (std::uint32_t i = 0; i < index.chunk_count(); ++i) {
    if (headers[i].packed_size + kChunkHeaderSize != index.packed_range(i).size())
      return damaged(concat("chunk ", i, " does not fill the ", index.packed_range(i).size(),
                            " bytes that it has"));
    ends.push_back(end += headers[i].raw_size);
  }
  index.raw_ends = std::move(ends);
  return {};
}

Result<XorbIndex> read_xorb_index(ByteView xorb) {
  if (xorb.size() < kLengthSize) return damaged("the xorb is too short for one");
  HUBDIST_ASSIGN(const std::size_t size, xorb_footer_size(xorb.last(kLengthSize)));
  if (size > xorb.size()) return damaged("it states more bytes than the xorb has");
  HUBDIST_ASSIGN(XorbIndex index, parse_xorb_footer(xorb.last(size), xorb.size()));
  if (index.has_raw_sizes()) return index;
  std::vector<ChunkHeader> headers;
  for (std::uint32_t i = 0; i < index.chunk_count(); ++i) {
    const auto at = static_cast<std::size_t>(index.packed_range(i).begin);
    HUBDIST_ASSIGN(headers.emplace_back(), parse_chunk_header(xorb.subspan(at, kChunkHeaderSize)));
  }
  HUBDIST_TRY(add_raw_sizes(index, headers));
  return index;
}

}  // namespace hubdist
