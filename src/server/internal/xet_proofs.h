// Which repositories have which parts of Xet storage of their own right.
//
// Objects:
//   xet-proofs/xorbs/{hash[:2]}/{hash}/{storage}   the repository has received this xorb
//   xet-proofs/files/{hash[:2]}/{hash}/{storage}   it has proved this file, term by term
// That of a xorb holds the repository's RepoId::key() at that time, by which it is found again if
// it is still there. That of a file holds the terms by which this repository proved it, in the form
// of XetStore's files: those of others may name xorbs that are not its business. A hash that a
// repository has not proved is to it as if it were nowhere.
#pragma once

#include "server/internal/lru_cache.h"
#include <hubdist/core/merkle.h>
#include <hubdist/server/repository.h>
#include <hubdist/server/xet_store.h>

namespace hubdist::internal {

// Thread-safe, also between processes. The repositories must outlive it.
class XetProofs {
 public:
  explicit XetProofs(const Repositories& repositories) : repositories_(repositories) {}

  Result<bool> has_xorb(const StorageId& repo, const XorbHash& xorb) const;
  // The same for who is told so and relies on it: a proof that is there is made durable first.
  Result<bool> has_settled_xorb(const StorageId& repo, const XorbHash& xorb) const;
  Result<bool> has_file(const StorageId& repo, const XetHash& file) const;
  // The file as the repository proved it. NotFound when it has not; DataLoss.
  Result<std::shared_ptr<const XetFile>> file(const StorageId& repo, const XetHash& file) const;
  // What they prove must be in the store. `name`: the repository's RepoId::key(). `file`: with its
  // range hashes.
  Status put_xorb(const StorageId& repo, std::string_view name, const XorbHash& xorb);
  Status put_file(const StorageId& repo, const XetFile& file);

  // Whether a repository that anybody may read now has received the xorb. Of those that have, the
  // first kMaxHolders are asked.
  Result<bool> is_public(const XorbHash& xorb) const;
  static constexpr std::size_t kMaxHolders = 64;
  static constexpr std::size_t kCacheRoom = 64 * kMiB;

 private:
  Result<bool> anybody_reads(std::string_view name, std::string_view storage) const;
  const Repositories& repositories_;
  mutable LruCache<std::string, XetFile> files_{kCacheRoom};  // by the keys of their proofs
};

}  // namespace hubdist::internal
