// Shapes of the pictures: path data for strips and for the layout under them. x runs from 0 to
// kPictureWidth over the whole file.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <hubdist/core/dedupe_report.h>
#include <hubdist/core/dedupe_strip.h>

namespace hubdist::report {

inline constexpr double kPictureWidth = 1000;

// The strip of a file as SVG elements of the classes known and new, `height` high. Where both lie
// in a column, the height of what is new is its share. A file without bytes is an empty frame.
std::string strip_shapes(const DedupeFile& file, std::size_t columns, double height);

// What lies where, as SVG elements `height` high: neighbours in two tints (classes even and odd),
// headers and metadata in a third (meta), regions finer than a column together (many), and a line
// under those with new bytes (touched).
std::string layout_shapes(const DedupeFile& file, double height);

// A region wide enough to carry its name; shares of the width.
struct LayoutLabel {
  double left = 0;
  double width = 0;
  const Region* region = nullptr;
};
std::vector<LayoutLabel> layout_labels(const DedupeFile& file);

// Round positions along a file: at most 6, the last well before the end.
struct Tick {
  double at = 0;  // share of the width
  std::string text;
};
std::vector<Tick> ticks(std::uint64_t size);

}  // namespace hubdist::report
