// Cuts a content in segments and joins them, as the driver of big files does.
#pragma once

#include <hubdist/core/chunk_segments.h>

namespace hubdist::testing {

// `next_size` gives the size of each segment; `piece` is how many bytes a cutter gets at a time.
// Checks that the joined chunks lie where they say.
template <typename NextSize, typename Require>
std::vector<Chunk> chunks_by_segments(ByteView content, NextSize next_size, std::size_t piece,
                                      Require require) {
  std::vector<Chunk> all;
  SegmentJoiner joiner;
  std::size_t end = 0;  // of the chunks so far
  const auto take = [&](const std::vector<Chunk>& chunks, ByteView bytes) {
    for (const Chunk& chunk : chunks) {
      require(chunk.size <= bytes.size());
      require(chunk_hash(bytes.first(chunk.size)) == chunk.hash);
      bytes = bytes.subspan(chunk.size);
      end += chunk.size;
    }
    all.insert(all.end(), chunks.begin(), chunks.end());
  };
  for (std::size_t begin = 0; begin < content.size();) {
    const ByteView segment =
        content.subspan(begin, std::min<std::size_t>(next_size(), content.size() - begin));
    SegmentCutter cutter;
    for (std::size_t given = 0; given < segment.size();) {
      given = std::min(given + piece, segment.size());
      cutter.extend(segment.first(given));
    }
    const SegmentJoiner::Joined joined = joiner.add(segment, std::move(cutter));
    take(joined.bridge_chunks, joined.bridge);
    require(joined.chunks.empty() || end == begin + joined.begin);
    take(joined.chunks, segment.subspan(joined.chunks.empty() ? 0 : joined.begin));
    begin += segment.size();
  }
  const SegmentJoiner::Joined last = joiner.finish();
  take(last.bridge_chunks, last.bridge);
  require(end == content.size());
  return all;
}

}  // namespace hubdist::testing
