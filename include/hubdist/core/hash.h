// Streaming hash functions: SHA-256, git's blob SHA-1, MD5 (S3 and GCS etags) and BLAKE3.
//
// Each hasher is fed with update() and asked once with finish(). Movable, not copyable, not
// thread-safe; different hashers may run on different threads.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include <hubdist/core/digest.h>

namespace hubdist {

namespace internal {
class OpenSslDigest;  // owns an EVP_MD_CTX
}

class Sha256Hasher {
 public:
  Sha256Hasher();
  ~Sha256Hasher();
  Sha256Hasher(Sha256Hasher&&) noexcept;
  Sha256Hasher& operator=(Sha256Hasher&&) noexcept;
  void update(ByteView bytes);
  Sha256 finish();

 private:
  std::unique_ptr<internal::OpenSslDigest> impl_;
};

// SHA-1 over "blob <size>\0" and the content: the object id that git gives to a file. The size must
// be known first. finish() is right only after exactly `size` bytes.
class GitSha1Hasher {
 public:
  explicit GitSha1Hasher(std::uint64_t size);
  ~GitSha1Hasher();
  GitSha1Hasher(GitSha1Hasher&&) noexcept;
  GitSha1Hasher& operator=(GitSha1Hasher&&) noexcept;
  void update(ByteView bytes);
  Sha1 finish();

 private:
  std::unique_ptr<internal::OpenSslDigest> impl_;
};

class Md5Hasher {
 public:
  Md5Hasher();
  ~Md5Hasher();
  Md5Hasher(Md5Hasher&&) noexcept;
  Md5Hasher& operator=(Md5Hasher&&) noexcept;
  void update(ByteView bytes);
  Md5 finish();

 private:
  std::unique_ptr<internal::OpenSslDigest> impl_;
};

// BLAKE3, plain or keyed with 32 bytes.
class Blake3Hasher {
 public:
  Blake3Hasher();
  explicit Blake3Hasher(const std::array<std::byte, 32>& key);
  ~Blake3Hasher();
  Blake3Hasher(Blake3Hasher&&) noexcept;
  Blake3Hasher& operator=(Blake3Hasher&&) noexcept;
  void update(ByteView bytes);
  Blake3 finish() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

Sha256 sha256(ByteView bytes);
Sha1 git_sha1(ByteView bytes);
Blake3 blake3(ByteView bytes);
Blake3 blake3_keyed(const std::array<std::byte, 32>& key, ByteView bytes);
// HMAC-SHA256, as RFC 2104 has it.
Sha256 hmac_sha256(ByteView key, ByteView bytes);
// HKDF-SHA256 (RFC 5869) with an empty salt: 32 bytes of key for the purpose that `info` names.
std::array<std::byte, 32> hkdf_sha256(ByteView key, std::string_view info);
// Whether two byte strings are equal, in time that does not depend on where they differ.
bool equal_constant_time(ByteView a, ByteView b);

}  // namespace hubdist
