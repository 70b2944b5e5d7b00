#include <limits>
#include <vector>

#include <doctest/doctest.h>

#include "tests/support/random.h"
#include <hubdist/core/range_set.h>

using namespace hubdist;
using hubdist::testing::Random;

namespace {

constexpr std::uint64_t kWorld = 120;

// The same set as one flag for each offset.
using Model = std::vector<bool>;

void put(Model& model, ByteRange range, bool value) {
  for (std::uint64_t i = range.begin; i < range.end; ++i) model[i] = value;
}

std::vector<ByteRange> runs(const Model& model, ByteRange within, bool value) {
  std::vector<ByteRange> out;
  for (std::uint64_t i = within.begin; i < within.end; ++i) {
    if (model[i] != value) continue;
    if (out.empty() || out.back().end != i) out.push_back({i, i});
    out.back().end = i + 1;
  }
  return out;
}

ByteRange random_range(Random& random) {
  const std::uint64_t begin = random.below(kWorld + 1);
  return {begin, begin + random.below(std::min<std::uint64_t>(kWorld - begin, 20) + 1)};
}

void check_equal(const RangeSet& set, const Model& model, Random& random) {
  const auto expected = runs(model, {0, kWorld}, true);
  REQUIRE(set.ranges() == expected);
  std::uint64_t size = 0;
  for (const ByteRange& range : expected) size += range.size();
  REQUIRE(set.size() == size);
  REQUIRE(set.empty() == expected.empty());

  const ByteRange probe = random_range(random);
  const auto missing = runs(model, probe, false);
  REQUIRE(set.gaps(probe) == missing);
  REQUIRE(set.contains(probe) == missing.empty());
  REQUIRE(set.intersects(probe) == !runs(model, probe, true).empty());
  std::uint64_t end = probe.begin;
  while (end < kWorld && model[end]) ++end;
  REQUIRE(set.contiguous_end(probe.begin) == end);
}

}  // namespace

TEST_CASE("a set of ranges is what one flag for each offset would be") {
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    Random random(seed);
    RangeSet set;
    Model model(kWorld, false);
    for (int step = 0; step < 150; ++step) {
      const ByteRange range = random_range(random);
      const bool add = !random.chance(3);
      if (add)
        set.add(range);
      else
        set.remove(range);
      put(model, range, add);
      check_equal(set, model, random);
    }
  }
}

TEST_CASE("whole sets are added and removed") {
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    Random random(seed);
    RangeSet a, b;
    Model in_a(kWorld, false), in_b(kWorld, false);
    for (int i = 0; i < 6; ++i) {
      const ByteRange for_a = random_range(random), for_b = random_range(random);
      a.add(for_a);
      b.add(for_b);
      put(in_a, for_a, true);
      put(in_b, for_b, true);
    }
    RangeSet sum = a, rest = a;
    sum.add(b);
    rest.remove(b);
    Model in_sum = in_a, in_rest = in_a;
    for (std::uint64_t i = 0; i < kWorld; ++i) {
      in_sum[i] = in_a[i] || in_b[i];
      in_rest[i] = in_a[i] && !in_b[i];
    }
    check_equal(sum, in_sum, random);
    check_equal(rest, in_rest, random);
    a.add(a);
    check_equal(a, in_a, random);
    a.remove(a);
    CHECK(a.empty());
    CHECK(a.size() == 0);
  }
}

TEST_CASE("ranges that touch become one") {
  RangeSet set(ByteRange{10, 20});
  set.add({30, 40});
  set.add({20, 30});
  CHECK(set.ranges() == std::vector<ByteRange>{{10, 40}});
  CHECK(set == RangeSet(ByteRange{10, 40}));
}

TEST_CASE("empty and reversed ranges change nothing and are always contained") {
  RangeSet set;
  set.add({5, 5});
  set.add({9, 3});
  CHECK(set.empty());
  CHECK(set.contains({7, 7}));
  CHECK_FALSE(set.intersects({0, 0}));
  CHECK(set.gaps({4, 4}).empty());
  set.add({0, 10});
  set.remove({7, 2});
  CHECK(set.size() == 10);
  CHECK_FALSE(set.intersects({5, 5}));
}

TEST_CASE("the largest offsets do not overflow") {
  constexpr std::uint64_t kEnd = std::numeric_limits<std::uint64_t>::max();
  RangeSet set(ByteRange{0, kEnd});
  CHECK(set.size() == kEnd);
  set.remove({1, kEnd - 1});
  CHECK(set.size() == 2);
  CHECK(set.gaps({0, kEnd}) == std::vector<ByteRange>{{1, kEnd - 1}});
}
