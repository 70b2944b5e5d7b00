#include <algorithm>

#include "core/internal/shard_layout.h"
#include "core/internal/words.h"

namespace hubdist {

using internal::le32;
using internal::le64;

namespace {

// A hostile table may hold one key very often; so many of its entries are looked at.
constexpr std::uint64_t kMaxSameKey = 256;

template <typename D>
D digest_at(ByteView bytes, std::size_t at) {
  D digest;
  std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(at), D::kSize, digest.bytes.begin());
  return digest;
}

bool is_bookend(ByteView entry) {
  return std::all_of(entry.begin(), entry.begin() + 32,
                     [](std::byte b) { return b == std::byte{0xff}; });
}

Status damaged(std::string_view problem) {
  return invalid_argument("a shard is damaged: ", problem);
}

// Entries that a file's block has, its header included.
std::uint64_t file_entries(ByteView header) {
  const std::uint32_t flags = le32(&header[32]);
  const std::uint64_t terms = le32(&header[36]);
  return 1 + terms * ((flags & internal::kFileHasRangeHashes) ? 2 : 1) +
         ((flags & internal::kFileHasSha256) ? 1 : 0);
}

std::uint64_t xorb_entries(ByteView header) { return std::uint64_t{1} + le32(&header[36]); }

}  // namespace

XetHash ShardFile::hash() const { return digest_at<XetHash>(block_, 0); }
std::uint32_t ShardFile::term_count() const { return le32(&block_[36]); }
bool ShardFile::has_range_hashes() const {
  return (le32(&block_[32]) & internal::kFileHasRangeHashes) != 0;
}

Term ShardFile::term(std::uint32_t i) const {
  const ByteView entry = block_.subspan((1 + std::size_t{i}) * kShardEntrySize, kShardEntrySize);
  return {digest_at<XorbHash>(entry, 0), {le32(&entry[40]), le32(&entry[44])}, le32(&entry[36])};
}

RangeHash ShardFile::range_hash(std::uint32_t i) const {
  return digest_at<RangeHash>(block_, (1 + std::size_t{term_count()} + i) * kShardEntrySize);
}

std::optional<Sha256> ShardFile::sha256() const {
  if ((le32(&block_[32]) & internal::kFileHasSha256) == 0) return std::nullopt;
  return internal::swap_sha256(digest_at<Sha256>(block_, block_.size() - kShardEntrySize));
}

std::uint64_t ShardFile::size() const {
  std::uint64_t size = 0;
  for (std::uint32_t i = 0; i < term_count(); ++i) size += term(i).raw_size;
  return size;
}

XorbHash ShardXorb::hash() const { return digest_at<XorbHash>(block_, 0); }
std::uint32_t ShardXorb::chunk_count() const { return le32(&block_[36]); }
std::uint32_t ShardXorb::raw_size() const { return le32(&block_[40]); }
std::uint32_t ShardXorb::packed_size() const { return le32(&block_[44]); }

ShardChunk ShardXorb::chunk(std::uint32_t i) const {
  const ByteView entry = block_.subspan((1 + std::size_t{i}) * kShardEntrySize, kShardEntrySize);
  return {digest_at<ChunkHash>(entry, 0), le32(&entry[36]),
          (le32(&entry[40]) & internal::kChunkIsGlobal) != 0};
}

std::uint32_t ShardXorb::raw_begin(std::uint32_t i) const {
  return le32(&block_[(1 + std::size_t{i}) * kShardEntrySize + 32]);
}

Result<Shard> Shard::parse(ByteView bytes) {
  if (bytes.size() < kShardHeaderSize + 2 * kShardEntrySize || bytes.size() > kMaxStoredShardSize)
    return damaged(concat("it has ", bytes.size(), " bytes, allowed are ",
                          kShardHeaderSize + 2 * kShardEntrySize, " to ", kMaxStoredShardSize));
  if (!std::equal(internal::kShardTag.begin(), internal::kShardTag.end(), bytes.begin(),
                  [](unsigned char a, std::byte b) { return std::byte{a} == b; }))
    return invalid_argument("these bytes are no shard: its tag is missing");
  if (const std::uint64_t version = le64(&bytes[32]); version != internal::kShardVersion)
    return invalid_argument("a shard has version ", version, ", known is ",
                            internal::kShardVersion);
  const std::uint64_t footer_size = le64(&bytes[40]);
  if (footer_size != 0 && footer_size != kShardFooterSize)
    return damaged(
        concat("it states a footer of ", footer_size, " bytes, one has ", kShardFooterSize));
  if (bytes.size() - kShardHeaderSize < footer_size) return damaged("its footer is missing");

  Shard shard;
  shard.bytes_ = bytes;
  const std::size_t end = bytes.size() - static_cast<std::size_t>(footer_size);
  shard.files_.offset = kShardHeaderSize;
  HUBDIST_TRY(shard.read_section(shard.files_, end, "file"));
  shard.xorbs_.offset = shard.files_.offset + (std::size_t{shard.files_.end} + 1) * kShardEntrySize;
  HUBDIST_TRY(shard.read_section(shard.xorbs_, end, "xorb"));
  const std::size_t sections_end =
      shard.xorbs_.offset + (std::size_t{shard.xorbs_.end} + 1) * kShardEntrySize;
  if (footer_size != 0)
    HUBDIST_TRY(shard.read_footer(sections_end));
  else if (sections_end != end)
    return damaged(concat(end - sections_end, " bytes follow its sections and there is no footer"));
  return shard;
}

// Finds the blocks of a section, up to its bookend; it must lie before `end`.
Status Shard::read_section(Section& section, std::size_t end, std::string_view what) {
  const bool files = &section == &files_;
  std::size_t at = section.offset;
  ByteView before;
  while (true) {
    if (end - at < kShardEntrySize)
      return damaged(concat("the ", what, "s end at ", end, " without a bookend"));
    const ByteView header = bytes_.subspan(at, kShardEntrySize);
    const auto entry = static_cast<std::uint32_t>((at - section.offset) / kShardEntrySize);
    if (is_bookend(header)) {
      section.end = entry;
      return {};
    }
    if (files && (le32(&header[32]) & ~(internal::kFileHasRangeHashes | internal::kFileHasSha256)))
      return damaged(concat("the file at ", at, " has unknown flags"));
    const std::uint64_t entries = files ? file_entries(header) : xorb_entries(header);
    if (entries > (end - at) / kShardEntrySize)
      return damaged(concat("the ", what, " at ", at, " has ", entries, " entries, only ",
                            (end - at) / kShardEntrySize, " are left"));
    if (!before.empty() &&
        !internal::WordOrder()(digest_at<Blake3>(before, 0), digest_at<Blake3>(header, 0)))
      section.sorted = false;
    before = header;
    section.starts.push_back(entry);
    at += static_cast<std::size_t>(entries) * kShardEntrySize;
  }
}

// Reads the footer; the lookup tables lie between `lookups` and it.
Status Shard::read_footer(std::size_t lookups) {
  const std::size_t at = bytes_.size() - kShardFooterSize;
  const ByteView footer = bytes_.subspan(at);
  const auto number = [&footer](std::size_t offset) { return le64(&footer[offset]); };
  const auto expect = [&number](std::size_t offset, std::uint64_t value,
                                std::string_view what) -> Status {
    if (number(offset) == value) return {};
    return damaged(concat("its footer states ", number(offset), " as ", what, ", it is ", value));
  };
  HUBDIST_TRY(expect(0, internal::kShardFooterVersion, "its version"));
  HUBDIST_TRY(expect(8, files_.offset, "the beginning of the files"));
  HUBDIST_TRY(expect(16, xorbs_.offset, "the beginning of the xorbs"));
  HUBDIST_TRY(expect(192, at, "its own beginning"));
  const auto table = [&](std::size_t offset, std::size_t entry_size, Table& out) -> Status {
    out = {number(offset), number(offset + 8)};
    if (out.count == 0) return {};
    if (out.offset < lookups || out.offset > at || out.count > (at - out.offset) / entry_size)
      return damaged(concat("a lookup table of ", out.count, " entries at ", out.offset,
                            " does not lie between ", lookups, " and ", at));
    return {};
  };
  HUBDIST_TRY(table(24, internal::kBlockLookupSize, file_lookup_));
  HUBDIST_TRY(table(40, internal::kBlockLookupSize, xorb_lookup_));
  HUBDIST_TRY(table(56, internal::kChunkLookupSize, chunk_lookup_));
  footer_.emplace();
  std::copy_n(footer.begin() + 72, footer_->key.size(), footer_->key.begin());
  footer_->created = number(104);
  footer_->key_expiry = number(112);
  footer_->packed_bytes = number(168);
  footer_->file_bytes = number(176);
  footer_->raw_bytes = number(184);
  return {};
}

ByteView Shard::block(const Section& section, std::size_t i) const {
  const std::uint32_t begin = section.starts[i];
  const std::uint32_t end = i + 1 < section.starts.size() ? section.starts[i + 1] : section.end;
  return bytes_.subspan(section.offset + std::size_t{begin} * kShardEntrySize,
                        std::size_t{end - begin} * kShardEntrySize);
}

ShardFile Shard::file(std::uint32_t i) const { return ShardFile(block(files_, i)); }
ShardXorb Shard::xorb(std::uint32_t i) const { return ShardXorb(block(xorbs_, i)); }

template <typename D>
std::optional<std::uint32_t> Shard::find_block(const Section& section, const D& hash) const {
  const auto hash_of = [&](std::uint32_t start) {
    return digest_at<D>(bytes_, section.offset + std::size_t{start} * kShardEntrySize);
  };
  const auto begin = section.starts.begin(), end = section.starts.end();
  const auto at =
      section.sorted
          ? std::lower_bound(begin, end, hash,
                             [&](std::uint32_t start, const D& wanted) {
                               return internal::WordOrder()(hash_of(start), wanted);
                             })
          : std::find_if(begin, end, [&](std::uint32_t start) { return hash_of(start) == hash; });
  if (at == end || hash_of(*at) != hash) return std::nullopt;
  return static_cast<std::uint32_t>(at - begin);
}

std::optional<ShardFile> Shard::find_file(const XetHash& hash) const {
  const auto found = find_block(files_, hash);
  if (!found) return std::nullopt;
  return file(*found);
}

std::optional<std::uint32_t> Shard::find_xorb(const XorbHash& hash) const {
  return find_block(xorbs_, hash);
}

std::optional<Shard::ChunkPlace> Shard::chunk_place(std::uint64_t i) const {
  const std::byte* entry =
      &bytes_[static_cast<std::size_t>(chunk_lookup_.offset + i * internal::kChunkLookupSize)];
  const std::uint32_t start = le32(entry + 8), chunk = le32(entry + 12);
  const auto at = std::lower_bound(xorbs_.starts.begin(), xorbs_.starts.end(), start);
  if (at == xorbs_.starts.end() || *at != start) return std::nullopt;
  const auto place = static_cast<std::uint32_t>(at - xorbs_.starts.begin());
  if (chunk >= xorb(place).chunk_count()) return std::nullopt;
  return ChunkPlace{place, chunk};
}

std::vector<Shard::ChunkPlace> Shard::scan(const ChunkHash& keyed, std::size_t limit) const {
  std::vector<ChunkPlace> found;
  for (std::uint32_t x = 0; x < xorb_count(); ++x) {
    const ShardXorb here = xorb(x);
    for (std::uint32_t c = 0; c < here.chunk_count() && found.size() < limit; ++c)
      if (here.chunk(c).hash == keyed) found.push_back({x, c});
  }
  return found;
}

std::vector<Shard::ChunkPlace> Shard::find_chunk(const ChunkHash& hash, std::size_t limit) const {
  const ChunkHash keyed = footer_ ? keyed_chunk_hash(footer_->key, hash) : hash;
  if (chunk_lookup_.count == 0) return scan(keyed, limit);
  const std::uint64_t key = internal::truncated(keyed);
  const auto key_at = [&](std::uint64_t i) {
    return le64(
        &bytes_[static_cast<std::size_t>(chunk_lookup_.offset + i * internal::kChunkLookupSize)]);
  };
  std::uint64_t low = 0, high = chunk_lookup_.count;
  while (low < high) {
    const std::uint64_t middle = low + (high - low) / 2;
    if (key_at(middle) < key)
      low = middle + 1;
    else
      high = middle;
  }
  std::vector<ChunkPlace> found;
  const std::uint64_t stop = std::min(chunk_lookup_.count, low + kMaxSameKey);
  for (; low < stop && key_at(low) == key && found.size() < limit; ++low)
    if (const auto place = chunk_place(low);
        place && xorb(place->xorb).chunk(place->chunk).hash == keyed)
      found.push_back(*place);
  return found;
}

}  // namespace hubdist
