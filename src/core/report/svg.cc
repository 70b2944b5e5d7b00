#include <algorithm>

#include "core/report/drawn_files.h"
#include "core/report/markup.h"
#include "core/report/picture.h"
#include <hubdist/base/quantity.h>
#include <hubdist/base/strings.h>

namespace hubdist {

using namespace report;

namespace {

constexpr double kWidth = 960;
constexpr double kMargin = 24;
constexpr double kInner = kWidth - 2 * kMargin;
constexpr double kStrip = 22;
constexpr double kBand = 6;
constexpr std::size_t kMostStrips = 60;     // of all versions together, besides the files left over
constexpr std::size_t kMostParts = 12'000;  // of all strips together, so that the image stays small
constexpr std::size_t kLeastColumns = 60;
constexpr std::size_t kMostColumns = 912;
constexpr std::size_t kMostNames = 2;
constexpr std::size_t kTitleLength = 64;  // characters
constexpr std::size_t kLineLength = 140;

constexpr std::string_view kStyle =
    "<style>svg{--p:#fcfcfa;--i:#1c2024;--s:#5b636c;--k:#c3ced9;--n:#c2460a;--e:#"
    "dfe3e6;"
    "--o:#ccd2d8;--h:#a3adb8}@media(prefers-color-scheme:dark){svg{--p:#131618;--i:#e7e9ea;"
    "--s:#98a1a9;--k:#3b4752;--n:#ff9a5c;--e:#262c31;--o:#323a41;--h:#4d5862}}"
    "text{font:13px system-ui,-apple-system,'Segoe UI',Roboto,'Noto Sans',sans-serif;fill:var(--s)}"
    ".v{font-size:17px;font-weight:650;fill:var(--i)}.f{font-weight:600;fill:var(--i)}"
    ".paper{fill:var(--p)}.known{fill:var(--k)}.new,.changed{fill:var(--n)}"
    ".even{fill:var(--e)}.odd,.many{fill:var(--o)}.meta{fill:var(--h)}"
    ".pass{pointer-events:none}.frame{fill:none;stroke:var(--k)}</style>";

std::string text(double x, double y, std::string_view style, const std::string& markup,
                 bool at_end = false) {
  return concat("<text x=\"", coordinate(x), "\" y=\"", coordinate(y), "\"",
                style.empty() ? "" : concat(" class=\"", style, "\""),
                at_end ? " text-anchor=\"end\"" : "", ">", markup, "</text>");
}

std::string box(std::string_view style, double x, double y, double width, double height,
                const std::string& title = {}) {
  const std::string head =
      concat("<rect class=\"", style, "\" x=\"", coordinate(x), "\" y=\"", coordinate(y),
             "\" width=\"", coordinate(width), "\" height=\"", coordinate(height), "\"");
  return title.empty() ? concat(head, "/>") : concat(head, "><title>", title, "</title></rect>");
}

std::string legend(double y) {
  static constexpr double kSide = 13;
  struct Entry {
    std::string_view label;
    double fresh;  // share
    double width;
  };
  std::string out;
  double x = kMargin;
  for (const Entry& entry :
       {Entry{"new bytes", 1, 110}, Entry{"known already", 0, 140},
        Entry{"both, finer than the picture: the height is the share", 0.5, 0}}) {
    const double fresh = kSide * entry.fresh;
    out += box("known", x, y - 11, kSide, kSide);
    if (fresh > 0) out += box("new", x, y - 11 + kSide - fresh, kSide, fresh);
    out += text(x + 19, y, "", std::string(entry.label));
    x += entry.width;
  }
  return out;
}

// The region that a part of a strip lies in most, and how many more it touches.
std::string places(const DedupeFile& file, const ByteRange& part) {
  const auto first =
      std::partition_point(file.regions.begin(), file.regions.end(),
                           [&](const RegionReport& r) { return r.region.range.end <= part.begin; });
  const auto last = std::partition_point(first, file.regions.end(), [&](const RegionReport& r) {
    return r.region.range.begin < part.end;
  });
  if (first == last) return {};
  const auto shared = [&](const RegionReport& r) {
    const ByteRange& range = r.region.range;
    return std::min(range.end, part.end) - std::max(range.begin, part.begin);
  };
  const auto most = std::max_element(
      first, last, [&](const auto& a, const auto& b) { return shared(a) < shared(b); });
  const auto more = static_cast<std::uint64_t>(last - first) - 1;
  return concat(", in ", escaped(most->region.name),
                more == 0 ? "" : concat(" and ", format_integer(more), " more"));
}

std::string_view word(int level) {
  return level == 0 ? "known" : level == kStripLevels ? "new" : "both";
}

std::string strip(const DedupeFile& file, double y, std::size_t columns) {
  const std::uint64_t size = file.numbers.size;
  if (size == 0) return box("frame", kMargin, y, kInner, kStrip, "empty");
  const double unit = kInner / static_cast<double>(columns);
  const auto offset = [&](std::size_t column) {
    const double share = static_cast<double>(column) / static_cast<double>(columns);
    return column == columns ? size : static_cast<std::uint64_t>(share * static_cast<double>(size));
  };
  // Each part of the strip is of its full height and answers to the pointer; what is new lies in
  // front of it where both are.
  std::string out;
  for (const StripPart& part : strip_parts(new_shares(file.new_ranges, size, columns))) {
    const ByteRange bytes{offset(part.begin), offset(part.end)};
    const double x = kMargin + static_cast<double>(part.begin) * unit;
    const double width = static_cast<double>(part.end - part.begin) * unit;
    const bool whole = part.level == kStripLevels;
    const double tall = kStrip * part.level / kStripLevels;
    out += box(whole ? "new" : "known", x, y, width, kStrip,
               concat(word(part.level), ", ", format_bytes(bytes.size()), ", bytes ",
                      format_integer(bytes.begin), " to ", format_integer(bytes.end),
                      places(file, bytes)));
    if (part.level > 0 && !whole) out += box("new pass", x, y + kStrip - tall, width, tall);
  }
  return out;
}

std::string band(const DedupeFile& file, double y) {
  if (file.regions.empty()) return {};
  return concat("<g transform=\"translate(", coordinate(kMargin), ' ', coordinate(y), ") scale(",
                format_fixed(kInner / kPictureWidth, 4), " 1)\">", layout_shapes(file, kBand),
                "</g>");
}

std::string facts(const DedupeNumbers& n) {
  return concat(format_bytes(n.new_bytes), " new of ", format_bytes(n.size), "; Xet sends ",
                format_bytes(n.xet_upload), ", LFS ", format_bytes(n.lfs_upload));
}

// Draws downwards; `y_` is where the next thing begins.
class Image {
 public:
  // `files`: how many of a version have strips of their own.
  Image(std::size_t columns, std::size_t files) : columns_(columns), files_(files) {}

  void add(const DedupeVersion& version) {
    y_ += 20;
    if (version.files.size() != 1) {
      line(text(kMargin, y_ + 14, "v", title(version.name)),
           text(kWidth - kMargin, y_ + 14, "", facts(version.numbers), true), 34);
    }
    const DrawnFiles drawn = drawn_files(version, files_);
    for (const DedupeFile* file : drawn.own) add(file_title(version, *file), *file, true);
    if (drawn.others > 0)
      add(concat("and ", format_count(drawn.others, "more file")), drawn.rest, false);
  }
  std::string finish(const std::string& description) {
    y_ += 18;
    out_ += legend(y_);
    const std::string height = coordinate(y_ + 22);
    return concat("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 ", coordinate(kWidth),
                  ' ', height, "\" width=\"", coordinate(kWidth), "\" height=\"", height,
                  "\" role=\"img\"><title>", description, "</title>", kStyle,
                  "<rect class=\"paper\" width=\"100%\" height=\"100%\"/>", out_, "</svg>\n");
  }

 private:
  static std::string title(std::string_view name) {
    // visible_text() may lengthen what it shows: it comes before the shortening.
    return escaped(shortened(visible_text(name), kTitleLength));
  }
  void line(const std::string& left, const std::string& right, double height) {
    out_ += left + right;
    y_ += height;
  }
  void add(const std::string& name, const DedupeFile& file, bool tell_changes) {
    line(text(kMargin, y_ + 12, "f", title(name)),
         text(kWidth - kMargin, y_ + 12, "", facts(file.numbers), true), 22);
    out_ += concat(strip(file, y_, columns_), band(file, y_ + kStrip + 2));
    y_ += kStrip + (file.regions.empty() ? 0 : kBand + 2);
    const std::string changes = tell_changes ? layout_text(file, kMostNames) : "";
    if (!changes.empty())
      line(text(kMargin, y_ + 16, "",
                escaped(shortened(visible_text(changes), kLineLength, Keep::kStart))),
           "", 20);
    y_ += 20;
  }

  const std::size_t columns_;
  const std::size_t files_;
  double y_ = 0;
  std::string out_;
};

}  // namespace

std::string to_svg(const DedupeReport& report) {
  const std::size_t most =
      std::max<std::size_t>(1, kMostStrips / std::max<std::size_t>(1, report.versions.size()));
  std::size_t strips = 0;
  for (const DedupeVersion& version : report.versions)
    strips += std::min(version.files.size(), most + 1);
  Image image(
      std::clamp(kMostParts / std::max<std::size_t>(strips, 1), kLeastColumns, kMostColumns), most);
  for (const DedupeVersion& version : report.versions) image.add(version);
  std::string description = "Where new bytes lie";
  if (!report.versions.empty())
    description += concat(" in ", escaped(short_names(report).back()), ": ",
                          facts(report.versions.back().numbers));
  return image.finish(description);
}

}  // namespace hubdist
