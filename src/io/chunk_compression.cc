#include "io/internal/chunk_compression.h"

#include <utility>

namespace hubdist::internal {
namespace {

constexpr std::uint64_t kJobSize = kMiB;  // of chunks that are compressed by one task

}  // namespace

struct ChunkCompression::Job {
  struct Item {
    ByteView bytes;
    CompressionScheme scheme;
  };
  std::vector<Item> items;
  std::vector<std::shared_ptr<const ChunkBatch>> owners;
  MemoryBudget::Hold hold;
  std::atomic<std::uint64_t>* sum;

  Status run() const {
    ChunkCompressor compressor;
    std::uint64_t total = 0;
    for (const Item& item : items) total += compressor.stored_size(item.bytes, item.scheme);
    *sum += total;
    return {};
  }
};

ChunkCompression::ChunkCompression(Executor& executor, MemoryBudget& budget, std::stop_token stop)
    : budget_(budget), stop_(stop), tasks_(executor, stop) {}

void ChunkCompression::begin_file() { sizes_.emplace_back(0); }

Status ChunkCompression::add(ChunkBlock block, const std::vector<StoredChunk>& stored) {
  for (std::size_t begin = 0; begin < stored.size();) {
    const auto job = std::make_shared<Job>();
    std::uint64_t size = 0;
    for (; begin < stored.size() && size < kJobSize; ++begin) {
      const ByteView bytes = block.bytes[stored[begin].index];
      if (stored[begin].chooses) scheme_ = choose_compression(bytes);
      job->items.push_back({bytes, scheme_});
      size += bytes.size();
    }
    job->owners = block.owners;
    job->sum = &sizes_.back();
    HUBDIST_ASSIGN(job->hold, budget_.take(size, stop_));
    tasks_.run([job](std::stop_token) { return job->run(); });
  }
  return {};
}

Result<std::vector<std::uint64_t>> ChunkCompression::finish() {
  HUBDIST_TRY(tasks_.wait());
  return std::vector<std::uint64_t>(sizes_.begin(), sizes_.end());
}

}  // namespace hubdist::internal
