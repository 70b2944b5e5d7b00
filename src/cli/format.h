// Quantities as people read them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <hubdist/base/clock.h>

namespace hubdist::cli {

// "612 B", "4.2 kB", "90.9 MB", "1.07 GB": powers of 1000, three digits.
std::string format_bytes(std::uint64_t bytes);
// "0:07", "12:30", "3:05:00".
std::string format_duration(Duration duration);
// "3.2 s" below a minute, else as format_duration.
std::string format_seconds(Duration duration);
// "1 file", "12 files".
std::string format_count(std::uint64_t count, const char* noun);

// Without control characters, so that a name from a hub cannot steer the terminal: each becomes
// '?'. Newlines are kept where `keep_newlines`.
std::string printable(std::string_view text, bool keep_newlines = false);

}  // namespace hubdist::cli
