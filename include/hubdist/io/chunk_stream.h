// Cuts and hashes files on all cores: a file is read in segments that are chunked apart and joined
// at boundaries that do not depend on where chunking began (core/chunk_segments.h), so the result
// is that of one pass over the whole.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>
#include <vector>

#include <hubdist/core/manifest.h>
#include <hubdist/io/executor.h>
#include <hubdist/io/file.h>

namespace hubdist {

// Neighbouring chunks of a file with their bytes. Holding one holds its memory: a stream waits
// while too many are held.
struct ChunkBatch {
  std::uint64_t offset = 0;   // of the first chunk in the file
  std::vector<Chunk> chunks;  // in order; together they are as long as `bytes`
  ByteView bytes;
};
using ChunkSink = std::function<Status(std::shared_ptr<const ChunkBatch>)>;

inline constexpr std::size_t kMaxChunkStreamThreads = 256;

struct ChunkStreamOptions {
  // 0: as many as this process may use, by its affinity and its control groups' quota; at most
  // kMaxChunkStreamThreads. With 1 everything happens on the calling thread.
  std::size_t threads = 0;
};

// Calls `sink` with all chunks of an open file, in file order, one call at a time. Memory: at most
// 64 MiB and 16 MiB a thread, whatever the file's size, as long as the sink lets batches go.
// `file` may be a pipe: then it is read in order. Aborted when a regular file changes or shrinks
// while it is read; Cancelled on a stop request.
Status stream_chunks(File& file, const ChunkSink& sink, const ChunkStreamOptions& options = {},
                     std::stop_token stop = {});

// The manifest of a file.
Result<Manifest> chunk_file(FileSystem& fs, const Path& path,
                            const ChunkStreamOptions& options = {}, std::stop_token stop = {});
// The Xet hashes of files, in their order; several small files at once, a big one on all cores.
Result<std::vector<XetHash>> hash_files(FileSystem& fs, const std::vector<Path>& paths,
                                        const ChunkStreamOptions& options = {},
                                        std::stop_token stop = {});

}  // namespace hubdist
