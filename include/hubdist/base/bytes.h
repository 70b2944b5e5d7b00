// Views of bytes, and readers and writers that check every bound.
#pragma once

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <hubdist/base/status.h>

namespace hubdist {

using ByteView = std::span<const std::byte>;
using MutableBytes = std::span<std::byte>;
using Bytes = std::vector<std::byte>;

inline constexpr std::uint64_t kKiB = 1024;
inline constexpr std::uint64_t kMiB = 1024 * kKiB;
inline constexpr std::uint64_t kGiB = 1024 * kMiB;

inline ByteView as_bytes(std::string_view text) { return std::as_bytes(std::span(text)); }
inline std::string_view as_text(ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// A half-open range of offsets [begin, end) of a file or blob.
struct ByteRange {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  std::uint64_t size() const { return end - begin; }
  bool empty() const { return begin >= end; }
  bool contains(std::uint64_t offset) const { return begin <= offset && offset < end; }
  friend bool operator==(const ByteRange&, const ByteRange&) = default;
  friend auto operator<=>(const ByteRange&, const ByteRange&) = default;
};

// Reads little-endian integers and runs of bytes in order. Every read that passes the end fails
// with OutOfRange and moves nothing. Borrows the bytes; not thread-safe.
class ByteReader {
 public:
  explicit ByteReader(ByteView bytes) : bytes_(bytes) {}
  std::size_t position() const { return position_; }
  std::size_t remaining() const { return bytes_.size() - position_; }

  template <std::unsigned_integral T>
  Result<T> read() {
    HUBDIST_ASSIGN(ByteView raw, read_bytes(sizeof(T)));
    T value = 0;
    for (std::size_t i = sizeof(T); i-- > 0;)
      value = static_cast<T>((static_cast<std::uint64_t>(value) << 8) |
                             std::to_integer<std::uint64_t>(raw[i]));
    return value;
  }
  Result<ByteView> read_bytes(std::size_t count) {
    if (count > remaining())
      return out_of_range("needs ", count, " bytes at offset ", position_, ", only ", remaining(),
                          " are left");
    const ByteView view = bytes_.subspan(position_, count);
    position_ += count;
    return view;
  }

 private:
  ByteView bytes_;
  std::size_t position_ = 0;
};

// Appends `value` to `out` in little-endian order.
template <std::unsigned_integral T>
void append_le(Bytes& out, T value) {
  for (std::size_t i = 0; i < sizeof(T); ++i)
    out.push_back(static_cast<std::byte>(static_cast<std::uint64_t>(value) >> (8 * i) & 0xff));
}

inline void append_bytes(Bytes& out, ByteView more) {
  out.insert(out.end(), more.begin(), more.end());
}

}  // namespace hubdist
