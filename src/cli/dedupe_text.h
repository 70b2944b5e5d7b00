// A comparison as a terminal shows it.
#pragma once

#include <string>

#include "cli/terminal.h"
#include <hubdist/core/dedupe_report.h>

namespace hubdist::cli {

// A table of versions and files, a bar under each file that changed, what changed in it, notes and
// advice, the sum, and what is assumed. Names lose their control characters.
std::string dedupe_text(const DedupeReport& report, const TextStyle& style);

// Where new bytes lie, `columns` wide: block elements whose height is the share of new bytes, or
// ". - + #" in brackets.
std::string dedupe_bar(const DedupeFile& file, std::size_t columns, const TextStyle& style);

}  // namespace hubdist::cli
