// A file of Xet storage as an object: a shard in upload form that holds its block alone.
#pragma once

#include <hubdist/server/xet_store.h>

namespace hubdist::internal {

// InvalidArgument or DataLoss when it is not that of `hash`, with range hashes.
Result<XetFile> parse_xet_file(ByteView object, const XetHash& hash);
// `file` needs the range hashes of its terms.
Result<Bytes> xet_file_object(const XetFile& file);
// What it takes in memory, roughly.
std::size_t memory_of(const XetFile& file);

}  // namespace hubdist::internal
