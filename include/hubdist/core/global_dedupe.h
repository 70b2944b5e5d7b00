// Which chunks are asked for, and how they are compared, when a client looks for content that a
// hub's store has already (global deduplication).
//
// The answer to such a question is a shard (core/shard.h) whose chunk hashes are keyed: it tells
// nothing about chunks that the client does not hold itself.
//
// Source: the Xet protocol specification 1.1, "Deduplication"
// (https://github.com/huggingface/hub-docs/tree/main/docs/xet).
#pragma once

#include <array>

#include <hubdist/core/merkle.h>

namespace hubdist {

// About one chunk in so many is asked for.
inline constexpr std::uint64_t kGlobalDedupeModulus = 1024;

// Whether a chunk is asked for wherever it stands: the last 8 bytes of its hash, as a little-endian
// number, are a multiple of kGlobalDedupeModulus. The first chunk of a file is asked for as well.
bool is_global_dedupe_chunk(const ChunkHash& hash);

// The key of a shard's chunk hashes; all zero means that they are not keyed.
using DedupeKey = std::array<std::byte, 32>;

// The name of a chunk under a key: BLAKE3 of its hash, keyed. (The specification calls it an HMAC.)
// The hash itself when the key is all zero.
ChunkHash keyed_chunk_hash(const DedupeKey& key, const ChunkHash& hash);

}  // namespace hubdist
