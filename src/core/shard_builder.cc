#include <algorithm>

#include "core/internal/shard_layout.h"
#include "core/internal/words.h"
#include <hubdist/core/shard_builder.h>

namespace hubdist {
namespace {

constexpr std::uint64_t kMaxNumber = 0xffffffff;

template <typename D>
bool is_bookend(const D& hash) {
  return std::all_of(hash.bytes.begin(), hash.bytes.end(),
                     [](std::byte b) { return b == std::byte{0xff}; });
}

template <typename D>
void append_entry(Bytes& out, const D& hash, std::array<std::uint32_t, 4> numbers) {
  std::array<std::byte, kShardEntrySize> entry;
  auto at = std::copy(hash.bytes.begin(), hash.bytes.end(), entry.begin());
  for (const std::uint32_t number : numbers)
    for (int shift = 0; shift < 32; shift += 8)
      *at++ = static_cast<std::byte>(number >> shift & 0xff);
  append_bytes(out, entry);
}

void append_bookend(Bytes& out) {
  Blake3 hash;
  hash.bytes.fill(std::byte{0xff});
  append_entry(out, hash, {});
}

std::uint64_t entries(const FileRecord& file) {
  return 1 + file.terms.size() + file.range_hashes.size() + (file.sha256 ? 1 : 0);
}

void append_file(Bytes& out, const FileRecord& file) {
  // An empty file has all of its range hashes: none.
  const bool with_hashes = file.range_hashes.size() == file.terms.size();
  const std::uint32_t flags = (with_hashes ? internal::kFileHasRangeHashes : 0) |
                              (file.sha256 ? internal::kFileHasSha256 : 0);
  append_entry(out, file.hash, {flags, static_cast<std::uint32_t>(file.terms.size()), 0, 0});
  for (const Term& term : file.terms)
    append_entry(out, term.xorb, {0, term.raw_size, term.chunks.begin, term.chunks.end});
  for (const RangeHash& hash : file.range_hashes) append_entry(out, hash, {});
  if (file.sha256) append_entry(out, internal::swap_sha256(*file.sha256), {});
}

std::uint64_t raw_size(const XorbRecord& xorb) {
  std::uint64_t size = 0;
  for (const ShardChunk& chunk : xorb.chunks) size += chunk.raw_size;
  return size;
}

void append_header(Bytes& out, std::uint64_t footer_size) {
  for (const unsigned char c : internal::kShardTag) out.push_back(std::byte{c});
  append_le(out, internal::kShardVersion);
  append_le(out, footer_size);
}

}  // namespace

template <typename D>
bool ShardBuilder::WordLess::operator()(const D& a, const D& b) const {
  return internal::WordOrder()(a, b);
}

// What the lookup tables and the footer need to know of the sections.
struct ShardBuilder::Layout {
  struct Block {
    std::uint64_t key;
    std::uint32_t entry;
  };
  struct ChunkKey {
    std::uint64_t key;
    std::uint32_t entry;
    std::uint32_t chunk;
  };
  std::uint64_t xorbs_offset = 0;
  std::vector<Block> files;
  std::vector<Block> xorbs;
  std::vector<ChunkKey> chunks;
  ShardFooter sums;
};

FileRecord make_record(const ShardFile& file) {
  FileRecord record;
  record.hash = file.hash();
  record.sha256 = file.sha256();
  for (std::uint32_t i = 0; i < file.term_count(); ++i) {
    record.terms.push_back(file.term(i));
    if (file.has_range_hashes()) record.range_hashes.push_back(file.range_hash(i));
  }
  return record;
}

XorbRecord make_record(const ShardXorb& xorb) {
  XorbRecord record{xorb.hash(), {}, xorb.packed_size()};
  for (std::uint32_t i = 0; i < xorb.chunk_count(); ++i) record.chunks.push_back(xorb.chunk(i));
  return record;
}

XorbRecord make_record(const XorbIndex& index) {
  XorbRecord record{index.hash, {}, static_cast<std::uint32_t>(index.packed_size())};
  for (std::uint32_t i = 0; i < index.chunk_count(); ++i)
    record.chunks.push_back({index.hashes[i], index.chunk(i).size, false});
  return record;
}

Status ShardBuilder::add(FileRecord file) {
  if (is_bookend(file.hash)) return invalid_argument("no file has a hash of 0xff bytes");
  if (!file.range_hashes.empty() && file.range_hashes.size() != file.terms.size())
    return invalid_argument("file ", xet_hex(file.hash), " has ", file.terms.size(), " terms and ",
                            file.range_hashes.size(), " range hashes");
  size_ += entries(file) * kShardEntrySize;
  const auto [at, added] = files_.try_emplace(file.hash);
  if (!added) size_ -= entries(at->second) * kShardEntrySize;
  at->second = std::move(file);
  return {};
}

Status ShardBuilder::add(XorbRecord xorb) {
  if (is_bookend(xorb.hash)) return invalid_argument("no xorb has a hash of 0xff bytes");
  if (raw_size(xorb) > kMaxNumber)
    return invalid_argument("xorb ", xet_hex(xorb.hash), " has ", raw_size(xorb), " bytes");
  size_ += (1 + xorb.chunks.size()) * kShardEntrySize;
  const auto [at, added] = xorbs_.try_emplace(xorb.hash);
  if (!added) size_ -= (1 + at->second.chunks.size()) * kShardEntrySize;
  at->second = std::move(xorb);
  return {};
}

void ShardBuilder::mark_global(const XorbHash& xorb, std::uint32_t chunk) {
  const auto at = xorbs_.find(xorb);
  if (at != xorbs_.end() && chunk < at->second.chunks.size())
    at->second.chunks[chunk].global_dedupe = true;
}

void ShardBuilder::append_sections(Bytes& out, const Stored& how, Layout& layout) const {
  const auto entry = [&out](std::size_t offset) {
    return static_cast<std::uint32_t>((out.size() - offset) / kShardEntrySize);
  };
  for (const auto& [hash, file] : files_) {
    if (!how.with_files) break;
    layout.files.push_back({internal::truncated(hash), entry(kShardHeaderSize)});
    for (const Term& term : file.terms) layout.sums.file_bytes += term.raw_size;
    append_file(out, file);
  }
  append_bookend(out);
  layout.xorbs_offset = out.size();
  for (const auto& [hash, xorb] : xorbs_) {
    const std::uint32_t start = entry(static_cast<std::size_t>(layout.xorbs_offset));
    const auto raw = static_cast<std::uint32_t>(raw_size(xorb));
    const auto count = static_cast<std::uint32_t>(xorb.chunks.size());
    layout.xorbs.push_back({internal::truncated(hash), start});
    layout.sums.packed_bytes += xorb.packed_size;
    layout.sums.raw_bytes += raw;
    append_entry(out, hash, {0, count, raw, xorb.packed_size});
    std::uint32_t begin = 0;
    for (std::uint32_t i = 0; i < count; ++i) {
      const ShardChunk& chunk = xorb.chunks[i];
      const ChunkHash keyed = keyed_chunk_hash(how.key, chunk.hash);
      append_entry(out, keyed,
                   {begin, chunk.raw_size, chunk.global_dedupe ? internal::kChunkIsGlobal : 0, 0});
      layout.chunks.push_back({internal::truncated(keyed), start, i});
      begin += chunk.raw_size;
    }
  }
  append_bookend(out);
}

Result<Bytes> ShardBuilder::upload_form() const {
  if (size_ > kMaxShardSize)
    return failed_precondition("a shard of ", size_, " bytes is too large to upload, allowed are ",
                               kMaxShardSize, ": make two");
  Bytes out;
  out.reserve(static_cast<std::size_t>(size_));
  append_header(out, 0);
  Layout layout;
  append_sections(out, {}, layout);
  return out;
}

Result<Bytes> ShardBuilder::stored_form(const Stored& how) const {
  if (size_ + size_ / 2 > kMaxStoredShardSize)  // a chunk's lookup is a third of its entry
    return failed_precondition("a shard with ", size_, " bytes of entries is too large, ",
                               kMaxStoredShardSize, " are allowed with lookup tables: make two");
  Bytes out;
  append_header(out, kShardFooterSize);
  Layout layout;
  append_sections(out, how, layout);
  if (!how.with_lookups) layout.files.clear(), layout.xorbs.clear(), layout.chunks.clear();
  std::stable_sort(layout.chunks.begin(), layout.chunks.end(),
                   [](const auto& a, const auto& b) { return a.key < b.key; });

  std::array<std::uint64_t, 6> tables;
  const auto append_blocks = [&](std::size_t at, const std::vector<Layout::Block>& blocks) {
    tables[at] = out.size();
    tables[at + 1] = blocks.size();
    for (const auto& [key, entry] : blocks) append_le(out, key), append_le(out, entry);
  };
  append_blocks(0, layout.files);
  append_blocks(2, layout.xorbs);
  tables[4] = out.size();
  tables[5] = layout.chunks.size();
  for (const auto& [key, entry, chunk] : layout.chunks)
    append_le(out, key), append_le(out, entry), append_le(out, chunk);

  const std::uint64_t footer_offset = out.size();
  append_le(out, internal::kShardFooterVersion);
  append_le(out, std::uint64_t{kShardHeaderSize});
  append_le(out, layout.xorbs_offset);
  for (const std::uint64_t number : tables) append_le(out, number);
  append_bytes(out, how.key);
  append_le(out, how.created);
  append_le(out, how.key_expiry);
  out.resize(out.size() + 6 * sizeof(std::uint64_t));
  append_le(out, layout.sums.packed_bytes);
  append_le(out, layout.sums.file_bytes);
  append_le(out, layout.sums.raw_bytes);
  append_le(out, footer_offset);
  return out;
}

}  // namespace hubdist
