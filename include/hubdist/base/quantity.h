// Quantities as people read them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace hubdist {

// "612 B", "4.20 kB", "90.9 MB", "1.07 GB": powers of 1000, three digits.
std::string format_bytes(std::uint64_t bytes);
// "12,345,678".
std::string format_integer(std::uint64_t number);
// "1 file", "12 files", "1,234 files".
std::string format_count(std::uint64_t count, std::string_view noun);
// `value` with `decimals` digits after the point.
std::string format_fixed(double value, int decimals);

}  // namespace hubdist
