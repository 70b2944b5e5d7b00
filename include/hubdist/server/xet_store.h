// Contents in Xet storage: xorbs, and of which runs of their chunks files consist.
//
// Objects:
//   xorbs/{hash[:2]}/{hash}           a xorb with its footer
//   xet-files/{hash[:2]}/{hash}       a file: a shard in upload form that holds its block alone
//   xet-contents/{sha256[:2]}/{sha256}  the Xet hash of a content whose SHA-256 was computed here
// Each is written after what it names, and never changes (but a footer of version 0 is replaced by
// one of version 1, a file may learn its SHA-256, and what cannot be read is replaced when it comes
// again). Who may see which of them is not decided here.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <hubdist/core/digest.h>
#include <hubdist/core/term.h>
#include <hubdist/core/xorb.h>
#include <hubdist/store/object_store.h>

namespace hubdist {

// A file as its terms tell it.
struct XetFile {
  XetHash hash;
  std::uint64_t size = 0;        // bytes; put_file() computes it from the terms
  std::vector<Term> terms;       // none for an empty file
  std::optional<Sha256> sha256;  // of the content, once it was computed here
  // Of each term's chunks, so that a term that was damaged is found out; put_file() computes them.
  std::vector<RangeHash> range_hashes;
};

// What came in by one XetStore; their quotient is what deduplication and compression gained.
struct XetTotals {
  std::uint64_t file_bytes = 0;  // of the files that were put
  std::uint64_t xorb_bytes = 0;  // of the xorbs that were kept, as they are stored
};

// Counts bytes that are read from the store. Null where nobody counts.
using ReadCounter = std::atomic<std::uint64_t>*;

// Thread-safe, also between processes. The store must outlive it, and it its readers.
class XetStore {
 public:
  enum class OldFooters { kReplace, kLeave };
  explicit XetStore(ObjectStore& store, OldFooters old_footers = OldFooters::kReplace);
  ~XetStore();
  XetStore(const XetStore&) = delete;
  XetStore& operator=(const XetStore&) = delete;
  ObjectStore& store() const { return store_; }

  // The index of a xorb, with raw sizes, proved to be that xorb's; the most recently used are kept
  // in memory (64 MiB at the most). A footer of version 0 is replaced by one of version 1 on the
  // way, unless the constructor was told otherwise. NotFound; DataLoss when the object is no such
  // xorb.
  Result<std::shared_ptr<const XorbIndex>> index(const XorbHash& xorb,
                                                 ReadCounter read_bytes = nullptr) const;
  // The xorb's bytes, footer included: the chunks end at index()->packed_size(). NotFound.
  Result<std::unique_ptr<ObjectReader>> open_xorb(const XorbHash& xorb) const;
  // The most recently used are kept in memory (64 MiB at the most). NotFound; DataLoss when the
  // object is no such file.
  Result<std::shared_ptr<const XetFile>> file(const XetHash& hash,
                                              ReadCounter read_bytes = nullptr) const;
  // The file that has this content, if one has.
  Result<std::optional<XetHash>> file_of(const Sha256& sha256) const;
  // Random access to a file's bytes: reads the chunks that a range needs and no others, each
  // checked against its hash. Read from front to back, each chunk is read once. Memory: up to 2
  // MiB. Reads one at a time. `read_bytes` must outlive the reader. NotFound; while reading,
  // DataLoss for what is damaged or gone.
  Result<std::unique_ptr<ObjectReader>> open_file(const XetHash& hash,
                                                  ReadCounter read_bytes = nullptr) const;

  // Writers. A xorb that has been verified whole: the writer, which must not outlive this, takes
  // its chunks as they come, keep() appends the footer and makes it durable, keep_whole() does so
  // with one whose footer was written, too. One that is there already stays as it is packed, if its
  // footer can be read.
  Result<std::unique_ptr<ObjectWriter>> create_xorb(const XorbHash& xorb);
  Status keep(ObjectWriter& writer, const XorbIndex& index);
  Status keep_whole(ObjectWriter& writer, const XorbHash& xorb);
  // A file whose terms and hash have been checked against xorbs that are here: NotFound when one is
  // not. One that is here already stays as it is, unless `file` brings the SHA-256 that it lacks.
  Status put_file(const XetFile& file);
  // Records that the file has this content; the SHA-256 must have been computed from its bytes.
  // NotFound when there is no such file.
  Status put_content(const Sha256& sha256, const XetHash& file);
  XetTotals totals() const;

 private:
  struct Memory;
  ObjectStore& store_;
  const OldFooters old_footers_;
  const std::unique_ptr<Memory> memory_;
};

// Where they lie in the store.
std::string xorb_key(const XorbHash& hash);
std::string xet_file_key(const XetHash& hash);
std::string xet_content_key(const Sha256& sha256);

}  // namespace hubdist
