#include "cli/format.h"

#include <chrono>

#include <hubdist/base/strings.h>

namespace hubdist::cli {
namespace {

std::string two_digits(std::int64_t value) {
  return value < 10 ? concat('0', value) : std::to_string(value);
}

// Bytes of the character at the front of `text` when it is a control beyond ASCII: U+0080 to
// U+009F, or one that turns the direction of text (U+061C, U+200E, U+200F, U+202A to U+202E, U+2066
// to U+2069). Else 0.
std::size_t hidden_sequence(std::string_view text) {
  const auto byte = [&](std::size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u;
  };
  if (byte(0) == 0xc2 && byte(1) >= 0x80 && byte(1) < 0xa0) return 2;
  if (byte(0) == 0xd8 && byte(1) == 0x9c) return 2;
  if (byte(0) != 0xe2) return 0;
  const unsigned low = byte(2);
  const bool mark = byte(1) == 0x80 && (low == 0x8e || low == 0x8f || (low >= 0xaa && low <= 0xae));
  const bool isolate = byte(1) == 0x81 && low >= 0xa6 && low <= 0xa9;
  return mark || isolate ? 3 : 0;
}

}  // namespace

std::string format_duration(Duration duration) {
  const auto total = std::chrono::round<std::chrono::seconds>(duration).count();
  const auto hours = total / 3600;
  const auto minutes = total / 60 % 60;
  const auto rest = two_digits(total % 60);
  if (hours > 0) return concat(hours, ':', two_digits(minutes), ':', rest);
  return concat(minutes, ':', rest);
}

std::string format_seconds(Duration duration) {
  if (duration < std::chrono::milliseconds(59'950))
    return concat(format_fixed(seconds(duration), 1), " s");
  return format_duration(duration);
}

std::string printable(std::string_view text, bool keep_newlines) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (const std::size_t length = hidden_sequence(text.substr(i)); length > 0) {
      out.push_back('?');
      i += length - 1;
      continue;
    }
    const bool control = byte < 0x20 || byte == 0x7f;
    const bool kept = !control || (keep_newlines && byte == '\n');
    out.push_back(kept ? static_cast<char>(byte) : '?');
  }
  return out;
}

}  // namespace hubdist::cli
