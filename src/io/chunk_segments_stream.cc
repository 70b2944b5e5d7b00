#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <utility>

#include "io/internal/buffer_pool.h"
#include "io/internal/chunk_streams.h"
#include <hubdist/core/chunk_segments.h>

namespace hubdist::internal {
namespace {

constexpr std::size_t kMaxSegment = 8 * kMiB;
constexpr std::size_t kMinSegment = 2 * kMiB;  // a shorter one is mostly cut twice
// 16 MiB a thread and 32 MiB in all; chunks that go over from one segment to the next have room of
// their own.
std::size_t segment_buffers(std::size_t threads) { return 2 * threads + 4; }

std::size_t segment_size(std::uint64_t file_size, std::size_t threads) {
  const std::uint64_t even = file_size / (4 * threads);
  return static_cast<std::size_t>(std::clamp<std::uint64_t>(even, kMinSegment, kMaxSegment) /
                                  kMaxChunkSize * kMaxChunkSize);
}

struct Segment {
  Segment(std::uint64_t begin, std::size_t length, BufferPool::Lease lease)
      : offset(begin), size(length), buffer(std::move(lease)) {}
  ByteView bytes() const { return buffer.bytes().first(size); }

  const std::uint64_t offset;
  const std::size_t size;
  BufferPool::Lease buffer;
  SegmentCutter cutter;
  Status status;
  bool done = false;
};

struct SegmentBatch : ChunkBatch {
  std::shared_ptr<Segment> segment;  // or
  Bytes bridge;
};

class SegmentStream {
 public:
  SegmentStream(ChunkSource& source, const ChunkSink& sink, Executor& executor)
      : source_(source),
        sink_(sink),
        executor_(executor),
        segment_size_(segment_size(source.size(), executor.threads())),
        pool_(std::make_shared<BufferPool>(segment_buffers(executor.threads()), segment_size_)) {}

  ~SegmentStream() {
    abandoned_ = true;
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return running_ == 0; });
  }

  Status run() {
    while (begun_ < source_.size() || !started_.empty()) {
      HUBDIST_TRY(start_segments());
      const std::shared_ptr<Segment> segment = std::move(started_.front());
      started_.pop_front();
      {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return segment->done; });
      }
      HUBDIST_TRY(segment->status);
      HUBDIST_TRY(hand_out(segment, joiner_.add(segment->bytes(), std::move(segment->cutter))));
    }
    HUBDIST_TRY(hand_out(nullptr, joiner_.finish()));
    return source_.check_unchanged();
  }

 private:
  // Starts as many as keep all threads busy, as long as there are buffers; at least one is started
  // afterwards.
  Status start_segments() {
    const std::size_t wanted = executor_.threads() + 2;
    while (begun_ < source_.size() && started_.size() < wanted) {
      auto lease = pool_->try_take();
      if (!lease && !started_.empty()) break;
      if (!lease) {
        HUBDIST_ASSIGN(auto waited, pool_->take(source_.stop()));
        start(std::move(waited));
      } else {
        start(*std::move(lease));
      }
    }
    return {};
  }

  void start(BufferPool::Lease lease) {
    const auto size =
        static_cast<std::size_t>(std::min<std::uint64_t>(segment_size_, source_.size() - begun_));
    auto segment = std::make_shared<Segment>(begun_, size, std::move(lease));
    begun_ += size;
    started_.push_back(segment);
    {
      const std::lock_guard lock(mutex_);
      ++running_;
    }
    executor_.submit([this, segment = std::move(segment)] {
      segment->status = read_and_cut(*segment);
      const std::lock_guard lock(mutex_);
      segment->done = true;
      --running_;
      changed_.notify_all();
    });
  }

  Status read_and_cut(Segment& segment) {
    const MutableBytes bytes = segment.buffer.bytes().first(segment.size);
    for (std::size_t read = 0; read < bytes.size();) {
      if (abandoned_) return cancelled("no longer wanted");
      const std::size_t step = std::min(kReadStep, bytes.size() - read);
      HUBDIST_TRY(source_.read_all(bytes.subspan(read, step), segment.offset + read));
      read += step;
      segment.cutter.extend(bytes.first(read));
    }
    return {};
  }

  Status hand_out(std::shared_ptr<Segment> segment, SegmentJoiner::Joined joined) {
    if (!joined.bridge_chunks.empty()) {
      auto batch = std::make_shared<SegmentBatch>();
      batch->bridge = std::move(joined.bridge);
      batch->bytes = batch->bridge;
      HUBDIST_TRY(hand_out(std::move(batch), std::move(joined.bridge_chunks)));
    }
    if (joined.chunks.empty()) return {};
    auto batch = std::make_shared<SegmentBatch>();
    std::size_t size = 0;
    for (const Chunk& chunk : joined.chunks) size += chunk.size;
    batch->bytes = segment->bytes().subspan(joined.begin, size);
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
  Executor& executor_;
  const std::size_t segment_size_;
  const std::shared_ptr<BufferPool> pool_;
  SegmentJoiner joiner_;
  std::deque<std::shared_ptr<Segment>> started_;  // not joined yet, in order
  std::uint64_t begun_ = 0;                       // bytes in segments that were started
  std::uint64_t handed_out_ = 0;
  std::atomic<bool> abandoned_ = false;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t running_ = 0;
};

}  // namespace

bool has_segments(const ChunkSource& source, std::size_t threads) {
  return threads > 1 && !source.is_pipe() && source.size() >= 2 * kMinSegment;
}

Status stream_segments(ChunkSource& source, const ChunkSink& sink, Executor& executor) {
  return SegmentStream(source, sink, executor).run();
}

}  // namespace hubdist::internal
