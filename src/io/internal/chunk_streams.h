// The ways of streaming the chunks of a file (chunk_stream.h).
#pragma once

#include "io/internal/chunk_source.h"
#include <hubdist/io/chunk_stream.h>
#include <hubdist/io/executor.h>

namespace hubdist::internal {

// In order, by the calling thread.
Status stream_in_order(ChunkSource& source, const ChunkSink& sink);
// A long regular file, in segments that are read and cut on the executor's threads.
Status stream_in_segments(ChunkSource& source, const ChunkSink& sink, Executor& executor);

// The same without bytes, which takes far less memory: `take` gets the chunks in order, on the
// calling thread.
using ChunkTaker = std::function<void(const Chunk&)>;
Status hash_in_order(ChunkSource& source, const ChunkTaker& take);
Status hash_in_parts(ChunkSource& source, const ChunkTaker& take, Executor& executor);

// Whether a file is long enough to be read by several threads.
inline bool is_long(const ChunkSource& source, std::size_t threads) {
  constexpr std::uint64_t kLeast = 4 * kMiB;
  return threads > 1 && !source.is_pipe() && source.size() >= kLeast;
}

}  // namespace hubdist::internal
