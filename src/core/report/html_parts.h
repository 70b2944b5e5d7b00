// The parts that pages and fragments are put together from. All styles apply below an element of
// the class "hubdist-dedupe" only; the script sets up each such element once.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <hubdist/base/json_writer.h>
#include <hubdist/core/dedupe_report.h>

namespace hubdist::report {

std::string style_text();
std::string_view script_text();

// The numbers of the last version, large: what an upload sends over Xet and over LFS.
std::string summary(const DedupeReport& report);
// One row for each version, and their sum; empty for a single version.
std::string version_table(const DedupeReport& report);
// Every file of a version; empty when it is one file, which has a figure.
std::string file_table(const DedupeVersion& version, std::size_t columns);

// How much of the exact ranges and regions goes into a page, so that it stays small: what is left
// for the figures to come.
struct FigureBudget {
  std::size_t figures = 60;
  std::size_t ranges = 20'000;
  std::size_t regions = 20'000;
};

// The strip of a file with its layout, axis, tables, notes and advice. What the strip says of a
// position is added to `data`, an open array, as one object.
std::string figure(const DedupeVersion& version, const DedupeFile& file, const std::string& id,
                   FigureBudget& budget, JsonWriter& data);
// Tables of the largest new ranges and of the regions that have new bytes.
std::string range_tables(const DedupeFile& file);

// "<dt>label</dt><dd>value</dd>" in a block of its own; `value` is markup.
std::string fact(std::string_view label, std::string_view value, std::string_view more = {});
std::string change_tag(FileChange change);

}  // namespace hubdist::report
