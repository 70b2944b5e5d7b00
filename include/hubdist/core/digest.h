// Fixed-size digests and the names that they give to content.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <string>
#include <string_view>

#include <hubdist/base/bytes.h>
#include <hubdist/base/hex.h>

namespace hubdist {

// N bytes that a hash function made. `Tag` keeps the digests of different functions apart.
template <std::size_t N, typename Tag>
struct Digest {
  static constexpr std::size_t kSize = N;
  std::array<std::byte, N> bytes{};

  std::string hex() const { return to_hex(bytes); }
  static Result<Digest> parse(std::string_view hex_text) {
    Digest digest;
    HUBDIST_TRY(from_hex(hex_text, digest.bytes));
    return digest;
  }
  friend auto operator<=>(const Digest&, const Digest&) = default;
  template <typename H>
  friend H AbslHashValue(H h, const Digest& d) {
    return H::combine_contiguous(std::move(h), d.bytes.data(), N);
  }
};

using Sha256 = Digest<32, struct Sha256Tag>;
using Sha1 = Digest<20, struct Sha1Tag>;
using Md5 = Digest<16, struct Md5Tag>;
using Blake3 = Digest<32, struct Blake3Tag>;

}  // namespace hubdist
