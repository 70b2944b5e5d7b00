// Compresses the stored chunks of files on all cores, to learn how long they become.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <stop_token>
#include <vector>

#include "io/internal/chunk_blocks.h"
#include <hubdist/core/compression.h>
#include <hubdist/core/dedupe_estimator.h>
#include <hubdist/io/executor.h>
#include <hubdist/io/memory_budget.h>

namespace hubdist::internal {

// For the files of one version. begin_file() and add() belong to one thread.
class ChunkCompression {
 public:
  // Blocks hold their memory until they are compressed; add() waits while `budget` is used up.
  ChunkCompression(Executor& executor, MemoryBudget& budget, std::stop_token stop);

  void begin_file();
  Status add(ChunkBlock block, const std::vector<StoredChunk>& stored);
  // Waits for all: the compressed bytes of each file.
  Result<std::vector<std::uint64_t>> finish();

 private:
  struct Job;

  MemoryBudget& budget_;
  std::stop_token stop_;
  CompressionScheme scheme_ = CompressionScheme::kLz4;
  std::deque<std::atomic<std::uint64_t>> sizes_;  // of each file
  TaskGroup tasks_;
};

}  // namespace hubdist::internal
