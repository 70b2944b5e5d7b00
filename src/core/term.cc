#include <hubdist/core/term.h>
#include <hubdist/core/xorb.h>

namespace hubdist {
namespace {

constexpr std::array<unsigned char, 32> kVerificationKey = {
    0x7f, 0x18, 0x57, 0xd6, 0xce, 0x56, 0xed, 0x66, 0x12, 0x7f, 0xf9, 0x13, 0xe7, 0xa5, 0xc3, 0xf3,
    0xa4, 0xcd, 0x26, 0xd5, 0xb5, 0xdb, 0x49, 0xe6, 0x41, 0x24, 0x98, 0x7f, 0x28, 0xfb, 0x94, 0xc3};

}  // namespace

Status check_term(const Term& term) {
  const auto [begin, end] = term.chunks;
  if (term.chunks.empty() || end > kMaxXorbChunks)
    return invalid_argument("a term of xorb ", xet_hex(term.xorb), " names the chunks ", begin,
                            " to ", end, ": a xorb has 1 to ", kMaxXorbChunks);
  const std::uint64_t count = term.chunks.size();
  if (term.raw_size < count || term.raw_size > count * kMaxChunkSize)
    return invalid_argument("a term of xorb ", xet_hex(term.xorb), " has ", term.raw_size,
                            " bytes in ", count, " chunks: a chunk has 1 to ", kMaxChunkSize);
  return {};
}

RangeHash range_hash(std::span<const ChunkHash> chunks) {
  std::array<std::byte, 32> key;
  std::transform(kVerificationKey.begin(), kVerificationKey.end(), key.begin(),
                 [](unsigned char c) { return std::byte{c}; });
  Blake3Hasher hasher(key);
  for (const ChunkHash& chunk : chunks) hasher.update(chunk.bytes);
  return {hasher.finish().bytes};
}

}  // namespace hubdist
