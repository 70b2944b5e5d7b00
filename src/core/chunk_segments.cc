#include <iterator>
#include <utility>

#include <hubdist/core/chunk_segments.h>

namespace hubdist {

void SegmentCutter::extend(ByteView bytes) {
  while (scanned_ < bytes.size()) {
    const Chunker::Step step = chunker_.next(bytes.subspan(scanned_));
    scanned_ += step.taken;
    if (!step.boundary) continue;
    const ByteView chunk = bytes.subspan(cut_, scanned_ - cut_);
    chunks_.push_back({chunk_hash(chunk), static_cast<std::uint32_t>(chunk.size())});
    cut_ = scanned_;
  }
}

bool SegmentJoiner::close_open_chunk(ByteView segment, Joined& joined) {
  if (open_.empty()) return true;
  const Chunker::Step step = chunker_.next(segment);
  append_bytes(open_, segment.first(step.taken));
  if (!step.boundary) return false;
  joined.begin = step.taken;
  joined.bridge = std::exchange(open_, {});
  joined.bridge_chunks.push_back(
      {chunk_hash(joined.bridge), static_cast<std::uint32_t>(joined.bridge.size())});
  return true;
}

void SegmentJoiner::join(ByteView segment, SegmentCutter& cutter, Joined& joined) {
  std::size_t cut = joined.begin;
  std::size_t theirs = 0;  // the boundary behind the cutter's chunks before `next`
  auto next = cutter.chunks_.begin();
  while (true) {
    while (next != cutter.chunks_.end() && theirs < cut) theirs += (next++)->size;
    if (theirs == cut) break;
    chunker_ = {};
    const Chunker::Step step = chunker_.next(segment.subspan(cut));
    const ByteView chunk = segment.subspan(cut, step.taken);
    if (!step.boundary) {  // the segment ends without a common boundary
      open_.assign(chunk.begin(), chunk.end());
      return;
    }
    joined.chunks.push_back({chunk_hash(chunk), static_cast<std::uint32_t>(chunk.size())});
    cut += chunk.size();
  }
  if (joined.chunks.empty() && next == cutter.chunks_.begin())
    joined.chunks = std::move(cutter.chunks_);
  else
    joined.chunks.insert(joined.chunks.end(), next, cutter.chunks_.end());
  const ByteView rest = segment.subspan(cutter.cut_);
  open_.assign(rest.begin(), rest.end());
  chunker_ = cutter.chunker_;
}

SegmentJoiner::Joined SegmentJoiner::add(ByteView segment, SegmentCutter cutter) {
  Joined joined;
  if (close_open_chunk(segment, joined)) join(segment, cutter, joined);
  return joined;
}

SegmentJoiner::Joined SegmentJoiner::finish() {
  Joined joined;
  if (!open_.empty()) {
    joined.bridge = std::exchange(open_, {});
    joined.bridge_chunks.push_back(
        {chunk_hash(joined.bridge), static_cast<std::uint32_t>(joined.bridge.size())});
  }
  chunker_ = {};
  return joined;
}

}  // namespace hubdist
