// Where new bytes lie, at the resolution of a picture.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include <hubdist/base/bytes.h>

namespace hubdist {

// The share of new bytes, 0 to 1, in each of `columns` equal parts of a file of `size` bytes.
// `new_ranges` as in DedupeFile. More than 0 wherever a single byte is new; all 0 for an empty
// file.
std::vector<double> new_shares(const std::vector<ByteRange>& new_ranges, std::uint64_t size,
                               std::size_t columns);

// A run of columns that look alike in a picture.
struct StripPart {
  std::size_t begin = 0;  // columns [begin, end)
  std::size_t end = 0;
  int level = 0;  // how much is new, in steps of 1 / kStripLevels: 0 nothing, kStripLevels all
  friend bool operator==(const StripPart&, const StripPart&) = default;
};
inline constexpr int kStripLevels = 8;
// All columns in order; neighbours differ. What is new at all has at least level 1, and a change
// that is finer than a column and stands alone has kStripLevels: a low mark would be overlooked.
std::vector<StripPart> strip_parts(const std::vector<double>& shares);

}  // namespace hubdist
