// Contents in Xet storage: xorbs, and of which runs of their chunks files consist.
//
// Objects:
//   xorbs/{hash[:2]}/{hash}           a xorb with its footer
//   xet-files/{hash[:2]}/{hash}       a file: a shard in upload form that holds its block alone
//   xet-contents/{sha256[:2]}/{sha256}  the Xet hash of a content whose SHA-256 was computed here
// Each is written after what it names, and never changes (but a footer of version 0 is replaced by
// one of version 1). Who may see which of them is not decided here.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
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
  std::uint64_t size = 0;        // bytes
  std::vector<Term> terms;       // none for an empty file
  std::optional<Sha256> sha256;  // of the content, once it was computed here
};

// Thread-safe, also between processes. The store must outlive it.
class XetStore {
 public:
  explicit XetStore(ObjectStore& store) : store_(store) {}
  ObjectStore& store() const { return store_; }

  // The index of a xorb, with raw sizes; the most recently used are kept in memory (64 MiB at the
  // most). A footer of version 0 is replaced by one of version 1 on the way. NotFound; DataLoss
  // when the object is no xorb.
  Result<std::shared_ptr<const XorbIndex>> index(const XorbHash& xorb) const;
  // The xorb's bytes, footer included: the chunks end at index()->packed_size(). NotFound.
  Result<std::unique_ptr<ObjectReader>> open_xorb(const XorbHash& xorb) const;
  // NotFound; DataLoss when the object is no such file.
  Result<XetFile> file(const XetHash& hash) const;
  // The file that has this content, if one has.
  Result<std::optional<XetHash>> file_of(const Sha256& sha256) const;
  // Random access to a file's bytes: reads the chunks that a range needs and no others, each
  // checked against its hash. The bytes that were read from the store are added to `read_bytes`,
  // if given, which must outlive the reader.
  Result<std::unique_ptr<ObjectReader>> open_file(
      const XetHash& hash, std::atomic<std::uint64_t>* read_bytes = nullptr) const;

  // Writers. A xorb that has been verified whole: writer() takes its chunks as they come,
  // keep() appends the footer and makes it durable.
  Result<std::unique_ptr<ObjectWriter>> create_xorb(const XorbHash& xorb);
  static Status keep(ObjectWriter& writer, const XorbIndex& index);
  // A file whose terms and hash have been checked against xorbs that are here.
  Status put_file(const XetFile& file);
  // Records that the file has this content; the SHA-256 must have been computed from its bytes.
  Status put_content(const Sha256& sha256, const XetHash& file);

 private:
  ObjectStore& store_;
};

}  // namespace hubdist
