#include <doctest/doctest.h>

#include "tests/support/hitting.h"
#include "tests/support/random.h"
#include "tests/support/segments.h"
#include <hubdist/core/manifest.h>

using namespace hubdist;
using hubdist::testing::Random;
using hubdist::testing::random_bytes;
using hubdist::testing::write_boundary;

namespace {

std::vector<Chunk> joined(ByteView content, std::size_t segment, std::size_t piece = 100'000) {
  return testing::chunks_by_segments(
      content, [&] { return segment; }, piece, [](bool holds) { CHECK(holds); });
}

Bytes periodic(std::uint64_t seed, std::size_t period, std::size_t size) {
  const Bytes one = random_bytes(seed, period);
  Bytes content(size);
  for (std::size_t i = 0; i < size; ++i) content[i] = one[i % period];
  return content;
}

// Zeros with boundaries at random places, many of them too near for a chunk.
Bytes hitting(std::uint64_t seed, std::size_t size) {
  Random random(seed);
  Bytes content(size);
  for (std::size_t end = 64 + random.index(20'000); end <= size; end += 64 + random.index(20'000))
    write_boundary(content, end, random.next());
  return content;
}

std::vector<Bytes> contents() {
  std::vector<Bytes> all;
  all.push_back(random_bytes(41, 2'500'000));
  all.push_back(Bytes(2'000'000));
  all.push_back(Bytes(1'500'000, std::byte{59}));
  for (const std::size_t period : {std::size_t{2}, std::size_t{7001}, std::size_t{70'000}})
    all.push_back(periodic(42 + period, period, 1'500'000));
  all.push_back(hitting(43, 1'500'000));
  Bytes mixed = random_bytes(44, 500'000);
  mixed.resize(1'200'000);
  append_bytes(mixed, hitting(45, 700'000));
  append_bytes(mixed, periodic(46, 333, 400'000));
  append_bytes(mixed, random_bytes(47, 300'000));
  all.push_back(std::move(mixed));
  return all;
}

}  // namespace

TEST_CASE("segments give the chunks of the whole, whatever the content and their lengths") {
  for (const Bytes& content : contents()) {
    const std::vector<Chunk> whole = make_manifest(content).chunks;
    for (const std::size_t segment :
         {std::size_t{1000}, std::size_t{8191}, std::size_t{8192}, std::size_t{100'000},
          std::size_t{131'071}, std::size_t{131'072}, std::size_t{131'073}, std::size_t{400'000},
          std::size_t{1'000'000}, content.size()}) {
      CAPTURE(segment);
      CHECK(joined(content, segment) == whole);
    }
    Random random(content.size());
    for (int round = 0; round < 5; ++round) {
      const auto chunks = testing::chunks_by_segments(
          content, [&] { return 1 + random.index(1 + random.index(500'000)); },
          1 + random.index(200'000), [](bool holds) { CHECK(holds); });
      CHECK(chunks == whole);
    }
  }
}

TEST_CASE("segments that end at a boundary, before it or behind it") {
  const Bytes content = random_bytes(48, 1'000'000);
  const std::vector<Chunk> whole = make_manifest(content).chunks;
  const auto ends = chunk_ends(content);
  for (const std::size_t around : {std::size_t{0}, std::size_t{1}, std::size_t{2}}) {
    const auto at = static_cast<std::size_t>(ends[3]) + around - 1;
    CHECK(joined(content, at) == whole);
  }
}

TEST_CASE("where no boundary is common, all is cut again by the joiner") {
  // 128 KiB after 128 KiB of zeros, the grid of each segment at another place.
  const Bytes content(1'300'000);
  CHECK(joined(content, 300'001) == make_manifest(content).chunks);
}

TEST_CASE("a joiner that finished begins anew, and an empty content has no chunks") {
  const Bytes content = random_bytes(49, 300'000);
  SegmentJoiner joiner;
  CHECK(joiner.finish().bridge_chunks.empty());
  for (int round = 0; round < 2; ++round) {
    SegmentCutter cutter;
    cutter.extend(content);
    std::vector<Chunk> chunks = joiner.add(content, cutter).chunks;
    const auto last = joiner.finish();
    chunks.insert(chunks.end(), last.bridge_chunks.begin(), last.bridge_chunks.end());
    CHECK(chunks == make_manifest(content).chunks);
  }
}
