// The hashes of the Xet protocol: of chunks, of xorbs and of files.
//
// A chunk's hash is BLAKE3 keyed with one constant. Chunk hashes are the leaves of a tree in which
// 3 to 9 neighbours share a parent (fewer at the end of a level); where a group ends depends on the
// hashes themselves. A parent's hash is BLAKE3, keyed with another constant, over one line for each
// child. The root over a xorb's chunks names the xorb; the root over a file's chunks, hashed once
// more with a zero key, names the file.
//
// Source: the Xet protocol specification 1.1, "Hashing"
// (https://github.com/huggingface/hub-docs/tree/main/docs/xet).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <hubdist/core/hash.h>
#include <hubdist/core/identity.h>

namespace hubdist {

using ChunkHash = Digest<32, struct ChunkHashTag>;
using XorbHash = Digest<32, struct XorbHashTag>;

// A chunk as a manifest, a xorb or a Merkle tree knows it.
struct Chunk {
  ChunkHash hash;
  std::uint32_t size = 0;  // bytes before compression; at most kMaxChunkSize where it was cut by us
  friend bool operator==(const Chunk&, const Chunk&) = default;
};

ChunkHash chunk_hash(ByteView bytes);

// The root over chunks given one after another, in memory that grows with the logarithm of their
// number. Copyable; not thread-safe.
class MerkleHasher {
 public:
  void update(const Chunk& chunk);
  // The name of a xorb, or of a file, that consists of the chunks so far; all zero without any.
  XorbHash xorb_hash() const;
  XetHash file_hash() const;
  std::uint64_t size() const { return size_; }  // bytes in the chunks so far

 private:
  struct Node {
    std::array<std::byte, 32> hash;
    std::uint64_t size;
  };
  struct Level {
    std::vector<Node> open;  // children that have no parent yet
    bool has_parents = false;
  };
  void push(std::size_t level, const Node& node);
  void close_group(std::size_t level);
  Node root() const;
  static Node parent(std::span<const Node> children);

  std::vector<Level> levels_;
  std::uint64_t size_ = 0;
};

XorbHash xorb_hash(std::span<const Chunk> chunks);
XetHash file_hash(std::span<const Chunk> chunks);

// The text form that Xet uses everywhere: four little-endian 64-bit words, each written as a number
// of 16 hexadecimal digits; so the bytes of each word stand in reverse.
std::string xet_hex(const std::array<std::byte, 32>& bytes);
Status from_xet_hex(std::string_view text, std::array<std::byte, 32>& out);
template <typename D>
std::string xet_hex(const D& digest) {
  return xet_hex(digest.bytes);
}
template <typename D>
Result<D> parse_xet_hex(std::string_view text) {
  D digest;
  HUBDIST_TRY(from_xet_hex(text, digest.bytes));
  return digest;
}

}  // namespace hubdist
