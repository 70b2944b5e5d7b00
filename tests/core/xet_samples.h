// Xorbs, shards and files to test with: some of hf_xet's (vectors/xet_formats/), some of our own.
#pragma once

#include <fstream>
#include <iterator>
#include <memory>
#include <stdexcept>

#include "tests/support/random.h"
#include "tests/support/sample_data.h"
#include <hubdist/core/shard_builder.h>
#include <hubdist/core/shard_check.h>
#include <hubdist/core/xorb_builder.h>
#include <hubdist/core/xorb_verifier.h>

namespace hubdist::testing {

inline Bytes xet_format_file(const std::string& name) {
  const std::string path = std::string(HUBDIST_CORE_VECTORS) + "/xet_formats/" + name;
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error("cannot read " + path);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  return Bytes(as_bytes(text).begin(), as_bytes(text).end());
}

// `count` chunks of different kinds and sizes, small ones so that tests are quick.
inline std::vector<Bytes> sample_chunks(std::uint64_t seed, std::size_t count) {
  Random random(seed);
  std::vector<Bytes> chunks;
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t size = 1 + random.index(300);
    switch (random.below(4)) {
      case 0:
        chunks.push_back(random_bytes(random.next(), size));
        break;
      case 1:
        chunks.push_back(Bytes(size, static_cast<std::byte>(random.below(256))));
        break;
      case 2:
        chunks.push_back(periodic(random.next(), size, 1 + random.index(40)));
        break;
      default:
        chunks.push_back(bf16_weights(random.next(), size));
        break;
    }
  }
  return chunks;
}

inline CompressionScheme any_scheme(Random& random) {
  return static_cast<CompressionScheme>(random.below(3));
}

inline BuiltXorb build_xorb(const std::vector<Bytes>& chunks, std::uint64_t seed = 1) {
  Random random(seed);
  XorbBuilder builder;
  for (const Bytes& chunk : chunks)
    if (!builder.add(chunk_hash(chunk), chunk, any_scheme(random)).ok())
      throw std::runtime_error("a chunk does not fit");
  return builder.finish().value();
}

// A footer of version 0, which nobody writes any more.
inline void append_v0_footer(Bytes& out, const XorbIndex& index) {
  const std::size_t begin = out.size();
  append_bytes(out, as_bytes("XETBLOB"));
  append_le(out, std::uint8_t{0});
  append_bytes(out, index.hash.bytes);
  append_le(out, index.chunk_count());
  for (const std::uint32_t end : index.packed_ends) append_le(out, end);
  for (const ChunkHash& hash : index.hashes) append_bytes(out, hash.bytes);
  out.resize(out.size() + 16);
  append_le(out, static_cast<std::uint32_t>(out.size() - begin));
}

inline Bytes with_footer(const BuiltXorb& xorb, int version = 1) {
  Bytes out = xorb.bytes;
  if (version == 0)
    append_v0_footer(out, xorb.index);
  else
    append_xorb_footer(out, xorb.index);
  return out;
}

// Xorbs and files whose terms are runs of their chunks.
struct SampleStore {
  std::map<XorbHash, BuiltXorb> xorbs;
  std::vector<std::vector<Bytes>> chunks;  // of the xorbs in the order of `names`
  std::vector<XorbHash> names;
  std::vector<FileRecord> files;
  std::vector<Bytes> contents;  // of the files

  XorbLookup lookup() const {
    return [this](const XorbHash& hash) -> Result<std::shared_ptr<const XorbIndex>> {
      const auto at = xorbs.find(hash);
      if (at == xorbs.end()) return not_found("no xorb ", xet_hex(hash));
      return std::make_shared<const XorbIndex>(at->second.index);
    };
  }
};

inline SampleStore sample_store(std::uint64_t seed, std::size_t xorbs, std::size_t files) {
  SampleStore store;
  Random random(seed);
  for (std::size_t i = 0; i < xorbs; ++i) {
    store.chunks.push_back(sample_chunks(random.next(), 1 + random.index(12)));
    BuiltXorb xorb = build_xorb(store.chunks.back(), random.next());
    store.names.push_back(xorb.index.hash);
    store.xorbs.emplace(xorb.index.hash, std::move(xorb));
  }
  for (std::size_t i = 0; i < files; ++i) {
    FileRecord file;
    Bytes content;
    MerkleHasher tree;
    for (std::size_t terms = random.index(6); terms > 0; --terms) {
      const std::size_t which = random.index(xorbs);
      const XorbIndex& index = store.xorbs.at(store.names[which]).index;
      const auto begin = static_cast<std::uint32_t>(random.index(index.chunk_count()));
      const auto end =
          begin + 1 + static_cast<std::uint32_t>(random.index(index.chunk_count() - begin));
      const std::size_t before = content.size();
      for (std::uint32_t c = begin; c < end; ++c) {
        append_bytes(content, store.chunks[which][c]);
        tree.update(index.chunk(c));
      }
      file.terms.push_back(
          {index.hash, {begin, end}, static_cast<std::uint32_t>(content.size() - before)});
      file.range_hashes.push_back(range_hash(std::span(index.hashes).subspan(begin, end - begin)));
    }
    file.hash = tree.file_hash();
    file.sha256 = sha256(content);
    store.files.push_back(std::move(file));
    store.contents.push_back(std::move(content));
  }
  return store;
}

inline ShardBuilder shard_of(const SampleStore& store) {
  ShardBuilder builder;
  for (const FileRecord& file : store.files)
    if (!builder.add(file).ok()) throw std::runtime_error("a file was refused");
  for (const auto& [hash, xorb] : store.xorbs)
    if (!builder.add(make_record(xorb.index)).ok()) throw std::runtime_error("a xorb was refused");
  return builder;
}

}  // namespace hubdist::testing
