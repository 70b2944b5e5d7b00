// Reads a part of a content from its front, through a small window.
#pragma once

#include <concepts>
#include <cstdint>
#include <string>

#include <hubdist/core/content_layout.h>

namespace hubdist::internal {

// What a content claims that cannot be true, or is not read: a note for the reader. Everything else
// that fails is a content that cannot be read.
inline Status broken(std::string_view why) { return invalid_argument(why); }
inline bool is_broken(const Status& status) {
  return status.code() == StatusCode::kInvalidArgument;
}

// Not thread-safe. What passes `end` is broken().
class ContentCursor {
 public:
  ContentCursor(const ContentReader& content, std::uint64_t begin, std::uint64_t end,
                bool big_endian = false)
      : content_(content), position_(begin), end_(end), big_endian_(big_endian) {}

  std::uint64_t position() const { return position_; }
  std::uint64_t remaining() const { return end_ - position_; }

  template <std::unsigned_integral T>
  Result<T> read() {
    HUBDIST_ASSIGN(const ByteView raw, view(sizeof(T)));
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < sizeof(T); ++i) {
      const std::size_t at = big_endian_ ? i : sizeof(T) - 1 - i;
      value = value << 8 | std::to_integer<std::uint64_t>(raw[at]);
    }
    return static_cast<T>(value);
  }
  Result<std::string> read_text(std::uint64_t size, std::uint64_t most);
  Status skip(std::uint64_t size);

 private:
  // The next bytes, which are few; valid until the next call.
  Result<ByteView> view(std::size_t size);

  const ContentReader& content_;
  std::uint64_t position_;
  std::uint64_t end_;
  bool big_endian_;
  Bytes window_;
  std::uint64_t window_begin_ = 0;
};

}  // namespace hubdist::internal
