#include <doctest/doctest.h>

#include "tests/support/random.h"
#include "tests/support/temp_dir.h"
#include <hubdist/io/chunk_stream.h>

using namespace hubdist;
using hubdist::testing::random_bytes;
using hubdist::testing::TempDir;

TEST_CASE("a file's manifest is that of its bytes") {
  const TempDir dir;
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{20'000'000}}) {
    const Bytes content = random_bytes(1, size);
    REQUIRE(write_file_atomic(posix_file_system(), dir / "a", content).ok());
    const auto manifest = chunk_file(posix_file_system(), dir / "a");
    REQUIRE(manifest.ok());
    CHECK(*manifest == make_manifest(content));
  }
}
