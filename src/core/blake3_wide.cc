#include "core/internal/blake3_wide.h"

#ifdef HUBDIST_BLAKE3_SOURCES  // what follows calls the library's inner functions

#include <algorithm>
#include <cstring>

#include <blake3.h>
#ifdef __x86_64__
#include <immintrin.h>
#endif
extern "C" {
#include <blake3_impl.h>
}

namespace hubdist::internal {
namespace {

constexpr std::size_t kLeaf = BLAKE3_CHUNK_LEN;
constexpr std::size_t kHash = BLAKE3_OUT_LEN;
constexpr std::size_t kMaxLeaves = kMaxBlake3Wide / kLeaf;
constexpr std::size_t kMaxLanes = 16;

using Words = std::array<std::uint32_t, 8>;

const std::uint8_t* raw(const std::byte* bytes) {
  return reinterpret_cast<const std::uint8_t*>(bytes);
}

// How many inputs to hash when `count` are wanted: up to three eighths of the lanes it is quicker
// to hash the last ones by themselves.
std::size_t filled_up(std::size_t count) {
  const std::size_t lanes = std::min(blake3_simd_degree(), kMaxLanes);
  const std::size_t last = count % lanes;
  return last * 8 > lanes * 3 ? count - last + lanes : count;
}

// One level of the tree: hashes of equally long inputs, one after another.
class Level {
 public:
  std::size_t size() const { return size_; }
  const std::uint8_t* hash(std::size_t i) const { return hashes_.data() + kHash * i; }
  void push(const std::uint8_t* hash) {
    std::memcpy(hashes_.data() + kHash * size_++, hash, kHash);
  }
  // The hashes of `count` inputs of `stride` bytes that begin at `first`.
  void fill(const std::uint8_t* first, std::size_t stride, std::size_t count, const Words& key,
            std::uint8_t flags, std::uint8_t flags_start, std::uint8_t flags_end) {
    if (count == 0) return;
    std::array<const std::uint8_t*, kMaxLeaves + kMaxLanes> inputs;
    const std::size_t filled = filled_up(count);
    for (std::size_t i = 0; i < filled; ++i) inputs[i] = i < count ? first + stride * i : first;
    const bool leaves = stride == kLeaf;  // only they are numbered
    blake3_hash_many(inputs.data(), filled, stride / BLAKE3_BLOCK_LEN, key.data(), 0, leaves, flags,
                     flags_start, flags_end, hashes_.data());
    size_ = count;
  }

 private:
  std::size_t size_ = 0;
  alignas(64) std::array<std::uint8_t, (kMaxLeaves + kMaxLanes) * kHash> hashes_;
};

// The hash of the last leaf, which has less than kLeaf bytes.
Words short_leaf(ByteView bytes, std::uint64_t number, const Words& key) {
  Words state = key;
  std::uint8_t flags = KEYED_HASH | CHUNK_START;
  for (; bytes.size() > BLAKE3_BLOCK_LEN; bytes = bytes.subspan(BLAKE3_BLOCK_LEN)) {
    blake3_compress_in_place(state.data(), raw(bytes.data()), BLAKE3_BLOCK_LEN, number, flags);
    flags = KEYED_HASH;
  }
  std::array<std::uint8_t, BLAKE3_BLOCK_LEN> block{};
  std::memcpy(block.data(), bytes.data(), bytes.size());
  blake3_compress_in_place(state.data(), block.data(), static_cast<std::uint8_t>(bytes.size()),
                           number, flags | CHUNK_END);
  return state;
}

// A hash as bytes: BLAKE3's words are little-endian.
std::array<std::uint8_t, kHash> as_bytes_of(const Words& words) {
  std::array<std::uint8_t, kHash> bytes;
  for (std::size_t i = 0; i < kHash; ++i)
    bytes[i] = static_cast<std::uint8_t>(words[i / 4] >> (8 * (i % 4)));
  return bytes;
}

Words words_of(const std::array<std::byte, 32>& key) {
  Words words{};
  for (std::size_t i = 0; i < key.size(); ++i)
    words[i / 4] |= std::to_integer<std::uint32_t>(key[i]) << (8 * (i % 4));
  return words;
}

void fill_leaves(Level& level, ByteView bytes, const Words& key) {
  const std::size_t whole = bytes.size() / kLeaf;
  level.fill(raw(bytes.data()), kLeaf, whole, key, KEYED_HASH, CHUNK_START, CHUNK_END);
  if (const ByteView rest = bytes.subspan(whole * kLeaf); !rest.empty())
    level.push(as_bytes_of(short_leaf(rest, whole, key)).data());
}

}  // namespace

Blake3 blake3_wide(const std::array<std::byte, 32>& key, ByteView bytes) {
  if (bytes.size() <= 2 * kLeaf) return blake3_keyed(key, bytes);  // too short for a tree
  const Words words = words_of(key);
  std::array<Level, 2> levels;  // children and parents, in turns
  std::size_t lower = 0;
  fill_leaves(levels[lower], bytes, words);
  for (; levels[lower].size() > 2; lower ^= 1) {
    const Level& children = levels[lower];
    Level& parents = levels[lower ^ 1];
    parents.fill(children.hash(0), 2 * kHash, children.size() / 2, words, KEYED_HASH | PARENT, 0,
                 0);
    if (children.size() % 2 == 1) parents.push(children.hash(children.size() - 1));
  }
  Words root = words;
  blake3_compress_in_place(root.data(), levels[lower].hash(0), BLAKE3_BLOCK_LEN, 0,
                           KEYED_HASH | PARENT | ROOT);
  const auto digest = as_bytes_of(root);
  Blake3 result;
  std::memcpy(result.bytes.data(), digest.data(), digest.size());
  return result;
}

}  // namespace hubdist::internal

#else

namespace hubdist::internal {

Blake3 blake3_wide(const std::array<std::byte, 32>& key, ByteView bytes) {
  return blake3_keyed(key, bytes);
}

}  // namespace hubdist::internal

#endif
