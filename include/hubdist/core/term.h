// Terms: how a Xet file is told as runs of chunks of xorbs.
//
// Source: the Xet protocol specification 1.1, "File reconstruction" and "Hashing"
// (https://github.com/huggingface/hub-docs/tree/main/docs/xet).
#pragma once

#include <compare>
#include <cstdint>
#include <span>

#include <hubdist/core/merkle.h>

namespace hubdist {

// A half-open range [begin, end) of the chunks of one xorb, counted from 0.
struct ChunkRange {
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
  std::uint32_t size() const { return empty() ? 0 : end - begin; }
  bool empty() const { return begin >= end; }
  // Whether all of `other` lies in this range.
  bool contains(ChunkRange other) const { return begin <= other.begin && other.end <= end; }
  friend bool operator==(const ChunkRange&, const ChunkRange&) = default;
  friend auto operator<=>(const ChunkRange&, const ChunkRange&) = default;
};

// A part of a file: the bytes of some chunks of a xorb, one after another. A file is the bytes of
// its terms.
struct Term {
  XorbHash xorb;
  ChunkRange chunks;
  std::uint32_t raw_size = 0;  // bytes before compression
  friend bool operator==(const Term&, const Term&) = default;
};

// InvalidArgument unless the term has chunks, they can lie in a xorb (kMaxXorbChunks), and its size
// is one that so many chunks can have. The xorb itself is not asked.
Status check_term(const Term& term);

// Proves that whoever states a term knows its chunks: their hashes, one after another, under a key
// of the protocol. (The specification's "term verification hash".)
using RangeHash = Digest<32, struct RangeHashTag>;
RangeHash range_hash(std::span<const ChunkHash> chunks);

}  // namespace hubdist
