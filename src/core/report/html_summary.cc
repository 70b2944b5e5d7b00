#include <algorithm>

#include "core/report/html_parts.h"
#include "core/report/markup.h"
#include <hubdist/base/quantity.h>
#include <hubdist/base/strings.h>

namespace hubdist::report {
namespace {

std::string bar_row(std::string_view label, std::string_view style, std::uint64_t bytes,
                    std::uint64_t most) {
  const double share = most == 0 ? 0 : 100 * static_cast<double>(bytes) / static_cast<double>(most);
  return concat("<div class=\"race-row\"><dt>", label, "</dt><dd><span class=\"race-bar ", style,
                "\" style=\"width:", coordinate(share), "%\"></span><b>", format_bytes(bytes),
                "</b></dd></div>");
}

std::string lead(const DedupeVersion& version, bool alone) {
  const DedupeNumbers& n = version.numbers;
  if (n.size == 0) return "<p class=\"lead\">There are no bytes to compare.</p>";
  if (n.new_bytes == 0)
    return concat("<p class=\"lead\">All ", format_bytes(n.size),
                  " are known: nothing of the content is sent again.</p>");
  const std::string part =
      concat("<b>", format_bytes(n.new_bytes), "</b> of ", format_bytes(n.size));
  if (n.new_bytes == n.size)
    return concat("<p class=\"lead\">All <b>", format_bytes(n.size), "</b> are new",
                  alone ? " to a hub that knows nothing" : "", ".</p>");
  if (alone)
    return concat("<p class=\"lead\">", part,
                  " differ from each other; the rest repeats them.</p>");
  return concat("<p class=\"lead\">", percent_text(n.new_bytes, n.size), " is new: ", part,
                ".</p>");
}

std::string number_cells(const DedupeNumbers& n) {
  std::string cells;
  const auto cell = [&](const std::string& text) { cells += concat("<td>", text, "</td>"); };
  cell(format_bytes(n.size));
  cell(format_integer(n.chunks));
  cell(format_bytes(n.new_bytes));
  cell(format_bytes(n.compressed));
  cell(format_bytes(n.xet_upload));
  cell(format_bytes(n.lfs_upload));
  cell(ratio_text(n));
  return cells;
}

constexpr std::string_view kNumberHeads =
    "<th scope=\"col\">Size</th><th scope=\"col\">Chunks</th><th scope=\"col\">New</th>"
    "<th scope=\"col\">Compressed</th><th scope=\"col\">Xet upload</th>"
    "<th scope=\"col\">LFS upload</th><th scope=\"col\">Ratio</th>";

}  // namespace

std::string fact(std::string_view label, std::string_view value, std::string_view more) {
  return concat("<div><dt>", label, "</dt><dd>", value,
                more.empty() ? "" : concat("<small>", more, "</small>"), "</dd></div>");
}

std::string summary(const DedupeReport& report) {
  if (report.versions.empty()) return "<p class=\"lead\">Nothing was compared.</p>";
  const DedupeVersion& last = report.versions.back();
  const DedupeNumbers& n = last.numbers;
  const std::uint64_t most = std::max(n.xet_upload, n.lfs_upload);
  const std::string race = concat("<dl class=\"race\" aria-label=\"What an upload sends\">",
                                  bar_row("Xet upload", "is-new", n.xet_upload, most),
                                  bar_row("LFS upload", "is-known", n.lfs_upload, most), "</dl>");
  const std::string cards = concat(
      "<dl class=\"cards\">", fact("Size", format_bytes(n.size), format_count(n.chunks, "chunk")),
      fact("New", format_bytes(n.new_bytes),
           concat(percent_text(n.new_bytes, n.size), " in ", format_count(n.new_chunks, "chunk"))),
      fact("New, compressed", format_bytes(n.compressed),
           concat(percent_text(n.compressed, n.new_bytes), " of the new bytes")),
      fact("Ratio", ratio_text(n), "size to Xet upload"), "</dl>");
  return concat(lead(last, report.versions.size() == 1), race, cards);
}

std::string version_table(const DedupeReport& report) {
  if (report.versions.size() < 2) return {};
  std::string rows;
  DedupeNumbers total;
  for (const DedupeVersion& version : report.versions) {
    const std::string commit =
        version.commit.empty()
            ? ""
            : concat(" <code title=\"", escaped(version.commit), "\">",
                     escaped(std::string_view(version.commit).substr(0, 7)), "</code>");
    rows += concat("<tr><th scope=\"row\"><bdi>", escaped(version.name), "</bdi>", commit, "</th>",
                   number_cells(version.numbers), "</tr>");
    total += version.numbers;
  }
  return concat(
      "<section><h2>Versions</h2><div class=\"scroll\" role=\"region\" tabindex=\"0\" "
      "aria-label=\"Versions\"><table class=\"numbers\"><thead><tr><th scope=\"col\">Version</th>",
      kNumberHeads, "</tr></thead><tbody>", rows,
      "</tbody><tfoot><tr><th scope=\"row\">All together</th>", number_cells(total),
      "</tr></tfoot></table></div><p class=\"aside\">Each version is counted against all before "
      "it, the first against a hub that knows nothing.</p></section>");
}

}  // namespace hubdist::report
