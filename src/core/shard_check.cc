#include "core/internal/shard_layout.h"
#include "core/internal/words.h"
#include <hubdist/core/shard_check.h>

namespace hubdist {
namespace {

using internal::le32;
using internal::le64;

Status check_terms(const ShardFile& file) {
  for (std::uint32_t i = 0; i < file.term_count(); ++i)
    if (const Status wrong = check_term(file.term(i)); !wrong.ok())
      return with_context(wrong, concat("file ", xet_hex(file.hash()), ", term ", i));
  return {};
}

Status check_chunks(const ShardXorb& xorb, bool keyed) {
  const std::string name = concat("xorb ", xet_hex(xorb.hash()), " of a shard");
  if (xorb.chunk_count() == 0 || xorb.chunk_count() > kMaxXorbChunks)
    return invalid_argument(name, " has ", xorb.chunk_count(), " chunks, allowed are 1 to ",
                            kMaxXorbChunks);
  MerkleHasher tree;
  for (std::uint32_t i = 0; i < xorb.chunk_count(); ++i) {
    const ShardChunk chunk = xorb.chunk(i);
    if (chunk.raw_size == 0 || chunk.raw_size > kMaxChunkSize)
      return invalid_argument(name, " has a chunk of ", chunk.raw_size, " bytes, allowed are 1 to ",
                              kMaxChunkSize);
    if (xorb.raw_begin(i) != tree.size())
      return invalid_argument(name, ": chunk ", i, " begins at ", xorb.raw_begin(i),
                              ", the one before ends at ", tree.size());
    tree.update({chunk.hash, chunk.raw_size});
  }
  if (tree.size() != xorb.raw_size())
    return invalid_argument(name, " states ", xorb.raw_size(), " bytes, its chunks have ",
                            tree.size());
  if (!keyed && tree.xorb_hash() != xorb.hash())
    return data_loss(name, " has chunks that make ", xet_hex(tree.xorb_hash()));
  return {};
}

// A lookup table, for the check alone.
struct Lookup {
  ByteView bytes;
  std::size_t entry_size;
  std::size_t count() const { return bytes.size() / entry_size; }
  std::uint64_t key(std::size_t i) const { return le64(&bytes[i * entry_size]); }
  std::uint32_t entry(std::size_t i) const { return le32(&bytes[i * entry_size + 8]); }
};

Status check_sorted(const Lookup& table, std::string_view what) {
  for (std::size_t i = 1; i < table.count(); ++i)
    if (table.key(i - 1) > table.key(i))
      return invalid_argument("a shard's lookup table of ", what, " is not sorted at entry ", i);
  return {};
}

// Whether each block of a section has one entry that leads to it. Sections are in the order of
// their tables where both are sorted.
template <typename KeyOf>
Status check_blocks(const Lookup& table, const std::vector<std::uint32_t>& starts, KeyOf&& key_of,
                    std::string_view what) {
  if (table.count() == 0) return {};
  HUBDIST_TRY(check_sorted(table, what));
  if (table.count() != starts.size())
    return invalid_argument("a shard's lookup table has ", table.count(), " ", what,
                            "s, there are ", starts.size());
  std::vector<bool> met(starts.size());
  for (std::size_t i = 0; i < table.count(); ++i) {
    const auto at = std::lower_bound(starts.begin(), starts.end(), table.entry(i));
    const auto place = static_cast<std::size_t>(at - starts.begin());
    if (at == starts.end() || *at != table.entry(i) || met[place] ||
        key_of(static_cast<std::uint32_t>(place)) != table.key(i))
      return invalid_argument("entry ", i, " of a shard's lookup table leads to no ", what);
    met[place] = true;
  }
  return {};
}

}  // namespace

Status check_shard(const Shard& shard) {
  for (std::uint32_t i = 0; i < shard.file_count(); ++i) {
    HUBDIST_TRY(check_terms(shard.file(i)));
    // A file without terms has no range hashes, whatever its flag says.
    if (shard.file(i).has_range_hashes() != shard.file(0).has_range_hashes() &&
        shard.file(i).term_count() > 0 && shard.file(0).term_count() > 0)
      return invalid_argument("some files of a shard have range hashes and some have none");
  }
  const bool keyed = shard.footer() && shard.footer()->key != DedupeKey{};
  for (std::uint32_t i = 0; i < shard.xorb_count(); ++i)
    HUBDIST_TRY(check_chunks(shard.xorb(i), keyed));

  const auto lookup = [&shard](const Shard::Table& table, std::size_t entry_size) {
    return table.count == 0
               ? Lookup{{}, entry_size}
               : Lookup{shard.bytes().subspan(static_cast<std::size_t>(table.offset),
                                              static_cast<std::size_t>(table.count) * entry_size),
                        entry_size};
  };
  HUBDIST_TRY(check_blocks(
      lookup(shard.file_lookup_, internal::kBlockLookupSize), shard.files_.starts,
      [&](std::uint32_t i) { return internal::truncated(shard.file(i).hash()); }, "file"));
  HUBDIST_TRY(check_blocks(
      lookup(shard.xorb_lookup_, internal::kBlockLookupSize), shard.xorbs_.starts,
      [&](std::uint32_t i) { return internal::truncated(shard.xorb(i).hash()); }, "xorb"));
  return shard.check_chunk_lookup();
}

Status Shard::check_chunk_lookup() const {
  if (chunk_lookup_.count == 0) return {};
  std::uint64_t chunks = 0;
  for (std::uint32_t i = 0; i < xorb_count(); ++i) chunks += xorb(i).chunk_count();
  if (chunk_lookup_.count != chunks)
    return invalid_argument("a shard's lookup table has ", chunk_lookup_.count,
                            " chunks, there are ", chunks);
  const Lookup table{bytes_.subspan(static_cast<std::size_t>(chunk_lookup_.offset),
                                    static_cast<std::size_t>(chunks) * internal::kChunkLookupSize),
                     internal::kChunkLookupSize};
  HUBDIST_TRY(check_sorted(table, "chunks"));
  for (std::size_t i = 0; i < table.count(); ++i) {
    const auto place = chunk_place(i);
    if (!place || internal::truncated(xorb(place->xorb).chunk(place->chunk).hash) != table.key(i))
      return invalid_argument("entry ", i, " of a shard's lookup table leads to no chunk");
  }
  return {};
}

Status check_file(const ShardFile& file, const XorbLookup& xorb_of, bool needs_range_hashes) {
  const std::string name = concat("file ", xet_hex(file.hash()), " of a shard");
  if (needs_range_hashes && !file.has_range_hashes() && file.term_count() > 0)
    return invalid_argument(name, " has no range hashes: its terms prove nothing");
  MerkleHasher tree;
  for (std::uint32_t i = 0; i < file.term_count(); ++i) {
    const Term term = file.term(i);
    HUBDIST_TRY(check_term(term));
    HUBDIST_ASSIGN(const auto xorb, xorb_of(term.xorb));
    const auto size = xorb->raw_size_of(term.chunks);
    if (!size.ok()) return invalid_argument(name, ", term ", i, ": ", message(size.status()));
    if (*size != term.raw_size)
      return invalid_argument(name, ", term ", i, " states ", term.raw_size,
                              " bytes, its chunks have ", *size);
    const std::span<const ChunkHash> hashes =
        std::span(xorb->hashes).subspan(term.chunks.begin, term.chunks.size());
    if (file.has_range_hashes() && file.range_hash(i) != range_hash(hashes))
      return data_loss(name, ", term ", i, " has a wrong range hash");
    for (std::uint32_t c = term.chunks.begin; c < term.chunks.end; ++c) tree.update(xorb->chunk(c));
  }
  if (tree.file_hash() != file.hash())
    return data_loss(name, " has terms that make ", xet_hex(tree.file_hash()));
  return {};
}

Status check_xorb(const ShardXorb& block, const XorbIndex& index) {
  const std::string name = concat("xorb ", xet_hex(block.hash()), " of a shard");
  if (block.hash() != index.hash) return invalid_argument(name, " is not ", xet_hex(index.hash));
  if (block.chunk_count() != index.chunk_count() || block.raw_size() != index.raw_size())
    return invalid_argument(name, " has ", block.chunk_count(), " chunks and ", block.raw_size(),
                            " bytes, the xorb has ", index.chunk_count(), " and ",
                            index.raw_size());
  for (std::uint32_t i = 0; i < index.chunk_count(); ++i)
    if (block.chunk(i).hash != index.hashes[i] || block.chunk(i).raw_size != index.chunk(i).size ||
        block.raw_begin(i) != index.raw_begin(i))
      return invalid_argument(name, " differs from the xorb at chunk ", i);
  return {};
}

}  // namespace hubdist
