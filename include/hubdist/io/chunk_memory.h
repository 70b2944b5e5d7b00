// Cuts and hashes a content in memory on all cores.
#pragma once

#include <stop_token>

#include <hubdist/core/manifest.h>
#include <hubdist/io/chunk_stream.h>

namespace hubdist {

// make_manifest(), on as many threads as `options` allow; copies nothing but chunks that go over
// from one thread's part to the next. `content` must not change meanwhile. Cancelled on a stop
// request, else OK. Thread-safe.
Result<Manifest> chunk_memory(ByteView content, const ChunkStreamOptions& options = {},
                              std::stop_token stop = {});

}  // namespace hubdist
