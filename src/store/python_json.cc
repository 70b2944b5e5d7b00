#include "store/internal/python_json.h"

#include <array>
#include <cstdint>

namespace hubdist::internal {
namespace {

// Takes one code point from the front of valid UTF-8.
std::uint32_t take_code_point(std::string_view& text) {
  const auto first = static_cast<unsigned char>(text.front());
  const std::size_t length = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  std::uint32_t point = length == 1 ? first : first & (0xffu >> (length + 1));
  for (std::size_t i = 1; i < length && i < text.size(); ++i)
    point = point << 6 | (static_cast<unsigned char>(text[i]) & 0x3fu);
  text.remove_prefix(length < text.size() ? length : text.size());
  return point;
}

void append_escape(std::string& out, std::uint32_t unit) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  out += "\\u";
  for (int shift = 12; shift >= 0; shift -= 4) out += kDigits[unit >> shift & 0xf];
}

}  // namespace

std::string python_json_string(std::string_view text) {
  std::string out = "\"";
  while (!text.empty()) {
    const std::uint32_t point = take_code_point(text);
    constexpr std::string_view kShort = "\b\f\n\r\t\"\\";
    constexpr std::string_view kLetters = "bfnrt\"\\";
    const std::size_t at = point < 0x80 ? kShort.find(static_cast<char>(point)) : kShort.npos;
    if (at != kShort.npos) {
      out += {'\\', kLetters[at]};
    } else if (point >= 0x20 && point < 0x7f) {
      out += static_cast<char>(point);
    } else if (point < 0x10000) {
      append_escape(out, point);
    } else {  // a surrogate pair
      append_escape(out, 0xd800 + ((point - 0x10000) >> 10));
      append_escape(out, 0xdc00 + ((point - 0x10000) & 0x3ff));
    }
  }
  return out += '"';
}

}  // namespace hubdist::internal
