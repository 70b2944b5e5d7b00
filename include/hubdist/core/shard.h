// Shards: which xorbs and chunks a file consists of, and which chunks a xorb has.
//
//   header     48 bytes
//   files      a block for each: header, terms, range hashes (optional), sha256 (optional)
//   bookend    an entry with a hash of 0xff bytes
//   xorbs      a block for each: header, chunks
//   bookend
//   lookups    sorted tables from a hash's first 8 bytes to a place (stored form only)
//   footer     200 bytes (stored form only)
//
// Each entry of the two sections has 48 bytes. The upload form ends at the second bookend. A hub
// answers questions of global deduplication with shards in stored form, which have no files and
// whose chunk hashes are keyed. docs/xet-formats.md has the layouts.
//
// Source: the Xet protocol specification 1.1, "Shard"
// (https://github.com/huggingface/hub-docs/tree/main/docs/xet), and for the lookup tables the
// reference implementation (https://github.com/huggingface/xet-core).
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include <hubdist/core/global_dedupe.h>
#include <hubdist/core/term.h>

namespace hubdist {

inline constexpr std::size_t kShardHeaderSize = 48;
inline constexpr std::size_t kShardEntrySize = 48;
inline constexpr std::size_t kShardFooterSize = 200;
// Bytes of a shard that is uploaded.
inline constexpr std::uint64_t kMaxShardSize = 64 * kMiB;
// Bytes of a shard in stored form, so that an entry's place fits its 32 bits.
inline constexpr std::uint64_t kMaxStoredShardSize = kGiB;
inline constexpr std::uint64_t kNeverExpires = ~std::uint64_t{0};

// A chunk as a shard knows it.
struct ShardChunk {
  ChunkHash hash;  // keyed where the shard is
  std::uint32_t raw_size = 0;
  bool global_dedupe = false;  // other clients may find it, whatever its hash (a file begins here)
  friend bool operator==(const ShardChunk&, const ShardChunk&) = default;
};

// A file's block. Borrows the shard's bytes; const calls are thread-safe.
class ShardFile {
 public:
  explicit ShardFile(ByteView block) : block_(block) {}
  XetHash hash() const;
  std::uint32_t term_count() const;
  Term term(std::uint32_t i) const;  // i below term_count()
  bool has_range_hashes() const;
  RangeHash range_hash(std::uint32_t i) const;  // of term i, where has_range_hashes()
  std::optional<Sha256> sha256() const;         // as the uploader states it
  std::uint64_t size() const;                   // bytes in all terms; costs O(term_count())

 private:
  ByteView block_;
};

// A xorb's block. Borrows the shard's bytes; const calls are thread-safe.
class ShardXorb {
 public:
  explicit ShardXorb(ByteView block) : block_(block) {}
  XorbHash hash() const;
  std::uint32_t chunk_count() const;
  ShardChunk chunk(std::uint32_t i) const;         // i below chunk_count()
  std::uint32_t raw_begin(std::uint32_t i) const;  // stated offset of chunk i, uncompressed
  std::uint32_t raw_size() const;                  // stated bytes of all chunks, uncompressed
  std::uint32_t packed_size() const;               // stated bytes of the xorb as it was uploaded

 private:
  ByteView block_;
};

// What the footer says beside places.
struct ShardFooter {
  DedupeKey key{};                           // of the chunk hashes; all zero: they are not keyed
  std::uint64_t created = 0;                 // seconds since 1970
  std::uint64_t key_expiry = kNeverExpires;  // seconds since 1970
  // Bytes of the shard's xorbs as they are stored, of its files, of its xorbs uncompressed.
  std::uint64_t packed_bytes = 0;
  std::uint64_t file_bytes = 0;
  std::uint64_t raw_bytes = 0;
  // Whether clients must not use the shard any more at the time `now`.
  bool expired(std::uint64_t now) const { return now >= key_expiry; }
  friend bool operator==(const ShardFooter&, const ShardFooter&) = default;
};

// A shard in either form. Borrows its bytes, which may be mapped: parsing reads the header of each
// block and keeps 4 bytes for each. Const calls are thread-safe.
class Shard {
 public:
  // InvalidArgument, naming the place, unless header, sections, lookup tables and footer lie within
  // the bytes and leave none over. What blocks say is for check_shard() to judge
  // (core/shard_check.h): until then any number may be any.
  static Result<Shard> parse(ByteView bytes);

  // Absent in the upload form.
  const std::optional<ShardFooter>& footer() const { return footer_; }
  ByteView bytes() const { return bytes_; }

  std::uint32_t file_count() const { return static_cast<std::uint32_t>(files_.starts.size()); }
  ShardFile file(std::uint32_t i) const;  // in the order of the section; i below file_count()
  std::uint32_t xorb_count() const { return static_cast<std::uint32_t>(xorbs_.starts.size()); }
  ShardXorb xorb(std::uint32_t i) const;

  // By hash, in O(log n) where the section is sorted, as everyone writes it; else in O(n).
  std::optional<ShardFile> find_file(const XetHash& hash) const;
  std::optional<std::uint32_t> find_xorb(const XorbHash& hash) const;  // for xorb()

  // Where chunks lie in the shard.
  struct ChunkPlace {
    std::uint32_t xorb = 0;
    std::uint32_t chunk = 0;
    friend bool operator==(const ChunkPlace&, const ChunkPlace&) = default;
  };
  // At most `limit` places of a chunk, whose hash is given as it is: it is keyed here where the
  // shard's are. In O(log n) with the lookup table; without one in O(n): a shard that is asked
  // often is better written in stored form first (ShardBuilder).
  std::vector<ChunkPlace> find_chunk(const ChunkHash& hash, std::size_t limit = 1) const;
  // Entries of the chunks' lookup table; 0 without one.
  std::uint64_t chunk_lookup_count() const { return chunk_lookup_.count; }

 private:
  friend Status check_shard(const Shard& shard);

  struct Section {
    std::size_t offset = 0;             // of its first entry in the shard
    std::vector<std::uint32_t> starts;  // of the blocks, in entries from `offset`
    std::uint32_t end = 0;              // of the last block: the bookend's place
    bool sorted = true;
  };
  struct Table {
    std::uint64_t offset = 0;
    std::uint64_t count = 0;
  };
  Status read_section(Section& section, std::size_t end, std::string_view what);
  Status read_footer(std::size_t lookups);
  ByteView block(const Section& section, std::size_t i) const;
  template <typename D>
  std::optional<std::uint32_t> find_block(const Section& section, const D& hash) const;
  // Where entry `i` of the chunks' lookup table leads, if it leads to a chunk.
  std::optional<ChunkPlace> chunk_place(std::uint64_t i) const;
  Status check_chunk_lookup() const;
  std::vector<ChunkPlace> scan(const ChunkHash& keyed, std::size_t limit) const;

  ByteView bytes_;
  Section files_;
  Section xorbs_;
  std::optional<ShardFooter> footer_;
  Table file_lookup_;
  Table xorb_lookup_;
  Table chunk_lookup_;
};

}  // namespace hubdist
