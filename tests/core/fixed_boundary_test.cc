#include <algorithm>
#include <optional>

#include <doctest/doctest.h>

#include "tests/support/hitting.h"
#include "tests/support/random.h"
#include <hubdist/core/fixed_boundary.h>

using namespace hubdist;
using hubdist::testing::Random;
using hubdist::testing::random_bytes;
using hubdist::testing::write_boundary;

namespace {

std::optional<std::uint64_t> find_from(ByteView content, std::size_t begin, std::size_t piece) {
  FixedBoundaryFinder finder;
  bool found = false;
  testing::feed(content.subspan(begin), piece,
                [&](ByteView part) { found = found || finder.update(part); });
  if (!found) return std::nullopt;
  return begin + finder.position();
}

// Zeros with boundaries of the hash at distances around those that decide.
Bytes with_distances(std::uint64_t seed, std::size_t size) {
  constexpr std::size_t kDistances[] = {64,      8191,    8192,    8193,   16383,
                                        16384,   16385,   57'000,  90'000, 122'879,
                                        122'880, 122'881, 131'071, 131'072};
  Random random(seed);
  Bytes content(size);
  for (std::size_t end = 64; end <= size; end += kDistances[random.index(std::size(kDistances))])
    write_boundary(content, end, random.next());
  return content;
}

void check_found_is_a_boundary(const Bytes& content, std::uint64_t seed, bool must_find) {
  const auto ends = chunk_ends(content);
  Random random(seed);
  for (int round = 0; round < 40; ++round) {
    const std::size_t begin = random.index(content.size());
    const auto found = find_from(content, begin, 1 + random.index(50'000));
    if (must_find && begin < content.size() / 2) REQUIRE(found);
    if (!found) continue;
    CAPTURE(begin);
    CHECK(std::binary_search(ends.begin(), ends.end(), *found));
  }
}

}  // namespace

TEST_CASE("what is found from anywhere is a boundary of the whole") {
  for (std::uint64_t seed = 60; seed < 63; ++seed)
    check_found_is_a_boundary(random_bytes(seed, 4'000'000), seed, true);
  for (std::uint64_t seed = 63; seed < 83; ++seed)
    check_found_is_a_boundary(with_distances(seed, 2'000'000), seed, false);
}

TEST_CASE("a run of one byte has no fixed boundary") {
  CHECK_FALSE(find_from(Bytes(1'000'000), 12'345, 100'000));
}

TEST_CASE("the end of a content is none") {
  const Bytes content = random_bytes(64, 300'000);
  const auto ends = chunk_ends(content);
  CHECK_FALSE(find_from(ByteView(content).first(static_cast<std::size_t>(ends[1]) - 1), 0, 7000));
}
