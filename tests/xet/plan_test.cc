#include <doctest/doctest.h>

#include "xet/internal/fetch_plan.h"

namespace hubdist::internal {
namespace {

XorbHash xorb(int n) {
  XorbHash hash;
  hash.bytes[0] = static_cast<std::byte>(n);
  return hash;
}

// Chunks of 100 bytes, 110 in the xorb.
FetchRange range(std::uint32_t begin, std::uint32_t end) {
  return {{begin, end}, {begin * 110, end * 110}};
}
Term term(int x, std::uint32_t begin, std::uint32_t end) {
  return {xorb(x), {begin, end}, (end - begin) * 100};
}

TEST_CASE("A plan keeps the order of terms and where they belong") {
  FetchPlan plan;
  Reconstruction answer;
  answer.terms = {term(1, 0, 3), term(2, 5, 6), term(1, 2, 4)};
  answer.xorbs[xorb(1)] = {{"one", {range(0, 4)}}};
  answer.xorbs[xorb(2)] = {{"two", {range(5, 6)}}};
  const auto end = plan.add(0, 600, {0, 600}, answer);
  REQUIRE(end.ok());
  CHECK(*end == 600);
  CHECK(plan.bytes() == 5 * 110);
  const auto first = plan.take();
  CHECK(first->xorb == xorb(1));
  CHECK(first->url == "one");
  REQUIRE(first->targets.size() == 2);
  CHECK(first->targets[0].place == ByteRange{0, 300});
  CHECK(first->targets[1].place == ByteRange{400, 600});
  CHECK(first->targets[1].chunks == ChunkRange{2, 4});
  CHECK(plan.take()->xorb == xorb(2));
  CHECK(plan.empty());
  CHECK(plan.bytes() == 0);
}

TEST_CASE("What a waiting unit has is not read again, nor what a larger one brings") {
  FetchPlan plan;
  const auto add = [&](std::size_t file, std::uint32_t begin, std::uint32_t end) {
    Reconstruction answer;
    answer.terms = {term(1, begin, end)};
    answer.xorbs[xorb(1)] = {{concat("url ", file), {range(begin, end)}}};
    REQUIRE(plan.add(file, (end - begin) * 100, {0, (end - begin) * 100}, answer).ok());
  };
  add(0, 2, 4);
  add(1, 6, 8);
  add(2, 3, 4);
  CHECK(plan.bytes() == 4 * 110);
  SUBCASE("a larger one") {
    add(3, 0, 10);
    CHECK(plan.bytes() == 10 * 110);
    const auto unit = plan.take();
    CHECK(unit->url == "url 3");
    CHECK(unit->targets.size() == 4);
    CHECK(plan.empty());
  }
  SUBCASE("one that overlaps is read by itself: no URL is signed for both") {
    add(3, 3, 6);
    CHECK(plan.bytes() == 7 * 110);
  }
  SUBCASE("what is being read is out of reach") {
    plan.take();
    add(3, 2, 4);
    CHECK(plan.bytes() == 4 * 110);
  }
}

TEST_CASE("A plan refuses answers that are not of the file") {
  FetchPlan plan;
  Reconstruction answer;
  answer.terms = {term(1, 0, 3)};
  answer.xorbs[xorb(1)] = {{"url", {range(0, 3)}}};
  CHECK(plan.add(0, 299, {0, 299}, answer).status().code() == StatusCode::kDataLoss);
  answer.offset_into_first_range = 50;
  CHECK(plan.add(0, 900, {0, 900}, answer).status().code() == StatusCode::kDataLoss);
  // Inside the file a chunk may begin before what was asked for.
  CHECK(*plan.add(0, 900, {150, 250}, answer) == 400);
  CHECK(plan.add(0, 900, {0, 900}, {}).status().code() == StatusCode::kDataLoss);
}

}  // namespace
}  // namespace hubdist::internal
