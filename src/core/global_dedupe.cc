#include <hubdist/core/global_dedupe.h>

namespace hubdist {

bool is_global_dedupe_chunk(const ChunkHash& hash) {
  static_assert(kGlobalDedupeModulus == 1024);  // so that the lowest 10 bits decide
  return hash.bytes[24] == std::byte{0} && (hash.bytes[25] & std::byte{3}) == std::byte{0};
}

ChunkHash keyed_chunk_hash(const DedupeKey& key, const ChunkHash& hash) {
  if (key == DedupeKey{}) return hash;
  return {blake3_keyed(key, hash.bytes).bytes};
}

}  // namespace hubdist
