#include <algorithm>
#include <cmath>

#include <hubdist/core/dedupe_strip.h>

namespace hubdist {
namespace {

constexpr std::size_t kAlone = 2;  // columns: a small range can lie on the border of two

int level_of(double share) {
  if (share <= 0) return 0;
  return std::clamp(static_cast<int>(share * kStripLevels + 0.5), 1, kStripLevels);
}

// Makes small changes visible that stand alone.
void raise_lonely(const std::vector<double>& shares, std::vector<int>& levels) {
  for (std::size_t begin = 0; begin < shares.size();) {
    std::size_t end = begin;
    while (end < shares.size() && shares[end] > 0) ++end;
    if (end > begin && end - begin <= kAlone) {
      const auto first = shares.begin() + static_cast<std::ptrdiff_t>(begin);
      const auto most = std::max_element(first, first + static_cast<std::ptrdiff_t>(end - begin));
      levels[static_cast<std::size_t>(most - shares.begin())] = kStripLevels;
    }
    begin = std::max(end, begin + 1);
  }
}

}  // namespace

std::vector<double> new_shares(const std::vector<ByteRange>& new_ranges, std::uint64_t size,
                               std::size_t columns) {
  std::vector<double> shares(columns, 0);
  if (size == 0 || columns == 0) return shares;
  const double scale = static_cast<double>(columns) / static_cast<double>(size);
  const auto column_of = [&](double x) {
    return std::min(static_cast<std::size_t>(std::max(x, 0.0)), columns - 1);
  };
  for (const ByteRange& range : new_ranges) {
    if (range.empty()) continue;
    const double begin = static_cast<double>(range.begin) * scale;
    const double end = static_cast<double>(range.end) * scale;
    const std::size_t last = column_of(std::ceil(end) - 1);
    for (std::size_t c = column_of(begin); c <= last; ++c) {
      const double left = std::max(begin, static_cast<double>(c));
      const double right = std::min(end, static_cast<double>(c + 1));
      // The smallest positive share keeps a byte in a very large file from rounding away.
      shares[c] = std::min(1.0, shares[c] + std::max(right - left, 1e-12));
    }
  }
  return shares;
}

std::vector<StripPart> strip_parts(const std::vector<double>& shares) {
  std::vector<int> levels(shares.size());
  std::transform(shares.begin(), shares.end(), levels.begin(), level_of);
  raise_lonely(shares, levels);
  std::vector<StripPart> parts;
  for (std::size_t c = 0; c < levels.size(); ++c) {
    if (parts.empty() || parts.back().level != levels[c]) parts.push_back({c, c, levels[c]});
    parts.back().end = c + 1;
  }
  return parts;
}

}  // namespace hubdist
