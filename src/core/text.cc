#include "core/internal/text.h"

#include <algorithm>
#include <array>

#include <hubdist/base/hex.h>
#include <hubdist/base/json_writer.h>

namespace hubdist::internal {

std::string printable(std::string_view text) {
  constexpr std::size_t kMaxShown = 200;
  std::string out(text.substr(0, kMaxShown));
  std::replace_if(out.begin(), out.end(), is_control, '?');
  if (text.size() > kMaxShown) out += "...";
  return out;
}

Result<std::string> percent_decode(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out.push_back(text[i]);
      continue;
    }
    std::array<std::byte, 1> byte{};
    if (!from_hex(text.substr(i + 1, 2), byte).ok())
      return invalid_argument(
          "a '%' is not followed by two hexadecimal digits; '%' itself is "
          "written %25");
    if (byte[0] == std::byte{0}) return invalid_argument("it holds a NUL byte (%00)");
    out.push_back(std::to_integer<char>(byte[0]));
    i += 2;
  }
  return out;
}

std::string percent_byte(char c) {
  constexpr char kDigits[] = "0123456789ABCDEF";
  const auto value = static_cast<unsigned char>(c);
  return {'%', kDigits[value >> 4], kDigits[value & 15]};
}

std::string percent_encode(std::string_view text, std::string_view special) {
  const bool utf8 = is_utf8(text);
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    const bool beyond_ascii = static_cast<unsigned char>(c) >= 128;
    if (is_control(c) || (beyond_ascii && !utf8) || special.find(c) != special.npos)
      out += percent_byte(c);
    else
      out += c;
  }
  return out;
}

std::string to_lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return out;
}

}  // namespace hubdist::internal
