#include <algorithm>

#include "core/report/html_parts.h"
#include "core/report/markup.h"
#include "core/report/picture.h"
#include <hubdist/base/quantity.h>
#include <hubdist/base/strings.h>

namespace hubdist::report {
namespace {

constexpr std::size_t kFilterFrom = 9;       // files: fewer are seen at a glance
constexpr std::size_t kMostRows = 50;        // of a table of ranges or regions
constexpr std::size_t kMostColumnNames = 3;  // beside a file in the table

struct Column {
  std::string_view title;
  bool number;
};
constexpr Column kColumns[] = {{"File", false},      {"Where", false},     {"Size", true},
                               {"Chunks", true},     {"New", true},        {"Compressed", true},
                               {"Xet upload", true}, {"LFS upload", true}, {"Ratio", true}};

std::string number_cell(std::uint64_t value, const std::string& text) {
  return concat("<td data-v=\"", value, "\">", text, "</td>");
}

std::string bytes_cell(std::uint64_t bytes) { return number_cell(bytes, format_bytes(bytes)); }

std::string file_row(const DedupeFile& file, std::size_t columns) {
  const DedupeNumbers& n = file.numbers;
  std::string about;
  if (!file.previous_path.empty())
    about = concat("<small>was <bdi>", escaped(file.previous_path), "</bdi></small>");
  else if (file.change == FileChange::kChanged)
    if (const std::string text = describe_changes(file, kMostColumnNames); !text.empty())
      about = concat("<small>", escaped(text), "</small>");
  const bool removed = file.change == FileChange::kRemoved;
  const std::string picture =
      removed ? ""
              : concat(
                    "<svg class=\"mini\" viewBox=\"0 0 1000 12\" preserveAspectRatio=\"none\" "
                    "role=\"img\" aria-label=\"",
                    percent_text(n.new_bytes, n.size), " new\">", strip_shapes(file, columns, 12),
                    "</svg>");
  return concat("<tr", n.new_bytes > 0 ? " data-new" : "", "><th scope=\"row\"><bdi>",
                escaped(file.path), "</bdi> ", change_tag(file.change), about, "</th><td data-v=\"",
                n.size == 0 ? 0
                            : static_cast<std::uint64_t>(1e6 * static_cast<double>(n.new_bytes) /
                                                         static_cast<double>(n.size)),
                "\">", picture, "</td>", bytes_cell(n.size),
                number_cell(n.chunks, format_integer(n.chunks)), bytes_cell(n.new_bytes),
                bytes_cell(n.compressed), bytes_cell(n.xet_upload), bytes_cell(n.lfs_upload),
                number_cell(static_cast<std::uint64_t>(n.ratio() * 1000), ratio_text(n)), "</tr>");
}

std::string table_head() {
  std::string cells;
  for (const Column& column : kColumns)
    cells += concat("<th scope=\"col\"", column.number ? " data-number" : "", ">", column.title,
                    "</th>");
  return concat("<thead><tr>", cells, "</tr></thead>");
}

std::string region_rows(const DedupeFile& file, std::size_t& changed) {
  std::vector<const RegionReport*> regions;
  for (const RegionReport& region : file.regions)
    if (region.new_bytes > 0) regions.push_back(&region);
  changed = regions.size();
  std::stable_sort(regions.begin(), regions.end(),
                   [](const auto* a, const auto* b) { return a->new_bytes > b->new_bytes; });
  std::string rows;
  for (std::size_t i = 0; i < std::min(kMostRows, regions.size()); ++i) {
    const Region& region = regions[i]->region;
    rows += concat("<tr><th scope=\"row\"><bdi>", escaped(region.name), "</bdi></th><td><bdi>",
                   escaped(region.detail), "</bdi></td><td>", format_bytes(region.range.size()),
                   "</td><td>", format_bytes(regions[i]->new_bytes), "</td><td>",
                   percent_text(regions[i]->new_bytes, region.range.size()), "</td></tr>");
  }
  return rows;
}

std::string range_rows(const DedupeFile& file) {
  std::vector<ByteRange> ranges = file.new_ranges;
  const std::size_t shown = std::min(kMostRows, ranges.size());
  std::partial_sort(ranges.begin(), ranges.begin() + static_cast<std::ptrdiff_t>(shown),
                    ranges.end(), [](const ByteRange& a, const ByteRange& b) {
                      return a.size() != b.size() ? a.size() > b.size() : a.begin < b.begin;
                    });
  std::string rows;
  for (std::size_t i = 0; i < shown; ++i)
    rows += concat("<tr><td>", format_integer(ranges[i].begin), "</td><td>",
                   format_integer(ranges[i].end), "</td><td>", format_bytes(ranges[i].size()),
                   "</td></tr>");
  return rows;
}

std::string small_table(std::string_view heads, const std::string& rows,
                        const std::string& caption) {
  return concat("<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"", caption,
                "\"><table><caption>", caption, "</caption><thead><tr>", heads,
                "</tr></thead><tbody>", rows, "</tbody></table></div>");
}

std::string caption_of(std::string_view most, std::size_t total, std::string_view noun) {
  if (total <= kMostRows) return format_count(total, noun);
  return concat("The ", kMostRows, ' ', most, " of ", format_count(total, noun));
}

}  // namespace

std::string change_tag(FileChange change) {
  return concat("<span class=\"tag ", name(change), "\">", name(change), "</span>");
}

std::string file_table(const DedupeVersion& version, std::size_t columns) {
  if (version.files.size() < 2) return {};
  std::string rows;
  for (const DedupeFile& file : version.files) rows += file_row(file, columns);
  const bool many = version.files.size() >= kFilterFrom;
  constexpr std::string_view kTools =
      "<div class=\"tools\" hidden><label>Filter <input type=\"search\" autocomplete=\"off\" "
      "spellcheck=\"false\"></label><label><input type=\"checkbox\"> only files with new "
      "bytes</label><output></output></div>";
  return concat("<div class=\"files\">", many ? kTools : "",
                "<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"Files of ",
                escaped(version.name), "\"><table class=\"numbers sortable\">", table_head(),
                "<tbody>", rows, "</tbody></table></div></div>");
}

std::string range_tables(const DedupeFile& file) {
  std::string tables;
  std::size_t changed = 0;
  if (const std::string rows = region_rows(file, changed); !rows.empty())
    tables += small_table(
        "<th scope=\"col\">Part</th><th scope=\"col\">Kind</th><th scope=\"col\">Size</th><th "
        "scope=\"col\">New</th><th scope=\"col\">Share</th>",
        rows, caption_of("most changed", changed, "changed part"));
  if (!file.new_ranges.empty())
    tables += small_table(
        "<th scope=\"col\">First byte</th><th scope=\"col\">End</th><th scope=\"col\">Size</th>",
        range_rows(file), caption_of("largest", file.new_ranges.size(), "new range"));
  if (tables.empty()) return {};
  return concat("<details class=\"tables\"><summary>As tables</summary>", tables, "</details>");
}

}  // namespace hubdist::report
