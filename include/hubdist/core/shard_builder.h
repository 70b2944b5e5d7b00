// Writes shards (core/shard.h) in both forms.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include <hubdist/core/shard.h>
#include <hubdist/core/xorb.h>

namespace hubdist {

// A file as a shard tells it.
struct FileRecord {
  XetHash hash;
  std::vector<Term> terms;              // none for an empty file
  std::vector<RangeHash> range_hashes;  // of each term, or none at all; an upload needs them
  std::optional<Sha256> sha256;         // of the content
  friend bool operator==(const FileRecord&, const FileRecord&) = default;
};
FileRecord make_record(const ShardFile& file);

// A xorb as a shard tells it.
struct XorbRecord {
  XorbHash hash;
  std::vector<ShardChunk> chunks;
  std::uint32_t packed_size = 0;  // bytes of the xorb as it was uploaded
  friend bool operator==(const XorbRecord&, const XorbRecord&) = default;
};
XorbRecord make_record(const ShardXorb& xorb);
// No chunk is marked for global deduplication. The index must have raw sizes.
XorbRecord make_record(const XorbIndex& index);

// Collects records, sorted and without duplicates, and writes them. Not thread-safe.
class ShardBuilder {
 public:
  // A record with a hash that is there already takes the other's place. InvalidArgument for what
  // the format cannot hold: the hash of bookends, range hashes for some terms only, and xorbs of
  // 4 GiB and more.
  Status add(FileRecord file);
  Status add(XorbRecord xorb);
  // Marks a chunk for global deduplication: whatever its hash, clients may find it. Nothing happens
  // when there is no such xorb or chunk.
  void mark_global(const XorbHash& xorb, std::uint32_t chunk);

  bool empty() const { return files_.empty() && xorbs_.empty(); }
  // Bytes of upload_form().
  std::uint64_t upload_size() const { return size_; }

  // FailedPrecondition when the shard would have more than kMaxShardSize bytes: make two.
  Result<Bytes> upload_form() const;

  struct Stored {
    std::uint64_t created = 0;                 // seconds since 1970
    std::uint64_t key_expiry = kNeverExpires;  // seconds since 1970
    // Unless all zero, chunk hashes are written under this key.
    DedupeKey key{};
    // Whether files are written; answers of global deduplication have none.
    bool with_files = true;
    // Whether the three lookup tables are written.
    bool with_lookups = true;
  };
  // FailedPrecondition when the shard would have more than kMaxStoredShardSize bytes.
  Result<Bytes> stored_form(const Stored& how) const;

 private:
  struct WordLess {
    template <typename D>
    bool operator()(const D& a, const D& b) const;
  };
  struct Layout;
  void append_sections(Bytes& out, const Stored& how, Layout& layout) const;

  std::map<XetHash, FileRecord, WordLess> files_;
  std::map<XorbHash, XorbRecord, WordLess> xorbs_;
  std::uint64_t size_ = kShardHeaderSize + 2 * kShardEntrySize;
};

}  // namespace hubdist
