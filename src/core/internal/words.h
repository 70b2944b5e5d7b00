// Digests as the Xet formats order and shorten them: four little-endian 64-bit words.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>

#include <hubdist/base/bytes.h>

namespace hubdist::internal {

inline std::uint64_t le64(const std::byte* at) {
  std::uint64_t value;
  std::memcpy(&value, at, sizeof value);
  return std::endian::native == std::endian::little ? value : __builtin_bswap64(value);
}

inline std::uint32_t le32(const std::byte* at) {
  std::uint32_t value;
  std::memcpy(&value, at, sizeof value);
  return std::endian::native == std::endian::little ? value : __builtin_bswap32(value);
}

// The order of sections: word by word, as numbers.
struct WordOrder {
  template <typename D>
  bool operator()(const D& a, const D& b) const {
    for (std::size_t i = 0; i < D::kSize; i += 8) {
      const std::uint64_t x = le64(&a.bytes[i]), y = le64(&b.bytes[i]);
      if (x != y) return x < y;
    }
    return false;
  }
};

// What lookup tables hold of a hash: its first word.
template <typename D>
std::uint64_t truncated(const D& digest) {
  return le64(digest.bytes.data());
}

}  // namespace hubdist::internal
