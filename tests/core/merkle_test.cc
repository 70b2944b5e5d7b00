#include <doctest/doctest.h>

#include "tests/core/vectors.h"
#include "tests/support/random.h"
#include <hubdist/core/merkle.h>

using namespace hubdist;
using hubdist::testing::Random;
using hubdist::testing::text;
using hubdist::testing::Vectors;
using simdjson::dom::array;
using simdjson::dom::element;

namespace {

Chunk leaf(const Vectors& vectors, std::uint64_t k) {
  const auto hash = parse_xet_hex<ChunkHash>(text(vectors.root()["merkle_leaves"][concat("", k)]));
  REQUIRE(hash.ok());
  return {*hash, static_cast<std::uint32_t>(100 * k)};
}

// A row's leaves stand as a list or, where that would be long, as words.
std::vector<Chunk> leaves_of(const Vectors& vectors, element row) {
  std::vector<Chunk> leaves;
  if (row["leaves"].is_array()) {
    for (const element k : array(row["leaves"])) leaves.push_back(leaf(vectors, std::uint64_t(k)));
  } else if (text(row["leaves"]) == "k % 8 for k in 0..63") {
    for (std::uint64_t k = 0; k < 64; ++k) leaves.push_back(leaf(vectors, k % 8));
  } else {
    REQUIRE(text(row["leaves"]) == "leaf 1, 32 times");
    leaves.assign(32, leaf(vectors, 1));
  }
  return leaves;
}

// INTERNAL_NODE_KEY, as the specification writes it.
std::array<std::byte, 32> internal_node_key() {
  const int values[] = {1,   126, 197, 199, 165, 71,  41,  150, 253, 148, 102,
                        102, 180, 138, 2,   230, 93,  221, 83,  111, 55,  199,
                        109, 210, 248, 99,  82,  230, 74,  83,  113, 63};
  std::array<std::byte, 32> key{};
  for (std::size_t i = 0; i < key.size(); ++i) key[i] = static_cast<std::byte>(values[i]);
  return key;
}

// The tree as the specification words it: level by level over whole lists.
ChunkHash root_by_levels(std::vector<Chunk> level) {
  while (level.size() > 1) {
    std::vector<Chunk> above;
    for (std::size_t begin = 0; begin < level.size();) {
      const std::size_t most = std::min<std::size_t>(9, level.size() - begin);
      std::size_t count = most;
      for (std::size_t i = 2; i < most; ++i) {
        if (std::to_integer<unsigned>(level[begin + i].hash.bytes[24]) % 4 == 0) {
          count = i + 1;
          break;
        }
      }
      std::string lines;
      std::uint32_t size = 0;
      for (std::size_t i = begin; i < begin + count; ++i) {
        lines += concat(xet_hex(level[i].hash), " : ", level[i].size, "\n");
        size += level[i].size;
      }
      above.push_back({{blake3_keyed(internal_node_key(), as_bytes(lines)).bytes}, size});
      begin += count;
    }
    level = above;
  }
  return level.empty() ? ChunkHash{} : level[0].hash;
}

}  // namespace

TEST_CASE("roots and file hashes are those of the reference implementation") {
  const Vectors vectors("xet.json");
  for (const element row : array(vectors.root()["merkle"])) {
    CAPTURE(simdjson::to_string(row));
    const std::vector<Chunk> leaves = leaves_of(vectors, row);
    CHECK(xet_hex(xorb_hash(leaves)) == text(row["xorb"]));
    CHECK(xet_hex(file_hash(leaves)) == text(row["file"]));
  }
}

TEST_CASE("a chunk's hash and its text form are those of the reference implementation") {
  const Vectors vectors("xet.json");
  const element row = array(vectors.root()["content"]).at(0);
  const ChunkHash hash = chunk_hash(as_bytes("hello world"));
  CHECK(xet_hex(hash) == text(row["chunk"]));
  CHECK(xet_hex(file_hash(std::vector<Chunk>{{hash, 11}})) == text(row["file"]));

  const std::string hex = text(vectors.root()["hex"]["string"]);
  const auto parsed = parse_xet_hex<XetHash>(hex);
  REQUIRE(parsed.ok());
  CHECK(to_hex(ByteView(parsed->bytes).first(8)) == "16af3a84044b83d6");
  CHECK(xet_hex(*parsed) == hex);
}

TEST_CASE("a hash's text form goes both ways, and what is none is refused") {
  Random random(1);
  for (int i = 0; i < 100; ++i) {
    XetHash hash;
    for (std::byte& b : hash.bytes) b = static_cast<std::byte>(random.below(256));
    const auto parsed = parse_xet_hex<XetHash>(xet_hex(hash));
    REQUIRE(parsed.ok());
    CHECK(*parsed == hash);
  }
  CHECK_FALSE(parse_xet_hex<XetHash>("").ok());
  CHECK_FALSE(parse_xet_hex<XetHash>(std::string(63, '0')).ok());
  CHECK_FALSE(parse_xet_hex<XetHash>(std::string(63, '0') + "g").ok());
}

TEST_CASE("the streaming tree is the tree level by level, for every number of leaves") {
  Random random(9);
  std::vector<Chunk> leaves;
  MerkleHasher streamed;
  for (std::size_t count = 0; count <= 700; ++count) {
    CHECK(streamed.xorb_hash().bytes == root_by_levels(leaves).bytes);
    Chunk next{{}, static_cast<std::uint32_t>(random.below(131'072))};
    for (std::byte& b : next.hash.bytes) b = static_cast<std::byte>(random.below(256));
    // Long runs of hashes that end no group, and short groups, both occur.
    if (random.chance(2)) next.hash.bytes[24] |= std::byte{1};
    leaves.push_back(next);
    streamed.update(next);
  }
}
