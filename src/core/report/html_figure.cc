#include <algorithm>

#include "core/report/html_parts.h"
#include "core/report/markup.h"
#include "core/report/picture.h"
#include <hubdist/base/quantity.h>
#include <hubdist/base/strings.h>

namespace hubdist::report {
namespace {

constexpr std::size_t kColumns = 1000;
constexpr std::size_t kMostNames = 8;
constexpr double kLateTick = 0.7;  // share of the width: too near to the end on a narrow screen

std::string percent(double share) { return concat(coordinate(100 * share), "%"); }

// The new ranges as the page's script reads them: exact, or at the picture's resolution when there
// are more of them than the page can hold.
void write_ranges(const DedupeFile& file, FigureBudget& budget, JsonWriter& data) {
  const bool exact = file.new_ranges.size() <= budget.ranges;
  data.field("exact", exact).key("ranges").begin_array();
  if (exact) {
    budget.ranges -= file.new_ranges.size();
    for (const ByteRange& range : file.new_ranges) data.value(range.begin).value(range.end);
  } else {
    const double unit = static_cast<double>(file.numbers.size) / kColumns;
    for (const StripPart& part :
         strip_parts(new_shares(file.new_ranges, file.numbers.size, kColumns))) {
      if (part.level == 0) continue;
      data.value(static_cast<std::uint64_t>(static_cast<double>(part.begin) * unit));
      data.value(static_cast<std::uint64_t>(static_cast<double>(part.end) * unit));
    }
  }
  data.end_array();
}

void write_regions(const DedupeFile& file, FigureBudget& budget, JsonWriter& data) {
  data.key("regions").begin_array();
  if (file.regions.size() <= budget.regions) {
    budget.regions -= file.regions.size();
    for (const RegionReport& report : file.regions) {
      const Region& region = report.region;
      data.begin_array().value(visible_text(region.name)).value(visible_text(region.detail));
      data.value(region.range.begin).value(region.range.end).value(report.new_bytes).end_array();
    }
  }
  data.end_array();
}

std::string labels(const DedupeFile& file) {
  std::string out;
  for (const LayoutLabel& label : layout_labels(file))
    out += concat("<span style=\"left:", percent(label.left), ";width:", percent(label.width),
                  "\"><bdi>", escaped(label.region->name), "</bdi></span>");
  return out;
}

std::string axis(std::uint64_t size) {
  std::string out;
  for (const Tick& tick : ticks(size))
    out += concat("<span", tick.at > kLateTick ? " class=\"late\"" : "",
                  " style=\"left:", percent(tick.at), "\">", tick.text, "</span>");
  return concat("<div class=\"axis\" aria-hidden=\"true\">", out, "<span class=\"last\">",
                format_bytes(size), "</span></div>");
}

std::string strip_summary(const DedupeFile& file) {
  const DedupeNumbers& n = file.numbers;
  return concat(format_bytes(n.new_bytes), " of ", format_bytes(n.size), " new, in ",
                format_count(file.new_ranges.size(), "range"));
}

std::string map(const DedupeFile& file) {
  constexpr std::string_view kSvg =
      "<svg viewBox=\"0 0 1000 20\" preserveAspectRatio=\"none\" aria-hidden=\"true\">";
  const std::string band = file.regions.empty()
                               ? ""
                               : concat("<div class=\"band\" aria-hidden=\"true\">", kSvg,
                                        layout_shapes(file, 20), "</svg>", labels(file), "</div>");
  return concat("<figure><div class=\"strip\" tabindex=\"0\" role=\"img\" aria-label=\"",
                strip_summary(file), "\">", kSvg, strip_shapes(file, kColumns, 20), "</svg></div>",
                band, axis(file.numbers.size),
                "<figcaption class=\"readout\" hidden></figcaption></figure>");
}

std::string remarks(std::string_view style, std::string_view label,
                    const std::vector<std::string>& texts) {
  std::string out;
  for (const std::string& text : texts)
    out += concat("<p class=\"remark ", style, "\"><b>", label, "</b> ", escaped(text), "</p>");
  return out;
}

std::string facts(const DedupeNumbers& n) {
  return concat("<dl class=\"facts\">", fact("Size", format_bytes(n.size)),
                fact("Chunks", format_integer(n.chunks)), fact("New", format_bytes(n.new_bytes)),
                fact("Compressed", format_bytes(n.compressed)),
                fact("Xet upload", format_bytes(n.xet_upload)),
                fact("LFS upload", format_bytes(n.lfs_upload)), fact("Ratio", ratio_text(n)),
                "</dl>");
}

// Long lists of names end in "...": the tables below have them.
std::string changes(const DedupeFile& file) {
  const std::string text = layout_text(file, kMostNames);
  if (text.empty()) return {};
  return concat("<p class=\"changes\">", escaped(text), "</p>");
}

// One line about the file: tags, and where it was before.
std::string about(const DedupeFile& file, std::string_view heading) {
  std::string out = change_tag(file.change);
  if (file.format != ContentFormat::kUnknown)
    out += concat("<span class=\"tag\">", name(file.format), "</span>");
  if (!heading.empty() && !heading.ends_with(file.path))
    out += concat("<bdi>", escaped(file.path), "</bdi>, ");
  out += strip_summary(file);
  if (!file.previous_path.empty())
    out += concat(", before at <bdi>", escaped(file.previous_path), "</bdi>");
  return concat("<p class=\"aside about\">", out, "</p>");
}

}  // namespace

std::string figure(const DedupeVersion& version, const DedupeFile& file, const std::string& id,
                   FigureBudget& budget, JsonWriter& data) {
  data.begin_object().field("id", id).field("size", file.numbers.size);
  write_ranges(file, budget, data);
  write_regions(file, budget, data);
  data.end_object();
  // The only file of a version has the version's heading and numbers above it.
  const bool only = version.files.size() == 1;
  const std::string heading =
      only ? "" : concat("<h3><bdi>", escaped(file.path), "</bdi></h3>", facts(file.numbers));
  return concat("<article id=\"", id, "\">", heading, about(file, only ? version.name : ""),
                map(file), changes(file), remarks("advice", "Advice", file.advice),
                remarks("note", "Note", file.notes), range_tables(file), "</article>");
}

}  // namespace hubdist::report
