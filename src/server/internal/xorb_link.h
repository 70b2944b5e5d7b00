// Links by which xorbs come and go: they authorise themselves, as an object store's presigned URLs
// do.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "server/internal/signer.h"
#include <hubdist/core/merkle.h>
#include <hubdist/server/repository.h>

namespace hubdist::internal {

inline constexpr std::string_view kXorbLinkPrefix = "/api/xet/xorbs/";

// Whoever holds one may read these bytes of a xorb, or bring the xorb to a repository.
struct XorbLink {
  StorageId storage;
  XorbHash xorb;
  ByteRange bytes;           // what may be read; of an upload [0, its length)
  std::string uploads_to{};  // RepoId::key() of the repository that an upload is for; empty: a read
  std::int64_t expires = 0;  // seconds since 1970
  bool is_upload() const { return !uploads_to.empty(); }
};

// Thread-safe.
class XorbLinks {
 public:
  XorbLinks(const Secret& hub_key, std::chrono::seconds life);
  // "/api/xet/xorbs/{storage}/{xorb}?...", valid for a life from `now`.
  std::string make(XorbLink link, std::int64_t now) const;
  // 403 when the link is not of this hub's making, not for this method, or expired.
  Result<XorbLink> read(std::string_view method, std::string_view path, std::string_view query,
                        std::int64_t now) const;

 private:
  const Signer signer_;
  const std::chrono::seconds life_;
};

}  // namespace hubdist::internal
