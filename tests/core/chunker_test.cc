#include <doctest/doctest.h>

#include "src/core/internal/gear.h"
#include "tests/core/vectors.h"
#include "tests/support/hitting.h"
#include "tests/support/random.h"
#include <hubdist/core/chunker.h>
#include <hubdist/core/manifest.h>

using namespace hubdist;
using hubdist::testing::feed;
using hubdist::testing::random_bytes;
using hubdist::testing::Vectors;
using simdjson::dom::array;
using simdjson::dom::element;

namespace {

Bytes repeated(unsigned char value, std::size_t count) { return Bytes(count, std::byte{value}); }

std::vector<std::uint64_t> ends_of(element row) {
  std::vector<std::uint64_t> ends;
  for (const element end : array(row["ends"])) ends.push_back(std::uint64_t(end));
  return ends;
}

std::vector<std::uint64_t> ends_in_pieces(ByteView content, std::size_t piece) {
  std::vector<std::uint64_t> ends;
  Chunker chunker;
  feed(content, piece, [&](ByteView part) { chunker.update(part, ends); });
  chunker.finish(ends);
  return ends;
}

std::vector<std::uint64_t> sizes_of(const std::vector<std::uint64_t>& ends) {
  std::vector<std::uint64_t> sizes;
  std::uint64_t begin = 0;
  for (const std::uint64_t end : ends) {
    sizes.push_back(end - begin);
    begin = end;
  }
  return sizes;
}

// The specification's pseudocode: every byte is hashed, nothing is skipped.
std::vector<std::uint64_t> ends_by_specification(ByteView content) {
  std::vector<std::uint64_t> ends;
  std::uint64_t hash = 0;
  std::size_t begin = 0;
  for (std::size_t i = 0; i < content.size(); ++i) {
    hash = internal::gear_roll(content.subspan(i, 1), hash);
    const std::size_t size = i + 1 - begin;
    if (size < kMinChunkSize) continue;
    if (size < kMaxChunkSize && (hash & 0xFFFF000000000000) != 0) continue;
    ends.push_back(i + 1);
    begin = i + 1;
    hash = 0;
  }
  if (begin < content.size()) ends.push_back(content.size());
  return ends;
}

// Zeros, which have no boundary, but for 64 bytes whose hash has one right behind `size` bytes.
Bytes with_boundary_after(std::size_t size, std::uint64_t seed) {
  Bytes content(size + 20'000);
  testing::write_boundary(content, size, seed);
  return content;
}

constexpr std::size_t kPieces[] = {1, 37, 255, 8191, 65536};

}  // namespace

TEST_CASE("chunks end where the reference implementation ends them") {
  const Vectors vectors("xet.json");
  const array rows = vectors.root()["chunker"];
  const Bytes random = random_bytes(0, 1'000'000);
  CHECK(random[127] == std::byte{132});
  CHECK(random[111'111] == std::byte{118});
  CHECK(chunk_ends(random) == ends_of(rows.at(0)));
  CHECK(chunk_ends(repeated(59, 1'000'000)) == ends_of(rows.at(1)));
}

TEST_CASE("how a content comes in pieces does not matter") {
  const Bytes content = random_bytes(11, 1'500'000);
  const auto whole = chunk_ends(content);
  for (const std::size_t piece : kPieces) CHECK(ends_in_pieces(content, piece) == whole);
}

TEST_CASE("sizes around the limits are one chunk or two") {
  const auto sizes = [](std::size_t size) { return sizes_of(chunk_ends(repeated(59, size))); };
  using Sizes = std::vector<std::uint64_t>;
  CHECK(chunk_ends({}).empty());
  constexpr std::size_t kOneChunk[] = {1, 64, 8127, 8128, 8191, 8192, 8193, 131'071, 131'072};
  for (const std::size_t size : kOneChunk) CHECK(sizes(size) == Sizes{size});
  CHECK(sizes(131'073) == Sizes{131'072, 1});
}

TEST_CASE("a boundary of the hash counts from the smallest size on, not before") {
  // The outermost byte of the window decides one bit, so several windows are needed to see it.
  for (const std::size_t size : {kMinChunkSize - 2, kMinChunkSize - 1, kMinChunkSize,
                                 kMinChunkSize + 1, kMaxChunkSize - 1, kMaxChunkSize}) {
    for (std::uint64_t seed = 0; seed < 6; ++seed) {
      const Bytes content = with_boundary_after(size, seed);
      const auto expected = ends_by_specification(content);
      CAPTURE(size);
      CAPTURE(expected.front());
      CHECK((expected.front() == size) == (size >= kMinChunkSize));
      CHECK(chunk_ends(content) == expected);
      CHECK(ends_in_pieces(content, 37) == expected);
    }
  }
}

TEST_CASE("every kernel cuts alike, whatever comes and in whatever pieces") {
  std::vector<Bytes> contents = {random_bytes(12, 700'000), repeated(0, 300'000),
                                 repeated(59, 300'000)};
  for (const std::size_t size :
       {kMinChunkSize, kMinChunkSize + 1, kMaxChunkSize - 1, kMaxChunkSize})
    contents.push_back(with_boundary_after(size, size));
  for (const Bytes& content : contents) {
    const auto expected = ends_by_specification(content);
    for (const internal::GearKernel& kernel : internal::gear_kernels()) {
      internal::use_gear_kernel(kernel);
      CAPTURE(kernel.name);
      CHECK(chunk_ends(content) == expected);
      for (const std::size_t piece : kPieces) CHECK(ends_in_pieces(content, piece) == expected);
    }
  }
  internal::use_gear_kernel(internal::gear_kernels().back());
}

TEST_CASE("skipping changes nothing: random contents are cut as the specification words it") {
  for (std::uint64_t seed = 100; seed < 104; ++seed) {
    const Bytes content = random_bytes(seed, 600'000);
    CHECK(chunk_ends(content) == ends_by_specification(content));
  }
}

TEST_CASE("every chunk but the last keeps the limits, and all cover the content") {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const Bytes content = random_bytes(seed, 700'000 + static_cast<std::size_t>(seed));
    const auto ends = chunk_ends(content);
    REQUIRE(ends.back() == content.size());
    auto sizes = sizes_of(ends);
    sizes.pop_back();
    for (const std::uint64_t size : sizes) {
      CHECK(size >= kMinChunkSize);
      CHECK(size <= kMaxChunkSize);
    }
  }
}

TEST_CASE("an insertion moves only the chunks around it") {
  Bytes content = random_bytes(4, 2'000'000);
  const Manifest before = make_manifest(content);
  content.insert(content.begin() + 900'000, std::byte{1});
  const Manifest after = make_manifest(content);
  std::size_t shared = 0;
  for (const Chunk& chunk : after.chunks)
    shared += std::count(before.chunks.begin(), before.chunks.end(), chunk) > 0;
  CHECK(shared + 3 >= after.chunks.size());
}

TEST_CASE("a chunker that finished begins anew") {
  const Bytes content = random_bytes(6, 300'000);
  Chunker chunker;
  std::vector<std::uint64_t> first, second;
  chunker.update(content, first);
  chunker.finish(first);
  chunker.update(content, second);
  chunker.finish(second);
  CHECK(first == second);
}
