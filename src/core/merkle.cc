#include <algorithm>

#include "core/internal/blake3_wide.h"
#include <hubdist/core/merkle.h>

namespace hubdist {
namespace {

constexpr std::array<std::byte, 32> as_key(const unsigned char (&values)[32]) {
  std::array<std::byte, 32> key{};
  for (std::size_t i = 0; i < key.size(); ++i) key[i] = std::byte{values[i]};
  return key;
}

constexpr auto kDataKey = as_key({0x66, 0x97, 0xf5, 0x77, 0x5b, 0x95, 0x50, 0xde, 0x31, 0x35, 0xcb,
                                  0xac, 0xa5, 0x97, 0x18, 0x1c, 0x9d, 0xe4, 0x21, 0x10, 0x9b, 0xeb,
                                  0x2b, 0x58, 0xb4, 0xd0, 0xb0, 0x4b, 0x93, 0xad, 0xf2, 0x29});
constexpr auto kInternalNodeKey =
    as_key({0x01, 0x7e, 0xc5, 0xc7, 0xa5, 0x47, 0x29, 0x96, 0xfd, 0x94, 0x66,
            0x66, 0xb4, 0x8a, 0x02, 0xe6, 0x5d, 0xdd, 0x53, 0x6f, 0x37, 0xc7,
            0x6d, 0xd2, 0xf8, 0x63, 0x52, 0xe6, 0x4a, 0x53, 0x71, 0x3f});
constexpr std::array<std::byte, 32> kFileKey{};

constexpr std::size_t kMinGroup = 3;
constexpr std::size_t kMaxGroup = 9;

// Whether a group of at least kMinGroup ends after this hash: its last word is a multiple of 4.
bool ends_group(const std::array<std::byte, 32>& hash) {
  return (std::to_integer<unsigned>(hash[24]) & 3) == 0;
}

void reverse_words(std::array<std::byte, 32>& bytes) {
  for (auto word = bytes.begin(); word != bytes.end(); word += 8) std::reverse(word, word + 8);
}

}  // namespace

ChunkHash chunk_hash(ByteView bytes) {
  if (bytes.empty() || bytes.size() > internal::kMaxBlake3Wide)
    return {blake3_keyed(kDataKey, bytes).bytes};
  return {internal::blake3_wide(kDataKey, bytes).bytes};
}

void MerkleHasher::update(const Chunk& chunk) {
  size_ += chunk.size;
  push(0, {chunk.hash.bytes, chunk.size});
}

void MerkleHasher::push(std::size_t level, const Node& node) {
  if (level == levels_.size()) levels_.emplace_back();
  std::vector<Node>& open = levels_[level].open;
  open.push_back(node);
  const bool full = open.size() == kMaxGroup;
  if (full || (open.size() >= kMinGroup && ends_group(node.hash))) close_group(level);
}

void MerkleHasher::close_group(std::size_t level) {
  const Node above = parent(levels_[level].open);
  levels_[level].open.clear();
  levels_[level].has_parents = true;
  push(level + 1, above);
}

MerkleHasher::Node MerkleHasher::parent(std::span<const Node> children) {
  std::string lines;
  std::uint64_t size = 0;
  for (const Node& child : children) {
    lines += concat(xet_hex(child.hash), " : ", child.size, '\n');
    size += child.size;
  }
  return {blake3_keyed(kInternalNodeKey, as_bytes(lines)).bytes, size};
}

// What is still open becomes the last group of its level, even a single node, unless that node is
// all that the level ever had: then it is the root.
MerkleHasher::Node MerkleHasher::root() const {
  if (levels_.empty()) return {{}, 0};
  MerkleHasher rest = *this;
  for (std::size_t level = 0;; ++level) {
    const Level& here = rest.levels_[level];
    if (here.open.empty()) continue;
    if (here.open.size() == 1 && !here.has_parents) return here.open.front();
    rest.close_group(level);
  }
}

XorbHash MerkleHasher::xorb_hash() const { return {root().hash}; }

XetHash MerkleHasher::file_hash() const {
  if (levels_.empty()) return {};
  return {blake3_keyed(kFileKey, root().hash).bytes};
}

XorbHash xorb_hash(std::span<const Chunk> chunks) {
  MerkleHasher hasher;
  for (const Chunk& chunk : chunks) hasher.update(chunk);
  return hasher.xorb_hash();
}

XetHash file_hash(std::span<const Chunk> chunks) {
  MerkleHasher hasher;
  for (const Chunk& chunk : chunks) hasher.update(chunk);
  return hasher.file_hash();
}

std::string xet_hex(const std::array<std::byte, 32>& bytes) {
  std::array<std::byte, 32> reversed = bytes;
  reverse_words(reversed);
  return to_hex(reversed);
}

Status from_xet_hex(std::string_view text, std::array<std::byte, 32>& out) {
  HUBDIST_TRY(from_hex(text, out));
  reverse_words(out);
  return {};
}

}  // namespace hubdist
