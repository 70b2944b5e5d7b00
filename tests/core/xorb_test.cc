#include <doctest/doctest.h>

#include "tests/core/vectors.h"
#include "tests/core/xet_samples.h"

using namespace hubdist;
using namespace hubdist::testing;

namespace {

XorbHash name_of_sample() {
  return parse_xet_hex<XorbHash>(text(Vectors("xet_formats/files.json").root()["xorb"])).value();
}

Bytes header(std::uint8_t version, std::uint32_t packed, std::uint8_t scheme, std::uint32_t raw) {
  Bytes out;
  append_le(out, version);
  for (int i = 0; i < 3; ++i) append_le(out, static_cast<std::uint8_t>(packed >> 8 * i));
  append_le(out, scheme);
  for (int i = 0; i < 3; ++i) append_le(out, static_cast<std::uint8_t>(raw >> 8 * i));
  return out;
}

std::string refusal(const Status& status) {
  CHECK_FALSE(status.ok());
  return std::string(message(status));
}

}  // namespace

TEST_CASE("a chunk's header is read as it was written, and bounded") {
  Bytes out;
  append_chunk_header(out, {0x010203, 0x010000, CompressionScheme::kLz4});
  CHECK(to_hex(out) == "0003020101000001");
  const Bytes fine = header(0, 5, 1, kMaxChunkSize);
  CHECK(parse_chunk_header(fine).value() == ChunkHeader{5, kMaxChunkSize, CompressionScheme::kLz4});
  CHECK(parse_chunk_header(header(0, kMaxPackedChunkSize, 2, 1)).ok());
  CHECK_FALSE(parse_chunk_header(header(1, 5, 1, 9)).ok());
  CHECK_FALSE(parse_chunk_header(header(0, 5, 3, 9)).ok());
  CHECK_FALSE(parse_chunk_header(header(0, 0, 1, 9)).ok());
  CHECK_FALSE(parse_chunk_header(header(0, 9, 1, 0)).ok());
  CHECK_FALSE(parse_chunk_header(header(0, 5, 1, kMaxChunkSize + 1)).ok());
  CHECK_FALSE(parse_chunk_header(header(0, kMaxPackedChunkSize + 1, 1, 9)).ok());
  CHECK_FALSE(parse_chunk_header(header(0, 5, 0, 9)).ok());
  CHECK_FALSE(parse_chunk_header(ByteView(fine).first(7)).ok());
}

TEST_CASE("what hf_xet uploads and stores verifies, chunk by chunk") {
  const Bytes stored = xet_format_file("stored.xorb");
  const XorbIndex index = verify_xorb(stored, name_of_sample()).value();
  CHECK(index.chunk_count() == 6);
  CHECK(read_xorb_index(stored).value() == index);
  // The footer that we write is theirs, byte for byte.
  Bytes footer;
  append_xorb_footer(footer, index);
  CHECK(ByteView(footer).size() == stored.size() - index.packed_size());
  CHECK(std::equal(footer.begin(), footer.end(), stored.end() - static_cast<long>(footer.size())));

  const Bytes uploaded = xet_format_file("upload.xorb");
  const auto wrong = verify_xorb(uploaded, {});
  CHECK(wrong.status().code() == StatusCode::kDataLoss);
}

TEST_CASE("chunks come out as they went in, whatever the scheme") {
  const std::vector<Bytes> chunks = sample_chunks(7, 60);
  const BuiltXorb xorb = build_xorb(chunks);
  const XorbIndex proved = verify_xorb(xorb.bytes, xorb.index.hash).value();
  CHECK(proved == xorb.index);
  std::vector<Chunk> leaves;
  for (std::uint32_t i = 0; i < proved.chunk_count(); ++i) leaves.push_back(proved.chunk(i));
  CHECK(xorb_hash(leaves) == proved.hash);
  Bytes buffer;
  for (std::uint32_t i = 0; i < proved.chunk_count(); ++i) {
    const ByteRange range = proved.packed_range(i);
    const ByteView packed = ByteView(xorb.bytes).subspan(range.begin, range.size());
    const PackedChunk chunk{parse_chunk_header(packed.first(kChunkHeaderSize)).value(),
                            packed.subspan(kChunkHeaderSize)};
    const ByteView raw = unpack_chunk(chunk, buffer).value();
    CHECK(std::equal(raw.begin(), raw.end(), chunks[i].begin(), chunks[i].end()));
  }
}

TEST_CASE("a xorb is verified in pieces of any size, with each footer and without") {
  const BuiltXorb xorb = build_xorb(sample_chunks(8, 20));
  for (const Bytes& bytes : {xorb.bytes, with_footer(xorb, 0), with_footer(xorb, 1)}) {
    for (const std::size_t piece : {1u, 2u, 7u, 8u, 9u, 100u, 1000u, 1u << 20}) {
      XorbVerifier verifier;
      feed(bytes, piece, [&](ByteView part) { CHECK(verifier.update(part).ok()); });
      CHECK(verifier.finish(xorb.index.hash).value() == xorb.index);
    }
  }
}

TEST_CASE("a v0 xorb is upgraded: from memory and from its headers") {
  const BuiltXorb xorb = build_xorb(sample_chunks(9, 30));
  const Bytes v0 = with_footer(xorb, 0);
  CHECK(read_xorb_index(v0).value() == xorb.index);

  const std::size_t size = xorb_footer_size(ByteView(v0).last(4)).value();
  XorbIndex index = parse_xorb_footer(ByteView(v0).last(size), v0.size()).value();
  CHECK_FALSE(index.has_raw_sizes());
  std::vector<ChunkHeader> headers;
  for (std::uint32_t i = 0; i < index.chunk_count(); ++i)
    headers.push_back(
        parse_chunk_header(ByteView(v0).subspan(index.packed_range(i).begin, kChunkHeaderSize))
            .value());
  CHECK(add_raw_sizes(index, headers).ok());
  CHECK(index == xorb.index);
  headers.back().packed_size += 1;
  CHECK_FALSE(add_raw_sizes(index, headers).ok());
  headers.pop_back();
  CHECK_FALSE(add_raw_sizes(index, headers).ok());

  Bytes upgraded = xorb.bytes;
  append_xorb_footer(upgraded, index);
  CHECK(upgraded == with_footer(xorb, 1));
}

TEST_CASE("a range of chunks is a range of bytes; a range of content the fewest chunks") {
  const BuiltXorb xorb = build_xorb(sample_chunks(10, 25));
  const XorbIndex& index = xorb.index;
  Random random(3);
  for (int round = 0; round < 500; ++round) {
    const auto begin = static_cast<std::uint32_t>(random.index(25));
    const auto end = begin + 1 + static_cast<std::uint32_t>(random.index(25 - begin));
    const ChunkRange chunks{begin, end};
    const ByteRange bytes = index.bytes_of(chunks).value();
    CHECK(bytes.begin == index.packed_range(begin).begin);
    CHECK(bytes.end == index.packed_range(end - 1).end);
    const std::uint64_t size = index.raw_size_of(chunks).value();
    const std::uint64_t from = random.below(size);
    const ByteRange raw{from, from + 1 + random.below(size - from)};
    const ChunkRange holding = index.chunks_holding(chunks, raw).value();
    CHECK(chunks.contains(holding));
    const std::uint64_t base = index.raw_begin(begin);
    CHECK(index.raw_begin(holding.begin) <= base + raw.begin);
    CHECK(index.raw_ends[holding.begin] > base + raw.begin);
    CHECK(index.raw_begin(holding.end - 1) < base + raw.end);
    CHECK(index.raw_ends[holding.end - 1] >= base + raw.end);
    CHECK_FALSE(index.chunks_holding(chunks, {from, size + 1}).ok());
  }
  CHECK_FALSE(index.bytes_of({0, 26}).ok());
  CHECK_FALSE(index.bytes_of({3, 3}).ok());
  CHECK_FALSE(index.bytes_of({26, 4}).ok());
  CHECK_FALSE(index.chunks_holding({0, 25}, {5, 5}).ok());
}

TEST_CASE("every truncation of a xorb is noticed") {
  const BuiltXorb xorb = build_xorb(sample_chunks(11, 5));
  for (const Bytes& bytes : {with_footer(xorb, 0), with_footer(xorb, 1)}) {
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      const ByteView cut = ByteView(bytes).first(size);
      CHECK(verify_xorb(cut, xorb.index.hash).ok() == (size == xorb.bytes.size()));
      CHECK_FALSE(read_xorb_index(cut).ok());
    }
    Bytes longer = bytes;
    longer.push_back(std::byte{0});
    CHECK_FALSE(verify_xorb(longer, xorb.index.hash).ok());
    CHECK_FALSE(read_xorb_index(longer).ok());
  }
}

TEST_CASE("every flipped bit of a xorb is noticed, but in what a footer leaves free") {
  const BuiltXorb xorb = build_xorb(sample_chunks(12, 4));
  for (const int version : {0, 1}) {
    const Bytes bytes = with_footer(xorb, version);
    for (std::size_t at = 0; at < bytes.size(); ++at) {
      for (int bit = 0; bit < 8; bit += 3) {
        Bytes flipped = bytes;
        flipped[at] ^= std::byte{1} << bit;
        const bool free = at >= bytes.size() - 20 && at < bytes.size() - 4;
        const auto found = verify_xorb(flipped, xorb.index.hash);
        // What a changed chunk decompresses to may be the same; then nothing is wrong with it.
        if (free || found.ok())
          CHECK(found.value().hashes == xorb.index.hashes);
        else
          CHECK_FALSE(found.ok());
        if (!free && at >= xorb.bytes.size()) CHECK_FALSE(found.ok());
      }
    }
  }
}

TEST_CASE("a xorb with a wrong hash, a bomb, an unknown scheme, too much of anything is refused") {
  const BuiltXorb xorb = build_xorb(sample_chunks(13, 3));
  XorbHash other = xorb.index.hash;
  other.bytes[0] ^= std::byte{1};
  CHECK(verify_xorb(xorb.bytes, other).status().code() == StatusCode::kDataLoss);
  CHECK(refusal(verify_xorb({}, {}).status()) == "a xorb has no chunk");

  // A chunk of zeros that states fewer bytes than it decompresses to, or more.
  Bytes packed;
  ChunkCompressor compressor;
  append_packed_chunk(packed, Bytes(kMaxChunkSize), CompressionScheme::kLz4, compressor);
  CHECK(packed.size() < 1000);
  for (const std::uint32_t lie : {1u, 100u, static_cast<std::uint32_t>(kMaxChunkSize) - 1}) {
    Bytes bomb = header(0, static_cast<std::uint32_t>(packed.size() - kChunkHeaderSize), 1, lie);
    append_bytes(bomb, ByteView(packed).subspan(kChunkHeaderSize));
    CHECK(verify_xorb(bomb, {}).status().code() == StatusCode::kDataLoss);
  }
  Bytes unknown = header(0, 4, 7, 4);
  unknown.resize(12);
  CHECK(refusal(verify_xorb(unknown, {}).status()).find("scheme 7") != std::string::npos);

  XorbVerifier many;
  Bytes one = header(0, 1, 0, 1);
  one.push_back(std::byte{42});
  for (std::uint32_t i = 0; i < kMaxXorbChunks; ++i) CHECK(many.update(one).ok());
  CHECK(refusal(many.update(one)).find("more than 8192 chunks") != std::string::npos);

  XorbVerifier footer;
  CHECK(footer.update(xorb.bytes).ok());
  CHECK(footer.update(as_bytes("XETBLOB\1")).ok());
  CHECK_FALSE(footer.update(Bytes(kMaxXorbFooterSize)).ok());
}

TEST_CASE("a footer of 2^32 chunks takes no memory") {
  for (const std::uint32_t length : {0xffffffffu, 0u, 95u, 400000u}) {
    Bytes last;
    append_le(last, length);
    CHECK_FALSE(xorb_footer_size(last).ok());
  }
  const BuiltXorb xorb = build_xorb(sample_chunks(14, 2));
  Bytes bytes = with_footer(xorb, 1);
  for (const std::size_t count_at : {std::size_t{48}, std::size_t{60 + 2 * 32}}) {
    Bytes lie = bytes;
    for (std::size_t i = 0; i < 4; ++i) lie[xorb.bytes.size() + count_at + i] = std::byte{0xff};
    CHECK_FALSE(read_xorb_index(lie).ok());
  }
  // Ends that fall, that leave no room for a header, and that pass the footer.
  for (const std::uint32_t end : {0u, 8u, 300000u, 0xffffffffu}) {
    XorbIndex index = xorb.index;
    index.packed_ends[0] = end;
    Bytes lie = xorb.bytes;
    append_xorb_footer(lie, index);
    CHECK_FALSE(read_xorb_index(lie).ok());
  }
}

TEST_CASE("a xorb is full before 64 MiB or 8192 chunks") {
  XorbBuilder by_count;
  const Bytes tiny(1);
  for (std::uint32_t i = 0; i < kMaxXorbChunks; ++i) {
    CHECK(by_count.fits(1));
    CHECK(by_count.add(chunk_hash(tiny), tiny, CompressionScheme::kNone).value() == i);
  }
  CHECK_FALSE(by_count.fits(1));
  CHECK(by_count.add({}, tiny, CompressionScheme::kNone).status().code() ==
        StatusCode::kFailedPrecondition);
  CHECK(by_count.finish().value().index.chunk_count() == kMaxXorbChunks);
  CHECK(by_count.empty());
  CHECK(by_count.finish().status().code() == StatusCode::kFailedPrecondition);

  XorbBuilder by_size;
  Bytes packed;
  ChunkCompressor compressor;
  append_packed_chunk(packed, Bytes(kMaxChunkSize), CompressionScheme::kLz4, compressor);
  for (std::uint64_t size = 0; size < kMaxXorbRawSize; size += kMaxChunkSize)
    CHECK(by_size.add_packed({}, packed).ok());
  CHECK(by_size.raw_size() == kMaxXorbRawSize);
  CHECK_FALSE(by_size.fits(1));
  CHECK(by_size.add_packed({}, packed).status().code() == StatusCode::kFailedPrecondition);
  CHECK(by_size.add({}, Bytes(kMaxChunkSize + 1), CompressionScheme::kNone).status().code() ==
        StatusCode::kInvalidArgument);
  CHECK_FALSE(by_size.add_packed({}, ByteView(packed).first(packed.size() - 1)).ok());
  CHECK_FALSE(by_size.add_packed({}, ByteView(packed).first(5)).ok());
}

TEST_CASE("an incompressible xorb of 64 MiB serialises to a little more and is accepted") {
  const Bytes noise = random_bytes(1, kMaxChunkSize);
  const ChunkHash hash = chunk_hash(noise);
  XorbBuilder builder;
  while (builder.fits(noise.size())) CHECK(builder.add(hash, noise, CompressionScheme::kNone).ok());
  const BuiltXorb xorb = builder.finish().value();
  CHECK(xorb.bytes.size() == 64 * kMiB + 512 * kChunkHeaderSize);
  Bytes footer;
  append_xorb_footer(footer, xorb.index);
  CHECK(parse_xorb_footer(footer, xorb.bytes.size() + footer.size()).value() == xorb.index);
}
