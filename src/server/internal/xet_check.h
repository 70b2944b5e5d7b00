// Looks whether a hub's Xet storage is whole, as a part of fsck.
#pragma once

#include <functional>
#include <map>
#include <stop_token>
#include <string>
#include <string_view>

#include <hubdist/server/fsck.h>
#include <hubdist/server/xet_store.h>

namespace hubdist::internal {

class XetCheck {
 public:
  // Counts in `result`; what is wrong goes to `problem`. All of them must outlive this.
  XetCheck(ObjectStore& store, const FsckOptions& options, FsckResult& result,
           const std::function<void(std::string_view)>& problem, std::stop_token stop)
      : store_(store),
        xet_(store, XetStore::OldFooters::kLeave),
        options_(options),
        result_(result),
        problem_(problem),
        stop_(std::move(stop)) {}

  // Xorbs, then files against them, then contents against files, then proofs. Cancelled on stop; an
  // error when the store does not answer.
  Status run();

  struct Content {
    XetHash file;
    std::uint64_t size = 0;
    bool used = false;
  };
  // A content that lies in xorbs and, if it was read, has the hash that it should have; null when
  // there is none. It counts as used then.
  const Content* use(const Sha256& sha256);
  Result<std::unique_ptr<ObjectReader>> open(const Content& content) const {
    return xet_.open_file(content.file);
  }
  // Counts the contents that nobody used, after all that are in use.
  void count_unused();

 private:
  struct Xorb {
    std::uint64_t size = 0;  // bytes of the object
    bool used = false;
  };
  struct File {
    std::uint64_t size = 0;
    bool used = false;
  };
  Status check_xorb(const StoredObject& object);
  Status read_xorb(ObjectReader& reader, const XorbHash& hash);
  Status check_xet_file(const StoredObject& object);
  Status check_content(const StoredObject& object);
  Status hash_content(const Sha256& sha256, const XetHash& file);
  Status check_proof(const StoredObject& object);
  Status check_proved_terms(std::string_view key, const XetHash& hash);
  // A problem of the hub goes to `problem_`; Cancelled goes on.
  Status report(std::string_view what, const Status& status) const;

  ObjectStore& store_;
  const XetStore xet_;
  const FsckOptions options_;
  FsckResult& result_;
  const std::function<void(std::string_view)>& problem_;
  const std::stop_token stop_;
  std::map<XorbHash, Xorb> xorbs_;
  std::map<XetHash, File> files_;
  std::map<Sha256, Content> contents_;
};

}  // namespace hubdist::internal
