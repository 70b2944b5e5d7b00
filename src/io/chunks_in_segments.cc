#include <algorithm>
#include <memory>
#include <utility>

#include "io/internal/buffer_pool.h"
#include "io/internal/chunk_streams.h"
#include "io/internal/task_queue.h"
#include <hubdist/core/chunk_segments.h>

namespace hubdist::internal {
namespace {

constexpr std::size_t kMaxSegment = 8 * kMiB;
constexpr std::size_t kMinSegment = 2 * kMiB;  // a large part of a shorter one is cut twice

// 16 MiB a thread and 32 MiB in all. The chunks that go over from one segment to the next have room
// of their own.
std::size_t segment_buffers(std::size_t threads) { return 2 * threads + 4; }

std::size_t segment_size(std::uint64_t file_size, std::size_t threads) {
  const std::uint64_t even = file_size / (4 * threads);
  // Whole chunks of the greatest size, so that long runs of one byte have common boundaries.
  return static_cast<std::size_t>(std::clamp<std::uint64_t>(even, kMinSegment, kMaxSegment) /
                                  kMaxChunkSize * kMaxChunkSize);
}

struct Segment {
  Segment(BufferPool::Lease lease, std::size_t size)
      : buffer(std::move(lease)), bytes(buffer.bytes().first(size)) {}

  const BufferPool::Lease buffer;
  const MutableBytes bytes;
  SegmentCutter cutter;
};
using SegmentPointer = std::shared_ptr<Segment>;

struct SegmentBatch : ChunkBatch {
  SegmentPointer segment;  // whose bytes these are; or
  Bytes bridge;            // those of one chunk
};

class SegmentStream {
 public:
  SegmentStream(ChunkSource& source, const ChunkSink& sink, Executor& executor)
      : source_(source),
        sink_(sink),
        threads_(executor.threads()),
        segment_size_(segment_size(source.size(), threads_)),
        pool_(std::make_shared<BufferPool>(segment_buffers(threads_), segment_size_)),
        queue_(executor) {}

  Status run() {
    while (started_ < source_.size() || !queue_.empty()) {
      HUBDIST_TRY(start_segments());
      HUBDIST_ASSIGN(SegmentPointer segment, queue_.next());
      SegmentJoiner::Joined joined = joiner_.add(segment->bytes, std::move(segment->cutter));
      HUBDIST_TRY(hand_out(std::move(segment), std::move(joined)));
    }
    HUBDIST_TRY(hand_out(nullptr, joiner_.finish()));
    return source_.check_unchanged();
  }

 private:
  // Starts enough to keep all threads busy, as long as there are buffers; waits for one when no
  // segment is under way.
  Status start_segments() {
    while (started_ < source_.size() && queue_.size() < threads_ + 2) {
      auto lease = pool_->try_take();
      if (lease) {
        start(*std::move(lease));
      } else if (queue_.empty()) {
        HUBDIST_ASSIGN(auto waited_for, pool_->take(source_.stop()));
        start(std::move(waited_for));
      } else {
        break;
      }
    }
    return {};
  }

  void start(BufferPool::Lease lease) {
    const auto size =
        static_cast<std::size_t>(std::min<std::uint64_t>(segment_size_, source_.size() - started_));
    const std::uint64_t offset = std::exchange(started_, started_ + size);
    auto segment = std::make_shared<Segment>(std::move(lease), size);
    queue_.start([source = source_, segment = std::move(segment),
                  offset](std::stop_token unwanted) -> Result<SegmentPointer> {
      ChunkSource mine = source.wanted_until(std::move(unwanted));
      for (std::size_t read = 0; read < segment->bytes.size();) {
        const std::size_t step = std::min(kReadStep, segment->bytes.size() - read);
        HUBDIST_TRY(mine.read_all(segment->bytes.subspan(read, step), offset + read));
        read += step;
        segment->cutter.extend(segment->bytes.first(read));
      }
      return segment;
    });
  }

  Status hand_out(SegmentPointer segment, SegmentJoiner::Joined joined) {
    if (!joined.bridge_chunks.empty()) {
      auto batch = std::make_shared<SegmentBatch>();
      batch->bridge = std::move(joined.bridge);
      batch->bytes = batch->bridge;
      HUBDIST_TRY(hand_out(std::move(batch), std::move(joined.bridge_chunks)));
    }
    if (joined.chunks.empty()) return {};
    std::size_t size = 0;
    for (const Chunk& chunk : joined.chunks) size += chunk.size;
    auto batch = std::make_shared<SegmentBatch>();
    batch->bytes = segment->bytes.subspan(joined.begin, size);
    batch->segment = std::move(segment);
    return hand_out(std::move(batch), std::move(joined.chunks));
  }

  Status hand_out(std::shared_ptr<SegmentBatch> batch, std::vector<Chunk> chunks) {
    batch->offset = std::exchange(handed_out_, handed_out_ + batch->bytes.size());
    batch->chunks = std::move(chunks);
    return sink_(std::move(batch));
  }

  ChunkSource& source_;
  const ChunkSink& sink_;
  const std::size_t threads_;
  const std::size_t segment_size_;
  const std::shared_ptr<BufferPool> pool_;
  SegmentJoiner joiner_;
  std::uint64_t started_ = 0;     // bytes in segments that were started
  std::uint64_t handed_out_ = 0;  // bytes in batches
  TaskQueue<SegmentPointer> queue_;
};

}  // namespace

Status stream_in_segments(ChunkSource& source, const ChunkSink& sink, Executor& executor) {
  return SegmentStream(source, sink, executor).run();
}

}  // namespace hubdist::internal
