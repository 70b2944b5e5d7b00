// A set of offsets, kept as sorted ranges that neither touch nor overlap.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include <hubdist/base/bytes.h>

namespace hubdist {

// Not thread-safe. Operations cost O(log n) and the ranges that they join or cut.
class RangeSet {
 public:
  RangeSet() = default;
  explicit RangeSet(ByteRange range) { add(range); }
  void add(ByteRange range);
  void add(const RangeSet& other);
  void remove(ByteRange range);
  void remove(const RangeSet& other);
  bool contains(ByteRange range) const;  // all of it; an empty range always
  bool intersects(ByteRange range) const;
  bool empty() const { return ranges_.empty(); }
  std::uint64_t size() const { return size_; }  // offsets in the set
  std::vector<ByteRange> ranges() const;
  // What of `range` is not in the set, in order.
  std::vector<ByteRange> gaps(ByteRange range) const;
  // The end of the run that begins at or covers `offset`; `offset` itself when it is not in the
  // set.
  std::uint64_t contiguous_end(std::uint64_t offset) const;
  friend bool operator==(const RangeSet& a, const RangeSet& b) { return a.ranges_ == b.ranges_; }

 private:
  std::map<std::uint64_t, std::uint64_t> ranges_;  // begin -> end
  std::uint64_t size_ = 0;
};

}  // namespace hubdist
