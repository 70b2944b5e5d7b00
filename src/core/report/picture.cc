#include "core/report/picture.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "core/report/markup.h"
#include <hubdist/base/quantity.h>
#include <hubdist/base/strings.h>

namespace hubdist::report {
namespace {

constexpr double kFinest = 1.5;     // units: a narrower region is drawn with its neighbours
constexpr double kLabelled = 0.06;  // share of the width from which a region carries its name
constexpr double kLineHeight = 3;   // under regions with new bytes

std::string rectangle(double x, double y, double width, double height) {
  return concat('M', coordinate(x), ' ', coordinate(y), 'h', coordinate(width), 'v',
                coordinate(height), 'h', coordinate(-width), 'z');
}

std::string path(std::string_view style, const std::string& shape) {
  return shape.empty() ? "" : concat("<path class=\"", style, "\" d=\"", shape, "\"/>");
}

double position(const DedupeFile& file, std::uint64_t offset) {
  return static_cast<double>(offset) / static_cast<double>(file.numbers.size) * kPictureWidth;
}

bool is_meta(RegionKind kind) {
  return kind == RegionKind::kHeader || kind == RegionKind::kMetadata || kind == RegionKind::kFree;
}

// Joins regions that are too fine to be seen apart into one shape.
class Crowd {
 public:
  explicit Crowd(double height) : height_(height) {}
  void add(double begin, double end) {
    if (begin > end_ + kFinest) flush();
    if (!open_) begin_ = begin;
    open_ = true;
    end_ = end;
  }
  void flush() {
    if (open_) shape_ += rectangle(begin_, 0, std::max(end_ - begin_, 0.5), height_);
    open_ = false;
  }
  const std::string& shape() const { return shape_; }

 private:
  double height_;
  double begin_ = 0;
  double end_ = 0;
  bool open_ = false;
  std::string shape_;
};

std::string touched_shape(const DedupeFile& file, double height) {
  std::vector<ByteRange> touched;
  for (const RegionReport& region : file.regions)
    if (region.new_bytes > 0) touched.push_back(region.region.range);
  std::string shape;
  const auto columns = static_cast<std::size_t>(kPictureWidth);
  for (const StripPart& part : strip_parts(new_shares(touched, file.numbers.size, columns))) {
    if (part.level == 0) continue;
    shape += rectangle(static_cast<double>(part.begin), height - kLineHeight,
                       static_cast<double>(part.end - part.begin), kLineHeight);
  }
  return shape;
}

}  // namespace

std::string strip_shapes(const DedupeFile& file, std::size_t columns, double height) {
  if (file.numbers.size == 0) return path("frame", rectangle(0, 0, kPictureWidth, height));
  const double unit = kPictureWidth / static_cast<double>(columns);
  std::string fresh;
  for (const StripPart& part :
       strip_parts(new_shares(file.new_ranges, file.numbers.size, columns))) {
    if (part.level == 0) continue;
    const double tall = height * part.level / kStripLevels;
    fresh += rectangle(static_cast<double>(part.begin) * unit, height - tall,
                       static_cast<double>(part.end - part.begin) * unit, tall);
  }
  return concat(path("known", rectangle(0, 0, kPictureWidth, height)), path("new", fresh));
}

std::string layout_shapes(const DedupeFile& file, double height) {
  if (file.numbers.size == 0) return {};
  std::array<std::string, 2> tints;
  std::string meta;
  Crowd crowd(height);
  std::size_t turn = 0;
  for (const RegionReport& report : file.regions) {
    const Region& region = report.region;
    const double begin = position(file, region.range.begin);
    const double end = position(file, region.range.end);
    if (end - begin < kFinest) {
      crowd.add(begin, end);
      continue;
    }
    crowd.flush();
    std::string& shape = is_meta(region.kind) ? meta : tints[turn++ % 2];
    shape += rectangle(begin, 0, end - begin, height);
  }
  crowd.flush();
  return concat(path("even", tints[0]), path("odd", tints[1]), path("meta", meta),
                path("many", crowd.shape()), path("touched", touched_shape(file, height)));
}

std::vector<LayoutLabel> layout_labels(const DedupeFile& file) {
  std::vector<LayoutLabel> labels;
  if (file.numbers.size == 0) return labels;
  for (const RegionReport& report : file.regions) {
    const double left = position(file, report.region.range.begin) / kPictureWidth;
    const double width = position(file, report.region.range.end) / kPictureWidth - left;
    if (width >= kLabelled) labels.push_back({left, width, &report.region});
  }
  return labels;
}

std::vector<Tick> ticks(std::uint64_t size) {
  static constexpr double kMost = 5;
  static constexpr double kLast = 0.86;  // the size stands at the end
  std::vector<Tick> out;
  if (size < 10) return out;
  const double whole = static_cast<double>(size);
  const double decade = std::pow(10, std::floor(std::log10(whole / kMost)));
  double step = decade;
  for (const double factor : {2.0, 5.0, 10.0})
    if (whole / step > kMost) step = decade * factor;
  for (double at = 0; at <= whole * kLast; at += step) {
    std::string text = at == 0 ? "0" : format_bytes(static_cast<std::uint64_t>(at + 0.5));
    // "200 MB" and "1.20 GB" rather than "1.00 GB": zeros that say nothing go.
    if (const std::size_t space = text.find(' '); text.find('.') < space)
      text = concat(coordinate(std::stod(text.substr(0, space))), text.substr(space));
    out.push_back({at / whole, std::move(text)});
  }
  return out;
}

}  // namespace hubdist::report
