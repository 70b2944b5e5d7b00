// Judges what a shard says, against itself and against the xorbs that it names.
//
// Nothing here takes a client's word: after check_shard() and, for each block, check_file() and
// check_xorb() only a file's sha256 is a claim still; that one needs the bytes.
#pragma once

#include <functional>
#include <memory>

#include <hubdist/core/shard.h>
#include <hubdist/core/xorb.h>

namespace hubdist {

// Whether the numbers of a shard are possible and agree with each other: terms and chunks within
// the bounds of xorbs, chunks one behind the other, sums, xorbs' hashes over their chunks (where
// they are not keyed), range hashes for every file or for none, and lookup tables that are sorted
// and lead to each block and chunk. InvalidArgument naming the block, or DataLoss for a wrong hash.
// O(n); reads all of the shard.
Status check_shard(const Shard& shard);

// The index of a xorb, with raw sizes. NotFound when there is none; it is passed on.
using XorbLookup = std::function<Result<std::shared_ptr<const XorbIndex>>(const XorbHash&)>;

// Whether a file is what its terms make: each lies within its xorb and has the size that it states,
// its range hash proves that whoever wrote the shard knew the chunks, and the chunks' Merkle root
// is the file's hash. InvalidArgument or DataLoss naming the term; `xorb_of` is called for each
// term. With `needs_range_hashes` a file without them is refused: else a hash of a xorb would be
// enough to get at its content. O(chunks of the file), which a small shard can make very many: the
// caller bounds file.size() first.
Status check_file(const ShardFile& file, const XorbLookup& xorb_of, bool needs_range_hashes = true);

// Whether a block describes the xorb, chunk by chunk. InvalidArgument.
Status check_xorb(const ShardXorb& block, const XorbIndex& index);

}  // namespace hubdist
