#include <array>

#include "cli/dedupe_text.h"
#include <hubdist/core/dedupe_strip.h>

namespace hubdist::cli {
namespace {

// From nothing new to all new; kStripLevels + 1 of each.
constexpr std::array<std::string_view, kStripLevels + 1> kBlocks = {
    " ", "\u2581", "\u2582", "\u2583", "\u2584", "\u2585", "\u2586", "\u2587", "\u2588"};
constexpr std::array<std::string_view, kStripLevels + 1> kAscii = {".", "-", "-", "-", "+",
                                                                   "+", "+", "#", "#"};
// Orange on grey: the colours of the report.
constexpr std::string_view kOn = "\x1b[38;5;208;48;5;240m";
constexpr std::string_view kOff = "\x1b[0m";

}  // namespace

std::string dedupe_bar(const DedupeFile& file, std::size_t columns, const TextStyle& style) {
  const auto parts = strip_parts(new_shares(file.new_ranges, file.numbers.size, columns));
  std::string bar;
  for (const StripPart& part : parts) {
    const auto level = static_cast<std::size_t>(part.level);
    // Without a background nothing would show where nothing is new.
    const std::string_view empty = style.color ? " " : "\u00b7";
    const std::string_view cell = !style.unicode ? kAscii[level]
                                  : level == 0   ? empty
                                                 : kBlocks[level];
    for (std::size_t c = part.begin; c < part.end; ++c) bar += cell;
  }
  if (!style.unicode) bar = '[' + bar + ']';
  if (style.color) bar = std::string(kOn) + bar + std::string(kOff);
  return bar;
}

}  // namespace hubdist::cli
