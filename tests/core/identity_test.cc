#include <doctest/doctest.h>

#include "tests/support/random.h"
#include <hubdist/core/hash.h>
#include <hubdist/core/identity.h>
#include <hubdist/core/manifest.h>

using namespace hubdist;
using hubdist::testing::feed;
using hubdist::testing::random_bytes;

namespace {

Md5 md5(ByteView content) {
  Md5Hasher hasher;
  hasher.update(content);
  return hasher.finish();
}

// Every digest of one content, each alone.
std::vector<Identity> identities_of(ByteView content) {
  std::vector<Identity> all(4);
  all[0].sha256 = sha256(content);
  all[1].git_sha1 = git_sha1(content);
  all[2].md5 = md5(content);
  all[3].xet = make_manifest(content).file_hash;
  return all;
}

Status verify(const Identity& identity, ByteView content, std::size_t piece = 4096) {
  IdentityHasher hasher(identity, content.size());
  feed(content, piece, [&](ByteView part) { hasher.update(part); });
  return hasher.finish();
}

}  // namespace

TEST_CASE("each kind of digest proves its content, however the bytes come") {
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{300'000}}) {
    const Bytes content = random_bytes(size, size);
    for (const Identity& identity : identities_of(content)) {
      CAPTURE(identity.name());
      CHECK(identity.provable());
      CHECK(IdentityHasher(identity, size).proves());
      for (const std::size_t piece : {std::size_t{1}, std::size_t{37}, std::size_t{65536}})
        CHECK(verify(identity, content, piece).ok());
    }
  }
}

TEST_CASE("one wrong bit is found by each kind of digest, and both digests are named") {
  Bytes content = random_bytes(1, 200'000);
  const auto identities = identities_of(content);
  content[123'456] ^= std::byte{1};
  for (const Identity& identity : identities) {
    const Status status = verify(identity, content);
    CHECK(status.code() == StatusCode::kDataLoss);
    CHECK(message(status).find(identity.name()) != std::string_view::npos);
    CHECK(message(status).find("found") != std::string_view::npos);
  }
}

TEST_CASE("too few or too many bytes are found, and counted in the message") {
  const Bytes content = random_bytes(1, 100'000);
  const Bytes longer = random_bytes(1, 100'001);
  for (const Identity& identity : identities_of(content)) {
    for (const ByteView wrong : {ByteView(content).first(99'999), ByteView(longer)}) {
      IdentityHasher hasher(identity, content.size());
      hasher.update(wrong);
      const Status status = hasher.finish();
      CHECK(status.code() == StatusCode::kDataLoss);
      CHECK(message(status).find(concat("after ", wrong.size(), " bytes instead of 100000")) !=
            std::string_view::npos);
    }
  }
}

TEST_CASE("the strongest digest decides, a Xet hash only when nothing else is stated") {
  const Bytes content = random_bytes(2, 5000);
  Identity identity;
  identity.sha256 = sha256(content);
  identity.git_sha1 = Sha1{};
  identity.md5 = Md5{};
  identity.xet = XetHash{};
  CHECK(verify(identity, content).ok());
  identity.sha256.reset();
  identity.git_sha1 = git_sha1(content);
  CHECK(verify(identity, content).ok());
  identity.git_sha1.reset();
  identity.md5 = md5(content);
  CHECK(verify(identity, content).ok());
  identity.md5.reset();
  CHECK_FALSE(verify(identity, content).ok());
}

TEST_CASE("without a digest nothing is proved and nothing fails") {
  const Identity none;
  CHECK_FALSE(none.provable());
  CHECK(none.name().empty());
  IdentityHasher hasher(none, 10);
  CHECK_FALSE(hasher.proves());
  hasher.update(as_bytes("abc"));
  CHECK(hasher.finish().ok());
}

TEST_CASE("a digest as a user writes it goes both ways") {
  const Bytes content = random_bytes(3, 1000);
  for (const Identity& identity : identities_of(content)) {
    const auto parsed = parse_identity(identity.name());
    REQUIRE(parsed.ok());
    CHECK(*parsed == identity);
  }
}

TEST_CASE("digests that are none are refused by name") {
  const std::string zeros(64, '0');
  for (const std::string& text :
       {std::string(), std::string("sha256:"), concat("sha256:", zeros, "0"),
        concat("sha256:x", zeros.substr(1)), concat("git-sha1:", zeros), std::string("md5:00"),
        concat("sha512:", zeros), zeros, concat("xet:", zeros.substr(1))}) {
    const auto parsed = parse_identity(text);
    CHECK(parsed.status().code() == StatusCode::kInvalidArgument);
    CHECK(message(parsed.status()).find(concat("'", text, "'")) != std::string_view::npos);
  }
}
