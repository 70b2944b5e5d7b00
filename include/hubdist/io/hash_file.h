// Every digest by which hubs name a file, in one reading.
#pragma once

#include <stop_token>

#include <hubdist/core/identity.h>
#include <hubdist/io/chunk_stream.h>
#include <hubdist/io/file.h>

namespace hubdist {

// The SHA-256, git object id and Xet hash of a file, read once; memory and errors are those of
// stream_chunks(). A pipe has no git object id, since that begins with the size. Thread-safe.
Result<Identity> hash_file(FileSystem& fs, const Path& path, const ChunkStreamOptions& options = {},
                           std::stop_token stop = {});

}  // namespace hubdist
