#include <doctest/doctest.h>

#include "tests/support/random.h"
#include <hubdist/io/chunk_memory.h>

using namespace hubdist;
using hubdist::testing::random_bytes;

TEST_CASE("a content in memory has one manifest on any number of threads") {
  Bytes mixed = random_bytes(1, 40'000'000);
  // A run without any boundary that the parts could agree on.
  std::fill(mixed.begin() + 9'000'000, mixed.begin() + 30'000'000, std::byte{0});
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{8 * kMiB},
                                 std::size_t{8 * kMiB + 1}, mixed.size()}) {
    const ByteView content = ByteView(mixed).first(size);
    const Manifest expected = make_manifest(content);
    for (const std::size_t threads : {0u, 1u, 2u, 3u, 100u}) {
      const auto manifest = chunk_memory(content, {threads});
      REQUIRE(manifest.ok());
      CHECK(*manifest == expected);
    }
  }
}

TEST_CASE("chunking a content in memory stops when asked") {
  const Bytes content = random_bytes(1, 20'000'000);
  std::stop_source stop;
  stop.request_stop();
  for (const std::size_t threads : {1u, 2u})
    CHECK(chunk_memory(content, {threads}, stop.get_token()).status().code() ==
          StatusCode::kCancelled);
}
