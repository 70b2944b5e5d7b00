// Cuts a part of a file in order, through one buffer after another.
#pragma once

#include <algorithm>
#include <limits>

#include "io/internal/chunk_source.h"
#include <hubdist/core/chunker.h>
#include <hubdist/core/merkle.h>

namespace hubdist::internal {

inline constexpr ByteRange kWholeContent = {0, std::numeric_limits<std::uint64_t>::max()};

// The chunk that is open at a buffer's end begins the next buffer. Not thread-safe.
class OrderedCutter {
 public:
  // The bytes `range`, or less where the content ends earlier; a chunk begins with them.
  explicit OrderedCutter(ChunkSource& source, ByteRange range = kWholeContent)
      : source_(source), range_(range), ended_(range.empty()) {}
  bool ended() const { return ended_; }

  // Puts the bytes of the open chunk into `room`, reads behind them until it is full or the range
  // ends, and gives each whole chunk to `take`. Returns how many bytes these have. `room` has more
  // than kMaxChunkSize bytes.
  template <typename Take>
  Result<std::size_t> fill(MutableBytes room, Take&& take) {
    std::copy(open_.begin(), open_.end(), room.begin());
    std::size_t filled = open_.size();
    std::size_t scanned = filled;
    std::size_t cut = 0;
    const auto close_chunk = [&] {
      const ByteView chunk = ByteView(room).subspan(cut, scanned - cut);
      take(Chunk{chunk_hash(chunk), static_cast<std::uint32_t>(chunk.size())});
      cut = scanned;
    };
    while (!ended_ && filled < room.size()) {
      HUBDIST_ASSIGN(const std::size_t got, read(room.subspan(filled)));
      filled += got;
      while (scanned < filled) {
        const Chunker::Step step = chunker_.next(ByteView(room).subspan(scanned, filled - scanned));
        scanned += step.taken;
        if (step.boundary) close_chunk();
      }
    }
    if (ended_ && cut < scanned) close_chunk();
    const ByteView open = ByteView(room).subspan(cut, filled - cut);
    open_.assign(open.begin(), open.end());
    return cut;
  }

 private:
  // One step of reading, so that what was read is still in the cache when it is cut.
  Result<std::size_t> read(MutableBytes out) {
    const std::uint64_t most = std::min<std::uint64_t>({kReadStep, out.size(), range_.size()});
    HUBDIST_ASSIGN(const std::size_t got,
                   source_.read(out.first(static_cast<std::size_t>(most)), range_.begin));
    range_.begin += got;
    ended_ = got == 0 || range_.empty();
    return got;
  }

  ChunkSource& source_;
  ByteRange range_;  // not read yet
  bool ended_;
  Chunker chunker_;  // has seen open_
  Bytes open_;
};

}  // namespace hubdist::internal
