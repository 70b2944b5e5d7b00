#include "core/report/own_changes.h"

#include <algorithm>
#include <utility>

#include <hubdist/core/chunker.h>

namespace hubdist::report {
namespace {

// Chunks end where they end: a new range holds bytes at its ends that did not change. What it has
// in common with a region counts between these, and from the size of a usual chunk on.
constexpr std::uint64_t kBefore = kMaxChunkSize;     // up to the first byte that changed
constexpr std::uint64_t kAfter = 2 * kMaxChunkSize;  // until chunks end where they ended before
constexpr std::uint64_t kUsualChunk = 64 * kKiB;

std::uint64_t overlap(const ByteRange& a, const ByteRange& b) {
  const std::uint64_t begin = std::max(a.begin, b.begin);
  const std::uint64_t end = std::min(a.end, b.end);
  return begin < end ? end - begin : 0;
}

bool has_new(const RegionReport& region) { return region.new_bytes > 0; }

bool is_head(RegionKind kind) {
  return kind == RegionKind::kHeader || kind == RegionKind::kMetadata;
}

class OwnChanges {
 public:
  explicit OwnChanges(const DedupeFile& file) : regions_(file.regions), own_(regions_.size()) {
    std::size_t next = 0;
    for (const ByteRange& range : file.new_ranges) {
      while (next < regions_.size() && regions_[next].region.range.end <= range.begin) ++next;
      mark(range, next);
    }
    // Without ranges there is nothing to tell by.
    if (file.new_ranges.empty())
      for (std::size_t i = 0; i < own_.size(); ++i) own_[i] = has_new(regions_[i]);
  }
  std::vector<bool> take() { return std::move(own_); }

 private:
  void mark(const ByteRange& range, std::size_t first) {
    const ByteRange middle{range.begin + kBefore, range.end - std::min(range.end, kAfter)};
    std::uint64_t most = 0;
    std::size_t main = first;
    bool any = false;
    for (std::size_t i = first; i < regions_.size(); ++i) {
      const ByteRange& region = regions_[i].region.range;
      if (region.begin >= range.end) break;
      const bool inside = range.begin <= region.begin && region.end <= range.end;
      // A header is short, and what tools rewrite.
      if (is_head(regions_[i].region.kind) || overlap(region, middle) >= kUsualChunk ||
          (inside && region.size() > kMaxChunkSize))
        own_[i] = any = true;
      if (const std::uint64_t shared = overlap(region, range); shared > most) {
        most = shared;
        main = i;
      }
    }
    if (!any && most > 0) own_[main] = true;
  }

  const std::vector<RegionReport>& regions_;
  std::vector<bool> own_;
};

}  // namespace

std::vector<bool> own_changes(const DedupeFile& file) { return OwnChanges(file).take(); }

}  // namespace hubdist::report
