// The CAS API of Xet storage, as hf_xet uses it (docs/hub.md has its routes).
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "server/internal/cas_routes.h"
#include "server/internal/cas_token.h"
#include "server/internal/chunk_index.h"
#include "server/internal/contents.h"
#include "server/internal/gate.h"
#include "server/internal/shard_intake.h"
#include "server/internal/xet_proofs.h"
#include "server/internal/xorb_link.h"
#include <hubdist/core/reconstruction.h>
#include <hubdist/io/http_server.h>
#include <hubdist/server/accounts.h>
#include <hubdist/server/repository.h>
#include <hubdist/server/xet_store.h>

namespace hubdist::internal {

// Memory for shards that are being taken, whatever the number of clients.
inline constexpr std::uint64_t kShardMemory = 2 * kMaxShardSize;
// Shards whose files may be hashed at once.
inline constexpr std::size_t kMaxShardsAtOnce = 8;

// Thread-safe. What it is given must outlive it.
class CasApi {
 public:
  // `uploads`: the gate of all contents that come in. `traffic` counts what links send. `life`: of
  // tokens and links.
  CasApi(const Accounts& accounts, Repositories& repositories, XetStore& xet, Gate& uploads,
         ContentTraffic& traffic, const Secret& hub_key, std::chrono::seconds life);

  using Answer = Result<HttpServerResponse>;
  using Plan = Result<HttpBodyPlan>;

  // A request whose path begins with kCasPrefix; `origin` begins the links in its answer.
  Answer handle(const HttpServerRequest& http, std::string_view origin);
  // Nothing when the body goes to handle().
  std::optional<Plan> plan_body(const HttpServerRequest& http);

  // A token for a repository, as the Hub API's token routes answer it. `login`: Login::handle.
  HttpServerResponse token_response(const Repo& repo, bool writes, std::string_view login,
                                    std::string_view origin) const;
  // The Xet form of a content of a repository, where it has proved one.
  Result<std::optional<XetHash>> xet_form(const StorageId& repo, const Sha256& sha256) const;

 private:
  // Who asks, about which repository.
  struct Caller {
    Repo repo;
    Viewer viewer;
  };
  Result<Caller> authorize(const HttpServerRequest& http, const CasRoute& route, bool writes) const;
  Answer answer(const HttpServerRequest& http, const CasRoute& route, std::string_view origin);

  // Downloads (cas_reading.cc).
  Result<std::shared_ptr<const XetFile>> proved_file(const Repo& repo, std::string_view hash) const;
  ReconstructionPlanner planner(const Repo& repo, std::string_view origin) const;
  Answer reconstruction(const HttpServerRequest& http, const CasRoute& route, const Repo& repo,
                        std::string_view origin) const;
  Answer reconstructions(const HttpServerRequest& http, const Repo& repo,
                         std::string_view origin) const;
  Answer file(const CasRoute& route, const Repo& repo) const;
  Answer manifest(const CasRoute& route, const Repo& repo) const;
  Answer xorb_bytes(const HttpServerRequest& http) const;

  // Uploads (cas_writing.cc).
  Answer has_xorb(const CasRoute& route, const Repo& repo) const;
  Answer grant(const HttpServerRequest& http, const CasRoute& route, const Repo& repo,
               std::string_view origin) const;
  Answer commit_xorb(const CasRoute& route, const Repo& repo) const;
  Plan plan_xorb(const HttpServerRequest& http, const CasRoute& route);
  Plan plan_granted_xorb(const HttpServerRequest& http);
  Plan plan_shard(const HttpServerRequest& http, const CasRoute& route);

  // Global deduplication (cas_dedupe.cc).
  Answer chunk(const CasRoute& route, const Repo& repo) const;
  Result<bool> may_name(const StorageId& repo, const XorbHash& xorb) const;

  const Accounts& accounts_;
  Repositories& repositories_;
  XetStore& xet_;
  Gate& uploads_;
  ContentTraffic& traffic_;
  Gate shard_memory_;  // in MiB
  Gate shards_;
  XetProofs proofs_;
  ChunkIndex chunks_;
  const CasTokens tokens_;
  const XorbLinks links_;
  const Secret dedupe_key_;
};

}  // namespace hubdist::internal
