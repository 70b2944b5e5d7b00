// Looks whether the contents that a hub names are whole, as a part of fsck.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "server/internal/xet_check.h"
#include <hubdist/server/fsck.h>

namespace hubdist::internal {

class ContentCheck {
 public:
  // Counts in `result`; what is wrong goes to `problem`. All of them must outlive this. Xet storage
  // has been checked.
  ContentCheck(ObjectStore& store, XetCheck& xet, const FsckOptions& options, FsckResult& result,
               const std::function<void(std::string_view)>& problem, std::stop_token stop)
      : store_(store),
        xet_(xet),
        options_(options),
        result_(result),
        problem_(problem),
        stop_(std::move(stop)) {}

  // A content that `what` names, and says to have `size` bytes and, where git keeps it, that id of
  // git's. Each is read once; a second time when git's id is wanted later. Cancelled on stop.
  Status check(const Sha256& sha256, std::uint64_t size, const std::optional<Sha1>& git_id,
               const std::string& what);
  // Counts the objects that were not named. An error when the store does not answer.
  Status count_unused();

 private:
  static constexpr std::uint64_t kMissing = ~std::uint64_t{0};
  struct Content {
    std::uint64_t size = kMissing;
    bool hashed = false;         // or need not be
    std::optional<Sha1> git_id;  // what it was found to be
  };
  Result<std::unique_ptr<ObjectReader>> open(const Sha256& sha256, Content& content);
  void find(const Sha256& sha256, const std::string& what, Content& content);
  Status read(const Sha256& sha256, bool with_git_id, const std::string& what, Content& content);

  ObjectStore& store_;
  XetCheck& xet_;
  const FsckOptions options_;
  FsckResult& result_;
  const std::function<void(std::string_view)>& problem_;
  const std::stop_token stop_;
  std::map<Sha256, Content> contents_;
};

}  // namespace hubdist::internal
