// A shard that a client uploads: what it says is checked, its files are hashed, then kept.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <stop_token>

#include "server/internal/chunk_index.h"
#include "server/internal/gate.h"
#include "server/internal/xet_proofs.h"
#include "server/internal/xet_reader.h"
#include <hubdist/base/clock.h>
#include <hubdist/core/hash.h>
#include <hubdist/core/shard_check.h>
#include <hubdist/server/xet_store.h>

namespace hubdist::internal {

// A small shard can name much: a file of as many bytes as it likes, out of one xorb.
inline constexpr std::uint64_t kMaxXetFileSize = 1024 * kGiB;
inline constexpr std::uint64_t kMaxShardContent = 2 * kMaxXetFileSize;  // of all its files
inline constexpr std::uint64_t kMaxShardFileChunks = 64 * kMiB;         // that its files refer to

// Where it all goes.
struct ShardPlaces {
  Repositories& repositories;
  XetStore& xet;
  XetProofs& proofs;
  ChunkIndex& chunks;
};

// Not thread-safe.
class ShardIntake {
 public:
  // Whether the repository may name a xorb.
  using MayName = std::function<Result<bool>(const XorbHash&)>;

  ShardIntake(const ShardPlaces& places, const StorageId& repo, MayName may_name, Bytes shard)
      : places_(places), repo_(repo), may_name_(std::move(may_name)), bytes_(std::move(shard)) {}

  // Everything but the contents of files. InvalidArgument and DataLoss name what is wrong.
  Status check();
  // Goes on hashing contents, and keeps each file whose hashes are right, until `deadline`; true
  // when all is kept, 503 when it is stopped. After check().
  Result<bool> advance(Instant deadline, const std::stop_token& stop);

  // Bytes of contents that were hashed, of how many.
  std::uint64_t hashed() const { return hashed_; }
  std::uint64_t total() const { return total_; }

 private:
  Result<std::shared_ptr<const XorbIndex>> xorb(const XorbHash& hash);
  Status check_xorbs();
  Status check_files();
  // Takes up the next file; the content of one that the repository has proved is not read again.
  Status begin_file();
  // Hashes a step of it.
  Status hash_some();
  Status keep_file();
  Status keep_chunks();

  const ShardPlaces places_;
  const StorageId repo_;
  const MayName may_name_;
  const Bytes bytes_;
  std::optional<Shard> shard_;
  std::map<XorbHash, bool> named_;  // what may_name_ said
  std::uint64_t hashed_ = 0;
  std::uint64_t total_ = 0;

  std::uint32_t next_ = 0;  // file
  XetFile file_;            // the current one
  std::optional<Sha256> stated_;
  std::unique_ptr<XetReader> reader_;  // of what must be read
  std::uint64_t read_ = 0;
  Sha256Hasher sha256_;
  Bytes step_;
};

}  // namespace hubdist::internal
