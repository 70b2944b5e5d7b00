#include <array>
#include <cstdio>

#include <hubdist/base/quantity.h>
#include <hubdist/base/strings.h>

namespace hubdist {

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
  return concat(format_fixed(value, decimals), ' ', kUnits[unit]);
}

std::string format_integer(std::uint64_t number) {
  std::string digits = std::to_string(number);
  for (std::size_t end = digits.size(); end > 3; end -= 3) digits.insert(end - 3, 1, ',');
  return digits;
}

std::string format_count(std::uint64_t count, std::string_view noun) {
  return concat(format_integer(count), ' ', noun, count == 1 ? "" : "s");
}

std::string format_fixed(double value, int decimals) {
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%.*f", decimals, value);
  return text.data();
}

}  // namespace hubdist
