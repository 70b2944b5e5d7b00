#include <cerrno>
#include <string>

#include <doctest/doctest.h>

#include "tests/support/random.h"
#include "tests/support/temp_dir.h"
#include <hubdist/core/hash.h>
#include <hubdist/core/manifest.h>
#include <hubdist/io/hash_file.h>

using namespace hubdist;
using hubdist::testing::random_bytes;
using hubdist::testing::TempDir;

TEST_CASE("a file's digests are those of its bytes") {
  const TempDir dir;
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{20'000'000}}) {
    const Bytes content = random_bytes(1, size);
    REQUIRE(write_file_atomic(posix_file_system(), dir / "a", content).ok());
    const auto identity = hash_file(posix_file_system(), dir / "a");
    REQUIRE(identity.ok());
    CHECK(identity->sha256 == sha256(content));
    CHECK(identity->git_sha1 == git_sha1(content));
    CHECK(identity->xet == make_manifest(content).file_hash);
    CHECK(!identity->md5);
  }
}

TEST_CASE("what is no file is refused by name") {
  const TempDir dir;
  const Status missing = hash_file(posix_file_system(), dir / "missing").status();
  CHECK(missing.code() == StatusCode::kNotFound);
  const Status folder = hash_file(posix_file_system(), dir / ".").status();
  CHECK(folder.code() == StatusCode::kInvalidArgument);
  CHECK(detail(folder, Detail::kErrno) == std::to_string(EISDIR));
  const Status device = hash_file(posix_file_system(), "/dev/zero").status();
  CHECK(device.code() == StatusCode::kInvalidArgument);
  CHECK(message(device).find("/dev/zero") != std::string_view::npos);
}

TEST_CASE("hashing a file stops when asked") {
  const TempDir dir;
  REQUIRE(write_file_atomic(posix_file_system(), dir / "a", Bytes(1)).ok());
  std::stop_source stop;
  stop.request_stop();
  const Status status = hash_file(posix_file_system(), dir / "a", {}, stop.get_token()).status();
  CHECK(status.code() == StatusCode::kCancelled);
}
