// Hashes without bytes: nothing is kept but a buffer for each thread, small enough for the cache.
#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "io/internal/chunk_streams.h"
#include "io/internal/ordered_cutter.h"
#include "io/internal/task_queue.h"
#include <hubdist/core/fixed_boundary.h>

namespace hubdist::internal {
namespace {

constexpr std::size_t kRoom = 1 * kMiB;
constexpr std::size_t kLeastRoom = 2 * kMaxChunkSize;

constexpr std::uint64_t kMaxPart = 32 * kMiB;
constexpr std::uint64_t kMinPart = 2 * kMiB;
// Where no boundary is found in so many bytes there may be none for long.
constexpr std::uint64_t kMaxSearch = kMinPart;

// The chunks of a range, of which about `expected` bytes are there. A file's size is no promise, so
// there is room for a byte more, with which its end is seen.
Status hash_range(ChunkSource& source, ByteRange range, std::uint64_t expected,
                  const ChunkTaker& take) {
  const auto room =
      static_cast<std::size_t>(std::clamp<std::uint64_t>(expected, kLeastRoom, kRoom - 1) + 1);
  const auto buffer = std::make_unique_for_overwrite<std::byte[]>(room);
  OrderedCutter cutter(source, range);
  while (!cutter.ended()) HUBDIST_TRY(cutter.fill({buffer.get(), room}, take).status());
  return {};
}

// Parts of a file that are chunked apart: each begins at the first boundary behind a multiple of
// the parts' size that does not depend on what lies before it (fixed_boundary.h).
class Parts {
 public:
  Parts(ChunkSource& source, std::size_t threads)
      : source_(source),
        size_(std::clamp<std::uint64_t>(source.size() / (4 * threads), kMinPart, kMaxPart)) {}

  std::uint64_t count() const { return (source_.size() + size_ - 1) / size_; }

  // Nothing where no such boundary is found: then the part before it goes on.
  Result<std::optional<std::uint64_t>> begin(std::uint64_t part) {
    const std::uint64_t first = part * size_;
    if (part == 0 || first >= source_.size()) return std::min(first, source_.size());
    FixedBoundaryFinder finder;
    Bytes bytes(kReadStep);
    const std::uint64_t end = std::min(first + kMaxSearch, source_.size());
    for (std::uint64_t at = first; at < end; at += bytes.size()) {
      bytes.resize(static_cast<std::size_t>(std::min<std::uint64_t>(kReadStep, end - at)));
      HUBDIST_TRY(source_.read_all(bytes, at));
      if (finder.update(bytes)) return first + finder.position();
    }
    return std::nullopt;
  }

  Result<ByteRange> range(std::uint64_t part) {
    HUBDIST_ASSIGN(const auto first, begin(part));
    if (!first) return ByteRange{};
    for (std::uint64_t next = part + 1;; ++next) {
      HUBDIST_ASSIGN(const auto end, begin(next));
      if (end) return ByteRange{*first, *end};
    }
  }

 private:
  ChunkSource& source_;
  const std::uint64_t size_;
};

}  // namespace

Status hash_in_order(ChunkSource& source, const ChunkTaker& take) {
  HUBDIST_TRY(hash_range(source, kWholeContent, source.is_pipe() ? kRoom : source.size(), take));
  return source.check_unchanged();
}

Status hash_in_parts(ChunkSource& source, const ChunkTaker& take, Executor& executor) {
  Parts parts(source, executor.threads());
  HUBDIST_ASSIGN(const auto fixed, parts.begin(1));
  // A long run of one byte has no fixed boundary, but its segments have common ones.
  if (!fixed)
    return stream_in_segments(
        source,
        [&take](const std::shared_ptr<const ChunkBatch>& batch) {
          for (const Chunk& chunk : batch->chunks) take(chunk);
          return Status();
        },
        executor);
  TaskQueue<std::vector<Chunk>> queue(executor);
  const std::uint64_t count = parts.count();
  for (std::uint64_t started = 0; started < count || !queue.empty();) {
    for (; started < count && queue.size() < 2 * executor.threads(); ++started) {
      queue.start([&, part = started](const std::stop_token& stop) -> Result<std::vector<Chunk>> {
        std::vector<Chunk> chunks;
        ChunkSource mine = source.wanted_until(stop);
        HUBDIST_ASSIGN(const ByteRange range, Parts(mine, executor.threads()).range(part));
        HUBDIST_TRY(hash_range(mine, range, range.size(),
                               [&](const Chunk& chunk) { chunks.push_back(chunk); }));
        return chunks;
      });
    }
    HUBDIST_ASSIGN(const std::vector<Chunk> chunks, queue.next());
    for (const Chunk& chunk : chunks) take(chunk);
  }
  return source.check_unchanged();
}

}  // namespace hubdist::internal
