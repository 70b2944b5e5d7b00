// When the reference client stores chunks again rather than refer to them, so that a file's chunks
// do not lie in too many places: when its last 128 ranges have few chunks each, and the range that
// it could refer to has fewer.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace hubdist::internal {

class Fragmentation {
 public:
  // The file goes on with `chunks` chunks in another place, or where the last range ended.
  void begin_range(std::uint32_t chunks) {
    total_ += chunks;
    total_ -= sizes_[next_];
    sizes_[next_] = chunks;
    next_ = (next_ + 1) % kRanges;
    if (count_ < kRanges) ++count_;
  }
  void extend_range(std::uint32_t chunks) {
    sizes_[(next_ + kRanges - 1) % kRanges] += chunks;
    total_ += chunks;
  }
  // Whether the file may refer to a new range of `chunks` chunks.
  bool allows_range(std::uint32_t chunks) {
    if (count_ < kRanges) return true;
    const float average = static_cast<float>(total_) / static_cast<float>(kRanges);
    if (average >= (strict_ ? kGoodAverage : kPoorAverage)) {
      strict_ = false;
      return true;
    }
    if (static_cast<float>(chunks) >= average) return true;
    strict_ = true;
    return false;
  }

 private:
  static constexpr std::size_t kRanges = 128;
  static constexpr float kGoodAverage = 8;
  static constexpr float kPoorAverage = 4;
  std::array<std::uint32_t, kRanges> sizes_{};
  std::size_t next_ = 0;
  std::size_t count_ = 0;
  std::uint64_t total_ = 0;
  bool strict_ = false;  // since a range was refused, until the average is good
};

}  // namespace hubdist::internal
