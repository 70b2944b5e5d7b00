#include "store/internal/chunk_tree.h"

#include <algorithm>
#include <iterator>

namespace hubdist::internal {

void ChunkTree::add(std::uint64_t offset, const Chunk& chunk) {
  const std::uint64_t end = offset + chunk.size;
  if (offset < tree_.size()) return;
  if (offset == tree_.size()) {
    tree_.update(chunk);
    drain();
    return;
  }
  const auto after = runs_.upper_bound(offset);
  if (after != runs_.end() && after->first < end) return;
  if (after != runs_.begin()) {
    Run& before = std::prev(after)->second;
    if (before.end > offset) return;
    if (before.end == offset) {
      before.chunks.push_back(chunk);
      before.end = end;
      return;
    }
  }
  runs_.emplace_hint(after, offset, Run{end, {chunk}});
}

void ChunkTree::drain() {
  // A run that begins inside the front part was cut in other places than what came before it.
  while (!runs_.empty() && runs_.begin()->first <= tree_.size()) {
    const auto first = runs_.begin();
    if (first->first < tree_.size()) broken_ = true;
    if (!broken_)
      for (const Chunk& chunk : first->second.chunks) tree_.update(chunk);
    runs_.erase(first);
  }
}

void ChunkTree::altered(ByteRange range) {
  const auto after = runs_.lower_bound(range.end);
  broken_ = broken_ || range.begin < tree_.size() ||
            (after != runs_.begin() && std::prev(after)->second.end > range.begin);
}

std::optional<XetHash> ChunkTree::root(std::uint64_t size) const {
  if (broken_ || !runs_.empty() || tree_.size() != size) return std::nullopt;
  return tree_.file_hash();
}

}  // namespace hubdist::internal
