#include <algorithm>
#include <iterator>

#include <hubdist/core/range_set.h>

namespace hubdist {

void RangeSet::add(ByteRange range) {
  if (range.empty()) return;
  auto next = ranges_.upper_bound(range.begin);
  if (next != ranges_.begin() && std::prev(next)->second >= range.begin) --next;
  while (next != ranges_.end() && next->first <= range.end) {
    range.begin = std::min(range.begin, next->first);
    range.end = std::max(range.end, next->second);
    size_ -= next->second - next->first;
    next = ranges_.erase(next);
  }
  ranges_.emplace_hint(next, range.begin, range.end);
  size_ += range.size();
}

void RangeSet::add(const RangeSet& other) {
  if (&other == this) return;
  for (const auto& [begin, end] : other.ranges_) add(ByteRange{begin, end});
}

void RangeSet::remove(ByteRange range) {
  if (range.empty()) return;
  auto next = ranges_.upper_bound(range.begin);
  if (next != ranges_.begin() && std::prev(next)->second > range.begin) --next;
  while (next != ranges_.end() && next->first < range.end) {
    const auto [begin, end] = *next;
    next = ranges_.erase(next);
    size_ -= end - begin;
    if (begin < range.begin) {
      ranges_.emplace_hint(next, begin, range.begin);
      size_ += range.begin - begin;
    }
    if (range.end < end) {
      ranges_.emplace_hint(next, range.end, end);
      size_ += end - range.end;
    }
  }
}

void RangeSet::remove(const RangeSet& other) {
  if (&other == this) {
    ranges_.clear();
    size_ = 0;
    return;
  }
  for (const auto& [begin, end] : other.ranges_) remove(ByteRange{begin, end});
}

bool RangeSet::contains(ByteRange range) const {
  return range.empty() || contiguous_end(range.begin) >= range.end;
}

bool RangeSet::intersects(ByteRange range) const {
  if (range.empty()) return false;
  const auto next = ranges_.upper_bound(range.begin);
  if (next != ranges_.begin() && std::prev(next)->second > range.begin) return true;
  return next != ranges_.end() && next->first < range.end;
}

std::vector<ByteRange> RangeSet::ranges() const {
  std::vector<ByteRange> out;
  out.reserve(ranges_.size());
  for (const auto& [begin, end] : ranges_) out.push_back({begin, end});
  return out;
}

std::vector<ByteRange> RangeSet::gaps(ByteRange range) const {
  std::vector<ByteRange> out;
  while (!range.empty()) {
    range.begin = std::max(range.begin, contiguous_end(range.begin));
    if (range.empty()) break;
    const auto next = ranges_.upper_bound(range.begin);
    const std::uint64_t end = next == ranges_.end() ? range.end : std::min(range.end, next->first);
    out.push_back({range.begin, end});
    range.begin = end;
  }
  return out;
}

std::uint64_t RangeSet::contiguous_end(std::uint64_t offset) const {
  const auto next = ranges_.upper_bound(offset);
  if (next == ranges_.begin()) return offset;
  return std::max(offset, std::prev(next)->second);
}

}  // namespace hubdist
