#include <doctest/doctest.h>

#include "tests/core/vectors.h"
#include "tests/support/random.h"
#include <hubdist/core/manifest.h>

using namespace hubdist;
using hubdist::testing::feed;
using hubdist::testing::random_bytes;
using hubdist::testing::text;
using hubdist::testing::Vectors;
using simdjson::dom::array;
using simdjson::dom::element;

namespace {

Bytes input_of(element row) {
  const auto size = static_cast<std::size_t>(std::uint64_t(row["size"]));
  if (text(row["input"]) == "random") return random_bytes(std::uint64_t(row["seed"]), size);
  Bytes content(size);
  if (text(row["input"]) == "zeros") return content;
  constexpr std::string_view kLine =
      "the quick brown fox jumps over the lazy dog, again and again\n";
  for (std::size_t i = 0; i < size; ++i)
    content[i] = static_cast<std::byte>(kLine[i % kLine.size()]);
  return content;
}

}  // namespace

TEST_CASE("file hashes are those of hf_xet, however the content comes in pieces") {
  const Vectors vectors("xet_files.json");
  for (const element row : array(vectors.root())) {
    CAPTURE(simdjson::to_string(row));
    const Bytes content = input_of(row);
    const Manifest manifest = make_manifest(content);
    CHECK(xet_hex(manifest.file_hash) == text(row["file"]));
    CHECK(manifest.size() == content.size());
    for (const std::size_t piece : {std::size_t{37}, std::size_t{255}, std::size_t{65536}}) {
      ManifestBuilder builder;
      XetHasher hasher;
      feed(content, piece, [&](ByteView part) {
        builder.update(part);
        hasher.update(part);
      });
      CHECK(builder.finish() == manifest);
      CHECK(hasher.finish() == manifest.file_hash);
    }
  }
}

TEST_CASE("byte by byte gives the same chunks") {
  const Bytes content = random_bytes(8, 400'000);
  ManifestBuilder builder;
  feed(content, 1, [&](ByteView part) { builder.update(part); });
  CHECK(builder.finish() == make_manifest(content));
}

TEST_CASE("a builder and a hasher that finished begin anew") {
  const Bytes content = random_bytes(8, 400'000);
  ManifestBuilder builder;
  XetHasher hasher;
  for (int round = 0; round < 2; ++round) {
    feed(content, 10'000, [&](ByteView part) {
      builder.update(part);
      hasher.update(part);
    });
    CHECK(builder.finish() == make_manifest(content));
    CHECK(hasher.finish() == make_manifest(content).file_hash);
  }
}

TEST_CASE("a manifest is believed only for the file that it is of") {
  const Bytes content = random_bytes(12, 900'000);
  const Manifest good = make_manifest(content);
  REQUIRE(good.chunks.size() > 3);
  CHECK(check_manifest(good, good.file_hash, content.size()).ok());
  CHECK(check_manifest({}, {}, 0).ok());

  const auto code = [&](auto&& change) {
    Manifest bad = good;
    change(bad);
    return check_manifest(bad, good.file_hash, content.size()).code();
  };
  CHECK(check_manifest(good, XetHash{}, content.size()).code() == StatusCode::kDataLoss);
  CHECK(check_manifest(good, good.file_hash, content.size() + 1).code() == StatusCode::kDataLoss);
  CHECK(code([](Manifest& m) { m.file_hash = {}; }) == StatusCode::kDataLoss);
  CHECK(code([](Manifest& m) { std::swap(m.chunks[0], m.chunks[1]); }) == StatusCode::kDataLoss);
  CHECK(code([](Manifest& m) { m.chunks[1].hash.bytes[0] ^= std::byte{1}; }) ==
        StatusCode::kDataLoss);
  CHECK(code([](Manifest& m) {
          --m.chunks[0].size;
          ++m.chunks[1].size;
        }) == StatusCode::kDataLoss);
  CHECK(code([](Manifest& m) { m.chunks.pop_back(); }) == StatusCode::kDataLoss);
  CHECK(code([](Manifest& m) { m.chunks.push_back({}); }) == StatusCode::kInvalidArgument);
  CHECK(code([](Manifest& m) { m.chunks[0].size = kMaxChunkSize + 1; }) ==
        StatusCode::kInvalidArgument);
}
