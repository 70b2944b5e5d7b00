// Text inside HTML and SVG: names from files and hubs made harmless, numbers made readable.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <hubdist/core/dedupe_report.h>

namespace hubdist::report {

// `text` as well-formed UTF-8 in which nothing hides: control characters as their pictures, those
// that turn the direction of text as "<U+202E>", wrong bytes as U+FFFD.
std::string visible_text(std::string_view text);
// visible_text() with the characters of markup escaped: for elements and quoted attributes.
std::string escaped(std::string_view text);
// At most `most` characters; "..." stands for what is left out. For visible_text().
enum class Keep { kEnds, kStart };
std::string shortened(std::string_view text, std::size_t most, Keep keep = Keep::kEnds);
// JSON for a <script> element: no "</script>" or "<!--" can stand in it.
std::string script_safe(std::string json);

// "390x", "12.4x", "1.19x"; a dash when nothing is sent.
std::string ratio_text(const DedupeNumbers& numbers);
// "0.34 %", "12 %", "100 %"; "<0.01 %" for the least.
std::string percent_text(std::uint64_t part, std::uint64_t whole);
// A position or a length in a picture with two decimals at most: "12.5".
std::string coordinate(double value);

// What a file is in a heading: its path, or the version's name where that is one file.
std::string file_title(const DedupeVersion& version, const DedupeFile& file);
// Names of the versions without the folders before them, where that keeps them apart.
std::vector<std::string> short_names(const DedupeReport& report);
// describe_changes() for a file of which something is known; else what it holds ("291 tensors").
std::string layout_text(const DedupeFile& file, std::size_t most_names);

}  // namespace hubdist::report
