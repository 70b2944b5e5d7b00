#include <vector>

#include <doctest/doctest.h>
#include <lz4frame.h>

#include "tests/support/sample_data.h"
#include <hubdist/core/chunker.h>
#include <hubdist/core/compression.h>

using namespace hubdist;
using namespace hubdist::testing;

namespace {

constexpr CompressionScheme kSchemes[] = {CompressionScheme::kNone, CompressionScheme::kLz4,
                                          CompressionScheme::kByteGroupedLz4};

std::vector<Bytes> samples(std::size_t size) {
  return {random_bytes(1, size), Bytes(size),          bf16_weights(2, size),
          words(3, size),        periodic(4, size, 7), periodic(5, size, 70'000),
          periodic(6, size, 1)};
}

// Every sample comes back, and takes the size that was foretold.
void check_round_trip(ChunkCompressor& compressor, ByteView chunk, CompressionScheme scheme) {
  const std::size_t foretold = compressor.stored_size(chunk, scheme);
  const ChunkCompressor::Stored stored = compressor.compress(chunk, scheme);
  CHECK(stored.bytes.size() == foretold);
  CHECK(stored.bytes.size() <= chunk.size());
  CHECK((stored.scheme == scheme || stored.bytes.size() == chunk.size()));
  const auto back = decompress_chunk(stored.scheme, stored.bytes, chunk.size());
  REQUIRE(back.ok());
  CHECK(std::equal(back->begin(), back->end(), chunk.begin(), chunk.end()));
  ChunkDecompressor decompressor;
  Bytes out(chunk.size());
  REQUIRE(decompressor.decompress(stored.scheme, stored.bytes, out).ok());
  CHECK(std::equal(out.begin(), out.end(), chunk.begin(), chunk.end()));
}

Bytes stored_words(std::size_t size) {
  const Bytes raw = words(1, size);
  ChunkCompressor compressor;
  const ByteView stored = compressor.compress(raw, CompressionScheme::kLz4).bytes;
  return Bytes(stored.begin(), stored.end());
}

// Both ways to decompress agree.
StatusCode code_of(ByteView stored, std::size_t raw_size) {
  const StatusCode code =
      decompress_chunk(CompressionScheme::kLz4, stored, raw_size).status().code();
  Bytes out(raw_size);
  CHECK(ChunkDecompressor().decompress(CompressionScheme::kLz4, stored, out).code() == code);
  return code;
}

// A frame as other writers make it.
Bytes frame(ByteView raw, const LZ4F_preferences_t& preferences) {
  Bytes out(LZ4F_compressFrameBound(raw.size(), &preferences));
  out.resize(LZ4F_compressFrame(out.data(), out.size(), raw.data(), raw.size(), &preferences));
  return out;
}

}  // namespace

TEST_CASE("chunks of every size and kind come back, by each scheme") {
  ChunkCompressor compressor;
  std::vector<std::size_t> sizes = {65535, 65536, 65537, kMaxChunkSize - 1, kMaxChunkSize};
  for (std::size_t size = 1; size < 80; ++size) sizes.push_back(size);
  for (const std::size_t size : {255u, 256u, 300u, 8191u, 8192u, 8193u}) sizes.push_back(size);
  for (const std::size_t size : sizes)
    for (const Bytes& chunk : samples(size))
      for (const CompressionScheme scheme : kSchemes) check_round_trip(compressor, chunk, scheme);
}

TEST_CASE("what does not shrink is stored as it is") {
  ChunkCompressor compressor;
  const Bytes chunk = random_bytes(1, 50'000);
  for (const CompressionScheme scheme : kSchemes)
    CHECK(compressor.compress(chunk, scheme).scheme == CompressionScheme::kNone);
}

TEST_CASE("grouping is chosen for numbers only") {
  CHECK(choose_compression(bf16_weights(1, 65536)) == CompressionScheme::kByteGroupedLz4);
  CHECK(choose_compression(random_bytes(1, 65536)) == CompressionScheme::kLz4);
  CHECK(choose_compression(words(1, 65536)) == CompressionScheme::kLz4);
  CHECK(choose_compression(Bytes(65536)) == CompressionScheme::kLz4);
  CHECK(choose_compression({}) == CompressionScheme::kLz4);
  CHECK(choose_compression(random_bytes(1, 3)) == CompressionScheme::kLz4);
}

TEST_CASE("a byte place that lacks some count of bits is no reason for grouping") {
  Bytes chunk(65536);
  for (std::size_t i = 0; i < chunk.size(); ++i)
    chunk[i] = i % 4 == 0 ? std::byte{0x01} : std::byte{0x7f};
  CHECK(choose_compression(chunk) == CompressionScheme::kLz4);
  for (std::size_t i = 0; i < 9; ++i)  // each count once in one place
    chunk[4 * i] = static_cast<std::byte>((1 << i) - 1);
  CHECK(choose_compression(chunk) == CompressionScheme::kByteGroupedLz4);
}

TEST_CASE("a chunk of zeros takes what hf_xet 1.8.0 stored for it") {
  ChunkCompressor compressor;
  CHECK(compressor.stored_size(Bytes(kMaxChunkSize), CompressionScheme::kLz4) == 540);
}

TEST_CASE("damaged chunks are refused") {
  const std::size_t size = 40'000;
  const Bytes stored = stored_words(size);
  REQUIRE(code_of(stored, size) == StatusCode::kOk);

  CHECK(code_of(stored, size - 1) == StatusCode::kDataLoss);
  CHECK(code_of(stored, size + 1) == StatusCode::kDataLoss);
  CHECK(code_of(stored, 0) == StatusCode::kInvalidArgument);
  CHECK(code_of(stored, kMaxChunkSize + 1) == StatusCode::kInvalidArgument);
  CHECK(code_of({}, size) == StatusCode::kDataLoss);
  for (std::size_t cut = 1; cut < stored.size(); cut += 997)
    CHECK(code_of(ByteView(stored).first(cut), size) == StatusCode::kDataLoss);

  Bytes longer = stored;
  longer.push_back(std::byte{0});
  CHECK(code_of(longer, size) == StatusCode::kDataLoss);
  Bytes twice = stored;
  append_bytes(twice, stored);
  CHECK(code_of(twice, size) == StatusCode::kDataLoss);
}

TEST_CASE("frames with other blocks and checksums are read") {
  const Bytes raw = words(1, kMaxChunkSize);
  LZ4F_preferences_t preferences{};
  preferences.frameInfo.blockSizeID = LZ4F_max64KB;
  for (const auto mode : {LZ4F_blockLinked, LZ4F_blockIndependent})
    for (const auto checksum : {LZ4F_noContentChecksum, LZ4F_contentChecksumEnabled}) {
      preferences.frameInfo.blockMode = mode;
      preferences.frameInfo.contentChecksumFlag = checksum;
      preferences.frameInfo.blockChecksumFlag =
          checksum == LZ4F_noContentChecksum ? LZ4F_noBlockChecksum : LZ4F_blockChecksumEnabled;
      preferences.frameInfo.contentSize = checksum == LZ4F_noContentChecksum ? 0 : raw.size();
      CHECK(code_of(frame(raw, preferences), raw.size()) == StatusCode::kOk);
      CHECK(code_of(frame(raw, preferences), raw.size() - 1) == StatusCode::kDataLoss);
      CHECK(code_of(frame(random_bytes(1, 90'000), preferences), 90'000) == StatusCode::kOk);
    }
}

TEST_CASE("a raw chunk has the size that it states, and schemes are known ones") {
  const Bytes raw(100);
  CHECK(decompress_chunk(CompressionScheme::kNone, raw, 100).ok());
  CHECK(decompress_chunk(CompressionScheme::kNone, raw, 99).status().code() ==
        StatusCode::kDataLoss);
  CHECK(decompress_chunk(CompressionScheme{3}, raw, 100).status().code() ==
        StatusCode::kInvalidArgument);
}
