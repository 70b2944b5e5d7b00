// Contents by their SHA-256, however the store keeps them.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>

#include <hubdist/server/xet_store.h>

namespace hubdist::internal {

// What contents cost: bytes that were read from the store for answers, and bytes of theirs that
// were sent. The rest was read in vain.
struct ContentTraffic {
  std::atomic<std::uint64_t> read = 0;
  std::atomic<std::uint64_t> sent = 0;
};

// A content is one object (blobs/), or a file in Xet storage, or both; then the object is read,
// which costs less. Thread-safe. The Xet store must outlive it and its readers.
class Contents {
 public:
  // `read_bytes`: counts what is read out of xorbs.
  explicit Contents(const XetStore& xet, ReadCounter read_bytes = nullptr)
      : xet_(xet), read_bytes_(read_bytes) {}

  Result<std::unique_ptr<ObjectReader>> open(const Sha256& sha256) const;  // NotFound
  // A whole small content; OutOfRange when it is larger than `limit`.
  Result<std::string> get(const Sha256& sha256, std::uint64_t limit) const;
  // The key of the object that says that it is in the store; nothing where it is not. Nothing is
  // read. Who relies on it instead of writing the content settles it (ObjectStore::settle()).
  Result<std::optional<std::string>> find(const Sha256& sha256) const;

 private:
  const XetStore& xet_;
  const ReadCounter read_bytes_;
};

}  // namespace hubdist::internal
