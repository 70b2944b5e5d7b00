// The numbers of the shard format that its reader and its writer share.
#pragma once

#include <array>
#include <cstdint>

#include <hubdist/core/shard.h>

namespace hubdist::internal {

inline constexpr std::array<unsigned char, 32> kShardTag = {
    'H', 'F', 'R', 'e', 'p', 'o',  'M',  'e',  't',  'a',  'D',  'a',  't',  'a',  0x00, 0x55,
    'i', 'g', 'E', 'j', '{', 0x81, 0x57, 0x83, 0xa5, 0xbd, 0xd9, 0x5c, 0xcd, 0xd1, 0x4a, 0xa9};
inline constexpr std::uint64_t kShardVersion = 2;
inline constexpr std::uint64_t kShardFooterVersion = 1;

inline constexpr std::uint32_t kFileHasRangeHashes = 1u << 31;
inline constexpr std::uint32_t kFileHasSha256 = 1u << 30;
inline constexpr std::uint32_t kChunkIsGlobal = 1u << 31;

// Bytes of an entry of a lookup table.
inline constexpr std::size_t kBlockLookupSize = 12;  // u64 hash, u32 entry
inline constexpr std::size_t kChunkLookupSize = 16;  // u64 hash, u32 entry, u32 chunk

// A sha256 lies in a shard with the bytes of each 8-byte group in reverse; applied twice, it is as
// it was.
inline Sha256 swap_sha256(Sha256 digest) {
  for (std::size_t i = 0; i < digest.bytes.size(); i += 8)
    for (std::size_t j = 0; j < 4; ++j) std::swap(digest.bytes[i + j], digest.bytes[i + 7 - j]);
  return digest;
}

}  // namespace hubdist::internal
