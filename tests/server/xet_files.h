// Contents as they lie in a hub's Xet storage.
#pragma once

#include <algorithm>
#include <vector>

#include <doctest/doctest.h>

#include "tests/core/xet_samples.h"
#include <hubdist/server/xet_store.h>

namespace hubdist::testing {

// A content cut into chunks of one size, and these into xorbs of one number of chunks.
struct XetSample {
  Bytes content;
  std::vector<BuiltXorb> xorbs;
  XetFile file;

  explicit XetSample(Bytes bytes, std::size_t chunk_size = 5000, std::size_t chunks = 4)
      : content(std::move(bytes)) {
    MerkleHasher tree;
    std::vector<Bytes> parts;
    const auto finish_xorb = [&] {
      if (parts.empty()) return;
      xorbs.push_back(build_xorb(parts, xorbs.size()));
      const XorbIndex& index = xorbs.back().index;
      for (std::uint32_t c = 0; c < index.chunk_count(); ++c) tree.update(index.chunk(c));
      file.terms.push_back(
          {index.hash, {0, index.chunk_count()}, static_cast<std::uint32_t>(index.raw_size())});
      parts.clear();
    };
    feed(content, chunk_size, [&](ByteView part) {
      parts.emplace_back(part.begin(), part.end());
      if (parts.size() == chunks) finish_xorb();
    });
    finish_xorb();
    file.hash = tree.file_hash();
    file.size = content.size();
    file.sha256 = sha256(content);
  }

  std::uint64_t packed_size() const {
    std::uint64_t size = 0;
    for (const BuiltXorb& xorb : xorbs) size += xorb.bytes.size();
    return size;
  }
};

inline void put_xorb(XetStore& xet, const BuiltXorb& xorb) {
  auto writer = xet.create_xorb(xorb.index.hash);
  REQUIRE(writer.ok());
  REQUIRE((*writer)->write(xorb.bytes).ok());
  REQUIRE(xet.keep(**writer, xorb.index).ok());
}

inline void put_sample(XetStore& xet, const XetSample& sample) {
  for (const BuiltXorb& xorb : sample.xorbs) put_xorb(xet, xorb);
  REQUIRE(xet.put_file(sample.file).ok());
  REQUIRE(xet.put_content(*sample.file.sha256, sample.file.hash).ok());
}

// `size` bytes of which some shrink and some do not.
inline Bytes mixed_bytes(std::uint64_t seed, std::size_t size) {
  Bytes out;
  for (std::uint64_t i = seed; out.size() < size; ++i)
    append_bytes(out, i % 3 == 0 ? bf16_weights(i, 30'000) : random_bytes(i, 20'000 + i % 1000));
  out.resize(size);
  return out;
}

// The bytes of `content` from `offset`, at most `size`.
inline Bytes part_of(const Bytes& content, std::size_t offset, std::size_t size) {
  const std::size_t begin = std::min(offset, content.size());
  const std::size_t end = begin + std::min(size, content.size() - begin);
  return Bytes(content.begin() + static_cast<std::ptrdiff_t>(begin),
               content.begin() + static_cast<std::ptrdiff_t>(end));
}

}  // namespace hubdist::testing
