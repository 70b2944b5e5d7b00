// Times and names as a terminal shows them.
#pragma once

#include <string>
#include <string_view>

#include <hubdist/base/clock.h>
#include <hubdist/base/quantity.h>

namespace hubdist::cli {

// "0:07", "12:30", "3:05:00".
std::string format_duration(Duration duration);
// "3.2 s" below a minute, else as format_duration.
std::string format_seconds(Duration duration);

// Without control characters and those that turn the direction of text, so that a name from a hub
// cannot steer the terminal: each becomes '?'. Newlines are kept where `keep_newlines`.
std::string printable(std::string_view text, bool keep_newlines = false);

}  // namespace hubdist::cli
