// Tokens of the CAS API: what a client shows there in place of its hub token.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "server/internal/signer.h"
#include <hubdist/server/repository.h>

namespace hubdist::internal {

// What a token allows: to read or write the Xet storage of one repository, in the name of the login
// that asked for it. Whether that login may do so (still) is looked up at each use.
struct CasToken {
  bool writes = false;
  RepoId repo;  // as it was called then
  StorageId storage;
  std::string login;         // Login::handle; empty: somebody without a token
  std::int64_t expires = 0;  // seconds since 1970
};

// Thread-safe.
class CasTokens {
 public:
  CasTokens(const Secret& hub_key, std::chrono::seconds life);
  // `token.expires` says when it ends: a life from `now`.
  Secret make(CasToken& token, std::int64_t now) const;
  // 401 when the token is not of this hub's making, or has expired.
  Result<CasToken> read(const Secret& text, std::int64_t now) const;

 private:
  const Signer signer_;
  const std::chrono::seconds life_;
};

}  // namespace hubdist::internal
