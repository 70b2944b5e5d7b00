// Global deduplication: which xorbs of this hub hold a chunk that a client has.
#include <ctime>

#include "server/internal/api_support.h"
#include "server/internal/cas_api.h"
#include <hubdist/core/hash.h>
#include <hubdist/core/shard_builder.h>

namespace hubdist::internal {

namespace {

// For so long clients may use an answer. What it names may have gone private when it ends.
constexpr std::int64_t kLife = 3600;
constexpr std::int64_t kKeyLife = 86'400;  // a client looks chunks up under each key that it has
constexpr std::uint64_t kMaxAnswer = 8 * kMiB;

}  // namespace

// A repository may name what it has received itself, and what anybody may read now.
Result<bool> CasApi::may_name(const StorageId& repo, const XorbHash& xorb) const {
  HUBDIST_ASSIGN(const bool own, proofs_.has_xorb(repo, xorb));
  if (own) return true;
  return proofs_.is_public(xorb);
}

CasApi::Answer CasApi::chunk(const CasRoute& route, const Repo& repo) const {
  const auto hash = parse_xet_hex<ChunkHash>(route.hash);
  if (!hash.ok()) return api_error(400, "", "The chunk's name is no Xet hash");
  HUBDIST_ASSIGN(const auto groups, chunks_.find(*hash));
  ShardBuilder shard;
  for (const ChunkIndex::Group& group : groups) {
    if (!shard.empty()) break;  // one place of the chunk, and what came with it
    for (const XorbHash& xorb : group) {
      HUBDIST_ASSIGN(const bool known, may_name(repo.storage(), xorb));
      if (!known && xorb == group.front()) break;
      if (!known) continue;
      HUBDIST_ASSIGN(const auto index, xet_.index(xorb));
      HUBDIST_TRY(shard.add(make_record(*index)));
      if (shard.upload_size() > kMaxAnswer) break;
    }
  }
  if (shard.empty()) return api_error(404, "", "No xorb with this chunk may be used here");
  const std::int64_t now = std::time(nullptr);
  ShardBuilder::Stored how;
  how.created = static_cast<std::uint64_t>(now);
  how.key_expiry = static_cast<std::uint64_t>(now + kLife);
  how.key =
      hkdf_sha256(as_bytes(dedupe_key_.reveal()), concat(repo.storage().text, ' ', now / kKeyLife));
  how.with_files = false;
  HUBDIST_ASSIGN(const Bytes bytes, shard.stored_form(how));
  HttpServerResponse response;
  response.headers.add("Content-Type", "application/octet-stream");
  response.body = std::string(as_text(bytes));
  return response;
}

}  // namespace hubdist::internal
