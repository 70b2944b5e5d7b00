#include <algorithm>
#include <new>

#include <blake3.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/provider.h>

#include <hubdist/core/hash.h>

namespace hubdist {
namespace {

// The process may have been configured without an algorithm (a FIPS policy drops MD5, which names
// objects in stores but protects nothing here), so a private library context is the second choice.
EVP_MD* fetch_algorithm(const char* name) {
  if (EVP_MD* algorithm = EVP_MD_fetch(nullptr, name, nullptr)) return algorithm;
  static OSSL_LIB_CTX* const context = [] {
    OSSL_LIB_CTX* made = OSSL_LIB_CTX_new();
    if (made) OSSL_PROVIDER_load(made, "default");
    return made;
  }();
  return EVP_MD_fetch(context, name, nullptr);
}

const EVP_MD* sha256_algorithm() {
  static const EVP_MD* const algorithm = fetch_algorithm("SHA256");
  return algorithm;
}
const EVP_MD* sha1_algorithm() {
  static const EVP_MD* const algorithm = fetch_algorithm("SHA1");
  return algorithm;
}
const EVP_MD* md5_algorithm() {
  static const EVP_MD* const algorithm = fetch_algorithm("MD5");
  return algorithm;
}

// With a built-in algorithm OpenSSL fails for want of memory alone.
void require(int result) {
  if (result != 1) throw std::bad_alloc();
}

uint8_t* raw(std::byte* bytes) { return reinterpret_cast<uint8_t*>(bytes); }
const uint8_t* raw(const std::byte* bytes) { return reinterpret_cast<const uint8_t*>(bytes); }

// BLAKE3 notes at its first use, unguarded, what the processor can do. So its first use is here,
// before there are threads.
[[maybe_unused]] const Blake3 kFirstUse = blake3({});

}  // namespace

namespace internal {

class OpenSslDigest {
 public:
  explicit OpenSslDigest(const EVP_MD* algorithm) : context_(EVP_MD_CTX_new()) {
    require(context_ && EVP_DigestInit_ex2(context_, algorithm, nullptr) == 1);
  }
  ~OpenSslDigest() { EVP_MD_CTX_free(context_); }
  OpenSslDigest(const OpenSslDigest&) = delete;
  OpenSslDigest& operator=(const OpenSslDigest&) = delete;

  void update(ByteView bytes) { require(EVP_DigestUpdate(context_, bytes.data(), bytes.size())); }
  template <typename D>
  D finish() {
    D digest;
    require(EVP_DigestFinal_ex(context_, raw(digest.bytes.data()), nullptr));
    return digest;
  }

 private:
  EVP_MD_CTX* context_;
};

}  // namespace internal

using internal::OpenSslDigest;

Sha256Hasher::Sha256Hasher() : impl_(std::make_unique<OpenSslDigest>(sha256_algorithm())) {}
Sha256Hasher::~Sha256Hasher() = default;
Sha256Hasher::Sha256Hasher(Sha256Hasher&&) noexcept = default;
Sha256Hasher& Sha256Hasher::operator=(Sha256Hasher&&) noexcept = default;
void Sha256Hasher::update(ByteView bytes) { impl_->update(bytes); }
Sha256 Sha256Hasher::finish() { return impl_->finish<Sha256>(); }

GitSha1Hasher::GitSha1Hasher(std::uint64_t size)
    : impl_(std::make_unique<OpenSslDigest>(sha1_algorithm())) {
  const std::string header = concat("blob ", size, '\0');
  impl_->update(as_bytes(header));
}
GitSha1Hasher::~GitSha1Hasher() = default;
GitSha1Hasher::GitSha1Hasher(GitSha1Hasher&&) noexcept = default;
GitSha1Hasher& GitSha1Hasher::operator=(GitSha1Hasher&&) noexcept = default;
void GitSha1Hasher::update(ByteView bytes) { impl_->update(bytes); }
Sha1 GitSha1Hasher::finish() { return impl_->finish<Sha1>(); }

Md5Hasher::Md5Hasher() : impl_(std::make_unique<OpenSslDigest>(md5_algorithm())) {}
Md5Hasher::~Md5Hasher() = default;
Md5Hasher::Md5Hasher(Md5Hasher&&) noexcept = default;
Md5Hasher& Md5Hasher::operator=(Md5Hasher&&) noexcept = default;
void Md5Hasher::update(ByteView bytes) { impl_->update(bytes); }
Md5 Md5Hasher::finish() { return impl_->finish<Md5>(); }

struct Blake3Hasher::State {
  blake3_hasher hasher;
};

Blake3Hasher::Blake3Hasher() : state_(std::make_unique<State>()) {
  blake3_hasher_init(&state_->hasher);
}
Blake3Hasher::Blake3Hasher(const std::array<std::byte, 32>& key)
    : state_(std::make_unique<State>()) {
  blake3_hasher_init_keyed(&state_->hasher, raw(key.data()));
}
Blake3Hasher::~Blake3Hasher() = default;
Blake3Hasher::Blake3Hasher(Blake3Hasher&&) noexcept = default;
Blake3Hasher& Blake3Hasher::operator=(Blake3Hasher&&) noexcept = default;
void Blake3Hasher::update(ByteView bytes) {
  blake3_hasher_update(&state_->hasher, bytes.data(), bytes.size());
}
Blake3 Blake3Hasher::finish() const {
  Blake3 digest;
  blake3_hasher_finalize(&state_->hasher, raw(digest.bytes.data()), digest.bytes.size());
  return digest;
}

Sha256 sha256(ByteView bytes) {
  Sha256Hasher hasher;
  hasher.update(bytes);
  return hasher.finish();
}

Sha1 git_sha1(ByteView bytes) {
  GitSha1Hasher hasher(bytes.size());
  hasher.update(bytes);
  return hasher.finish();
}

Blake3 blake3(ByteView bytes) {
  blake3_hasher hasher;
  blake3_hasher_init(&hasher);
  blake3_hasher_update(&hasher, bytes.data(), bytes.size());
  Blake3 digest;
  blake3_hasher_finalize(&hasher, raw(digest.bytes.data()), digest.bytes.size());
  return digest;
}

Blake3 blake3_keyed(const std::array<std::byte, 32>& key, ByteView bytes) {
  blake3_hasher hasher;
  blake3_hasher_init_keyed(&hasher, raw(key.data()));
  blake3_hasher_update(&hasher, bytes.data(), bytes.size());
  Blake3 digest;
  blake3_hasher_finalize(&hasher, raw(digest.bytes.data()), digest.bytes.size());
  return digest;
}

Sha256 hmac_sha256(ByteView key, ByteView bytes) {
  // RFC 2104 out of the hash itself: OpenSSL's one-shot HMAC takes no key beyond INT_MAX and
  // refuses short keys under some policies.
  constexpr std::size_t kBlock = 64;
  std::array<std::byte, kBlock> block{};
  if (key.size() > kBlock) {
    const Sha256 shortened = sha256(key);
    std::copy(shortened.bytes.begin(), shortened.bytes.end(), block.begin());
  } else {
    std::copy(key.begin(), key.end(), block.begin());
  }
  const auto pass = [&block](std::byte pad, ByteView message) {
    std::array<std::byte, kBlock> padded = block;
    for (std::byte& b : padded) b ^= pad;
    Sha256Hasher hasher;
    hasher.update(padded);
    hasher.update(message);
    OPENSSL_cleanse(padded.data(), padded.size());
    return hasher.finish();
  };
  const Sha256 inner = pass(std::byte{0x36}, bytes);
  const Sha256 outer = pass(std::byte{0x5c}, inner.bytes);
  OPENSSL_cleanse(block.data(), block.size());
  return outer;
}

std::array<std::byte, 32> hkdf_sha256(ByteView key, std::string_view info) {
  // RFC 5869, sections 2.2 and 2.3. One block of output is all that is asked for.
  constexpr std::array<std::byte, 32> kNoSalt{};
  Sha256 pseudo_random_key = hmac_sha256(kNoSalt, key);
  Bytes block(as_bytes(info).begin(), as_bytes(info).end());
  block.push_back(std::byte{1});
  const Sha256 output = hmac_sha256(pseudo_random_key.bytes, block);
  OPENSSL_cleanse(pseudo_random_key.bytes.data(), pseudo_random_key.bytes.size());
  return output.bytes;
}

bool equal_constant_time(ByteView a, ByteView b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace hubdist
