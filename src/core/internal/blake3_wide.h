// BLAKE3 of one short run of bytes, with as many lanes of the processor busy as can be.
#pragma once

#include <hubdist/core/hash.h>

namespace hubdist::internal {

// The longest input that blake3_wide() takes: a chunk.
inline constexpr std::size_t kMaxBlake3Wide = 128 * kKiB;

// Keyed BLAKE3. `bytes` must have 1 to kMaxBlake3Wide bytes. Thread-safe.
//
// The library's hasher goes through a tree of powers of two: 71 KiB are subtrees of 64, 4, 2 and 1
// KiB, of which the small ones leave most lanes idle. Here all leaves are hashed in one go, then
// all their parents, and a last group that is nearly full is filled up with leaves that nobody
// needs.
Blake3 blake3_wide(const std::array<std::byte, 32>& key, ByteView bytes);

}  // namespace hubdist::internal
