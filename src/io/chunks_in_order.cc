#include <memory>
#include <utility>

#include "io/internal/buffer_pool.h"
#include "io/internal/chunk_streams.h"

namespace hubdist::internal {
namespace {

constexpr std::size_t kBatchRoom = 2 * kMiB;
constexpr std::size_t kBatches = 16;  // held by the sink at a time

struct OwnedBatch : ChunkBatch {
  explicit OwnedBatch(BufferPool::Lease lease) : buffer(std::move(lease)) {}
  BufferPool::Lease buffer;
};

// Cuts what lies in a buffer; the chunk that is open at the buffer's end begins the next one.
class OrderedCutter {
 public:
  explicit OrderedCutter(ChunkSource& source) : source_(source) {}
  bool ended() const { return ended_; }

  // Puts the bytes of the open chunk into `room`, reads behind them until it is full or the content
  // ends, and gives each whole chunk to `take`. Returns how many bytes these have.
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
      const MutableBytes next = room.subspan(filled, std::min(kReadStep, room.size() - filled));
      HUBDIST_ASSIGN(const std::size_t got, source_.read(next, offset_));
      ended_ = got == 0;
      filled += got;
      offset_ += got;
      while (scanned < filled) {
        const Chunker::Step step = chunker_.next(ByteView(room).subspan(scanned, filled - scanned));
        scanned += step.taken;
        if (step.boundary) close_chunk();
      }
    }
    if (ended_ && cut < scanned) close_chunk();
    open_.assign(room.begin() + static_cast<std::ptrdiff_t>(cut),
                 room.begin() + static_cast<std::ptrdiff_t>(filled));
    return cut;
  }

 private:
  ChunkSource& source_;
  Chunker chunker_;  // has seen open_
  Bytes open_;
  std::uint64_t offset_ = 0;  // of the next byte to read
  bool ended_ = false;
};

}  // namespace

Status stream_in_order(ChunkSource& source, const ChunkSink& sink) {
  const auto pool = std::make_shared<BufferPool>(kBatches, kBatchRoom);
  OrderedCutter cutter(source);
  std::uint64_t offset = 0;
  while (!cutter.ended()) {
    HUBDIST_ASSIGN(auto lease, pool->take(source.stop()));
    auto batch = std::make_shared<OwnedBatch>(std::move(lease));
    const MutableBytes room = batch->buffer.bytes();
    HUBDIST_ASSIGN(const std::size_t size,
                   cutter.fill(room, [&](const Chunk& chunk) { batch->chunks.push_back(chunk); }));
    batch->offset = std::exchange(offset, offset + size);
    batch->bytes = room.first(size);
    if (size > 0) HUBDIST_TRY(sink(std::move(batch)));
  }
  return source.check_unchanged();
}

Status hash_in_order(ChunkSource& source, const HashSink& sink) {
  // A file's size is no promise, so a small file takes small room, and a byte more to see its end.
  constexpr std::size_t kRoom = 1 * kMiB;
  constexpr std::size_t kLeast = 2 * kMaxChunkSize;
  const std::size_t room = source.is_pipe() || source.size() >= kRoom
                               ? kRoom
                               : std::max(kLeast, static_cast<std::size_t>(source.size()) + 1);
  const auto buffer = std::make_unique_for_overwrite<std::byte[]>(room);
  OrderedCutter cutter(source);
  while (!cutter.ended()) HUBDIST_TRY(cutter.fill({buffer.get(), room}, sink).status());
  return source.check_unchanged();
}

}  // namespace hubdist::internal
