// Links that authorise themselves: whoever holds one may do one thing, for a while.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "server/internal/signer.h"
#include <hubdist/base/clock.h>
#include <hubdist/base/secret.h>
#include <hubdist/core/digest.h>
#include <hubdist/io/http_server.h>
#include <hubdist/server/repository.h>

namespace hubdist::internal {

// What a link allows: one method, on one content (or part of it) of one repository.
struct LfsLink {
  enum class Action { kDownload, kUpload, kUploadPart, kComplete, kVerify };
  Action action = Action::kDownload;
  StorageId storage;
  Sha256 oid;
  std::uint64_t size = 0;
  std::uint64_t part_size = 0;  // kUploadPart, kComplete
  std::uint64_t part = 0;       // from 1 (kUploadPart)
  std::int64_t expires = 0;     // seconds since 1970
  std::uint64_t parts() const { return part_size == 0 ? 0 : (size + part_size - 1) / part_size; }
  // What an upload by this link must bring.
  std::uint64_t upload_size() const;
};

inline constexpr std::string_view kLfsLinkPrefix = "/api/lfs/";
// An hour, and a second more for each MiB, but never longer than this.
inline constexpr std::int64_t kMaxLfsLinkLife = std::int64_t{7} * 24 * 3600;  // seconds

// Thread-safe.
class LfsLinks {
 public:
  explicit LfsLinks(const Secret& hub_key) : signer_(hub_key, "hubdist lfs links") {}
  // "/api/lfs/{storage}/{oid}?...", valid for an hour and a second more for each MiB, at most for
  // kMaxLfsLinkLife.
  std::string make(LfsLink link, std::int64_t now) const;
  // 403 when the link is not of this hub's making, not for this method, or expired.
  Result<LfsLink> read(std::string_view method, std::string_view path, std::string_view query,
                       std::int64_t now) const;

 private:
  const Signer signer_;
};

// The key that signs a hub's links, made on first use.
Result<Secret> find_link_key(ObjectStore& store);

}  // namespace hubdist::internal
