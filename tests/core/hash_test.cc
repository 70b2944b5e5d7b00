#include <doctest/doctest.h>

#include "src/core/internal/blake3_wide.h"
#include "tests/support/random.h"
#include <hubdist/core/hash.h>

using namespace hubdist;
using hubdist::testing::feed;
using hubdist::testing::random_bytes;

namespace {

Bytes repeated(unsigned char value, std::size_t count) { return Bytes(count, std::byte{value}); }

Bytes from_hex_text(std::string_view text) {
  Bytes out(text.size() / 2);
  REQUIRE(from_hex(text, out).ok());
  return out;
}

}  // namespace

TEST_CASE("SHA-256 gives the answers of FIPS 180-4's examples") {
  CHECK(sha256({}).hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(sha256(as_bytes("abc")).hex() ==
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(sha256(as_bytes("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")).hex() ==
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

TEST_CASE("git's object ids are what git hash-object prints") {
  CHECK(git_sha1({}).hex() == "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391");
  CHECK(git_sha1(as_bytes("hello\n")).hex() == "ce013625030ba8dba906f756967f9e9ca394464a");
}

TEST_CASE("MD5 gives the answers of RFC 1321") {
  const auto md5 = [](std::string_view text) {
    Md5Hasher hasher;
    hasher.update(as_bytes(text));
    return hasher.finish().hex();
  };
  CHECK(md5("") == "d41d8cd98f00b204e9800998ecf8427e");
  CHECK(md5("message digest") == "f96b697d7cb7938d525a2f31aaf161d0");
}

TEST_CASE("BLAKE3 gives the answers of its official test vectors") {
  // Their input is 0, 1, ..., 250, 0, 1, ...
  const auto input = [](std::size_t size) {
    Bytes bytes(size);
    for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::byte>(i % 251);
    return bytes;
  };
  std::array<std::byte, 32> key{};
  const ByteView key_text = as_bytes("whats the Elvish word for friend");
  std::copy(key_text.begin(), key_text.end(), key.begin());

  CHECK(blake3({}).hex() == "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262");
  CHECK(blake3(input(1)).hex() ==
        "2d3adedff11b61f14c886e35afa036736dcd87a74d27b5c1510225d0f592e213");
  CHECK(blake3(input(1024)).hex() ==
        "42214739f095a406f3fc83deb889744ac00df831c10daa55189b5d121c855af7");
  CHECK(blake3(input(1025)).hex() ==
        "d00278ae47eb27b34faecf67b4fe263f82d5412916c1ffd97c8cb7fb814b8444");
  CHECK(blake3_keyed(key, {}).hex() ==
        "92b2b75604ed3c761f9d6f62392c8a9227ad0ea3f09573e783f1498a4ed60d26");
  CHECK(blake3_keyed(key, input(1)).hex() ==
        "6d7878dfff2f485635d39013278ae14f1454b8c0a3a2d34bc1ab38228a80c95b");
}

TEST_CASE("a hash does not depend on how the content is cut into updates") {
  const Bytes content = random_bytes(5, 200'000);
  std::array<std::byte, 32> key{};
  key[3] = std::byte{9};
  for (const std::size_t piece :
       {std::size_t{1}, std::size_t{37}, std::size_t{255}, std::size_t{65536}}) {
    Sha256Hasher by_sha256;
    GitSha1Hasher by_git(content.size());
    Blake3Hasher by_blake3;
    Blake3Hasher by_key(key);
    feed(content, piece, [&](ByteView part) {
      by_sha256.update(part);
      by_git.update(part);
      by_blake3.update(part);
      by_key.update(part);
    });
    CHECK(by_sha256.finish() == sha256(content));
    CHECK(by_git.finish() == git_sha1(content));
    CHECK(by_blake3.finish() == blake3(content));
    CHECK(by_key.finish() == blake3_keyed(key, content));
  }
}

TEST_CASE("a BLAKE3 hasher can be asked on the way") {
  Blake3Hasher hasher;
  hasher.update(as_bytes("ab"));
  CHECK(hasher.finish() == blake3(as_bytes("ab")));
  hasher.update(as_bytes("c"));
  CHECK(hasher.finish() == blake3(as_bytes("abc")));
}

TEST_CASE("a moved hasher goes on where it was") {
  Sha256Hasher first;
  first.update(as_bytes("ab"));
  Sha256Hasher second = std::move(first);
  second.update(as_bytes("c"));
  CHECK(second.finish() == sha256(as_bytes("abc")));
}

TEST_CASE("HMAC-SHA256 gives the answers of RFC 4231") {
  CHECK(hmac_sha256(repeated(0x0b, 20), as_bytes("Hi There")).hex() ==
        "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  CHECK(hmac_sha256(as_bytes("Jefe"), as_bytes("what do ya want for nothing?")).hex() ==
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  CHECK(hmac_sha256(repeated(0xaa, 131),
                    as_bytes("Test Using Larger Than Block-Size Key - Hash Key First"))
            .hex() == "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST_CASE("HMAC-SHA256 takes an empty key") {
  CHECK(hmac_sha256({}, {}).hex() ==
        "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

TEST_CASE("HKDF-SHA256 gives the answer of RFC 5869, test case 3") {
  const auto key = hkdf_sha256(repeated(0x0b, 22), "");
  const Bytes expected =
      from_hex_text("8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d");
  CHECK(equal_constant_time(key, expected));
}

TEST_CASE("HKDF-SHA256 keeps purposes apart") {
  CHECK(hkdf_sha256(repeated(1, 32), "a") != hkdf_sha256(repeated(1, 32), "b"));
}

TEST_CASE("constant-time comparison compares") {
  CHECK(equal_constant_time(as_bytes("same"), as_bytes("same")));
  CHECK(equal_constant_time({}, {}));
  CHECK_FALSE(equal_constant_time(as_bytes("same"), as_bytes("samf")));
  CHECK_FALSE(equal_constant_time(as_bytes("same"), as_bytes("samee")));
}

TEST_CASE("BLAKE3 with all lanes busy gives what the hasher gives, for every length of a chunk") {
  std::array<std::byte, 32> key;
  const Bytes seed = random_bytes(31, key.size());
  std::copy(seed.begin(), seed.end(), key.begin());
  const Bytes content = random_bytes(32, internal::kMaxBlake3Wide);
  const auto check = [&](std::size_t size) {
    Blake3Hasher hasher(key);
    hasher.update(ByteView(content).first(size));
    CAPTURE(size);
    CHECK(internal::blake3_wide(key, ByteView(content).first(size)) == hasher.finish());
  };
  for (std::size_t size = 1; size <= content.size(); size += 1 + size / 50) check(size);
  for (std::size_t leaves = 1; leaves <= content.size() / 1024; ++leaves)
    for (const int around : {-1, 0, 1, 64, 65}) {
      const std::size_t size = leaves * 1024 + static_cast<std::size_t>(around);
      if (size <= content.size()) check(size);
    }
}
