#include <memory>
#include <utility>

#include "io/internal/buffer_pool.h"
#include "io/internal/chunk_streams.h"
#include "io/internal/ordered_cutter.h"

namespace hubdist::internal {
namespace {

constexpr std::size_t kBatchRoom = 2 * kMiB;
constexpr std::size_t kBatches = 16;  // that a sink may hold

struct OwnedBatch : ChunkBatch {
  explicit OwnedBatch(BufferPool::Lease lease) : buffer(std::move(lease)) {}
  BufferPool::Lease buffer;
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

}  // namespace hubdist::internal
