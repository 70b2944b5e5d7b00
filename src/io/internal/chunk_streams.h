// The ways of streaming the chunks of a file (chunk_stream.h).
#pragma once

#include "io/internal/chunk_source.h"
#include <hubdist/io/chunk_stream.h>
#include <hubdist/io/executor.h>

namespace hubdist::internal {

// In order, by the calling thread.
Status stream_in_order(ChunkSource& source, const ChunkSink& sink);
// The same without bytes, in a little memory that stays in the cache.
using HashSink = std::function<void(const Chunk&)>;
Status hash_in_order(ChunkSource& source, const HashSink& sink);

// A regular file, in segments that are read and cut on the executor's threads.
Status stream_segments(ChunkSource& source, const ChunkSink& sink, Executor& executor);
// Whether a file is long enough for that to be worth it.
bool has_segments(const ChunkSource& source, std::size_t threads);

// Processors that this process may use: by its affinity and its control groups.
std::size_t usable_processors();

}  // namespace hubdist::internal
