#include "core/report/drawn_files.h"

#include <algorithm>
#include <utility>

namespace hubdist::report {
namespace {

void append(DedupeFile& all, const DedupeFile& file) {
  const std::uint64_t base = all.numbers.size;
  for (const ByteRange& range : file.new_ranges) {
    const ByteRange moved{base + range.begin, base + range.end};
    if (!all.new_ranges.empty() && all.new_ranges.back().end == moved.begin)
      all.new_ranges.back().end = moved.end;
    else
      all.new_ranges.push_back(moved);
  }
  all.numbers += file.numbers;
  if (file.numbers.size == 0) return;
  const Region region{RegionKind::kTable, file.path, "", {base, all.numbers.size}};
  all.regions.push_back({region, file.numbers.new_bytes});
}

}  // namespace

DrawnFiles drawn_files(const DedupeVersion& version, std::size_t most) {
  std::vector<const DedupeFile*> files;
  for (const DedupeFile& file : version.files)
    if (file.change != FileChange::kRemoved) files.push_back(&file);
  DrawnFiles drawn;
  if (files.size() <= most) {
    drawn.own = std::move(files);
    return drawn;
  }
  const auto end = files.begin() + static_cast<std::ptrdiff_t>(most);
  std::stable_sort(files.begin(), files.end(), [](const DedupeFile* a, const DedupeFile* b) {
    return a->numbers.new_bytes > b->numbers.new_bytes;
  });
  // Files lie in one array: their addresses are their order.
  std::sort(files.begin(), end);
  std::sort(end, files.end());
  drawn.own.assign(files.begin(), end);
  drawn.others = files.size() - most;
  std::for_each(end, files.end(), [&](const DedupeFile* file) { append(drawn.rest, *file); });
  return drawn;
}

}  // namespace hubdist::report
