#include "cli/format.h"

#include <array>
#include <chrono>
#include <cstdio>

#include <hubdist/base/strings.h>

namespace hubdist::cli {
namespace {

std::string fixed(double value, int decimals) {
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%.*f", decimals, value);
  return text.data();
}

std::string two_digits(std::int64_t value) {
  return value < 10 ? concat('0', value) : std::to_string(value);
}

}  // namespace

std::string format_bytes(std::uint64_t bytes) {
  if (bytes < 1000) return concat(bytes, " B");
  static constexpr std::array<const char*, 6> kUnits = {"kB", "MB", "GB", "TB", "PB", "EB"};
  double value = static_cast<double>(bytes) / 1000;
  std::size_t unit = 0;
  // 999.5 would be printed as 1000 of its unit.
  while (value >= 999.5 && unit + 1 < kUnits.size()) {
    value /= 1000;
    ++unit;
  }
  const int decimals = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
  return concat(fixed(value, decimals), ' ', kUnits[unit]);
}

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
    return concat(fixed(seconds(duration), 1), " s");
  return format_duration(duration);
}

std::string format_count(std::uint64_t count, const char* noun) {
  return concat(count, ' ', noun, count == 1 ? "" : "s");
}

std::string printable(std::string_view text, bool keep_newlines) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const bool c1 = byte == 0xc2 && i + 1 < text.size() &&
                    static_cast<unsigned char>(text[i + 1]) >= 0x80 &&
                    static_cast<unsigned char>(text[i + 1]) < 0xa0;
    if (c1) ++i;  // U+0080 to U+009F take two bytes in UTF-8
    const bool control = c1 || byte < 0x20 || byte == 0x7f;
    const bool kept = !control || (keep_newlines && byte == '\n');
    out.push_back(kept ? static_cast<char>(byte) : '?');
  }
  return out;
}

}  // namespace hubdist::cli
