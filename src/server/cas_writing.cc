// Uploads by the CAS API.
#include <ctime>

#include "server/internal/api_support.h"
#include "server/internal/cas_api.h"
#include "server/internal/shard_sink.h"
#include "server/internal/xorb_sink.h"

namespace hubdist::internal {

namespace {

constexpr std::uint64_t kMaxXorbBody = kMaxXorbPackedSize + kMaxXorbFooterSize;
// Of the only grant that there is for a xorb and a repository: whether its upload came is seen by
// the proof that it left.
constexpr std::string_view kGrantId = "xorb";

Result<XorbHash> hash_of(const CasRoute& route) {
  auto hash = parse_xet_hex<XorbHash>(route.hash);
  if (!hash.ok()) return api_error(400, "", "The xorb's name is no Xet hash");
  return hash;
}

}  // namespace

CasApi::Answer CasApi::has_xorb(const CasRoute& route, const Repo& repo) const {
  HUBDIST_ASSIGN(const XorbHash xorb, hash_of(route));
  HUBDIST_ASSIGN(const bool has, proofs_.has_settled_xorb(repo.storage(), xorb));
  if (!has) return api_error(404, "", "This repository has not received this xorb");
  return json_response("{}");
}

CasApi::Answer CasApi::grant(const HttpServerRequest& http, const CasRoute& route, const Repo& repo,
                             std::string_view origin) const {
  HUBDIST_ASSIGN(const XorbHash xorb, hash_of(route));
  HUBDIST_ASSIGN(const auto body, parse_body(http));
  const auto length = body->find<std::uint64_t>(body->root(), "length");
  if (!length || *length == 0 || *length > kMaxXorbBody)
    return api_error(400, "", concat("A xorb's 'length' is 1 to ", kMaxXorbBody, " bytes"));
  HUBDIST_ASSIGN(const bool has, proofs_.has_settled_xorb(repo.storage(), xorb));
  if (has) return json_response("{}");
  const std::string url =
      links_.make({repo.storage(), xorb, {0, *length}, repo.id.key()}, std::time(nullptr));
  HttpServerResponse response = json_response(JsonWriter()
                                                  .begin_object()
                                                  .field("id", kGrantId)
                                                  .field("method", "PUT")
                                                  .field("url", concat(origin, url))
                                                  .key("headers")
                                                  .begin_object()
                                                  .end_object()
                                                  .end_object()
                                                  .take());
  response.status = 201;
  return response;
}

CasApi::Answer CasApi::commit_xorb(const CasRoute& route, const Repo& repo) const {
  HUBDIST_ASSIGN(const XorbHash xorb, hash_of(route));
  HUBDIST_ASSIGN(const bool has, proofs_.has_settled_xorb(repo.storage(), xorb));
  if (!has) return api_error(404, "", "Nothing was uploaded by this grant");
  return json_response("{}");
}

CasApi::Plan CasApi::plan_xorb(const HttpServerRequest& http, const CasRoute& route) {
  HUBDIST_ASSIGN(const Caller caller, authorize(http, route, true));
  HUBDIST_ASSIGN(const XorbHash xorb, hash_of(route));
  const StorageId& storage = caller.repo.storage();
  HUBDIST_ASSIGN(const bool has, proofs_.has_settled_xorb(storage, xorb));
  auto pass = uploads_.enter();
  if (!pass) return too_busy("uploads");
  HttpBodyPlan plan;
  plan.limit = kMaxXorbBody;
  if (has) {
    plan.sink = make_known_xorb_sink(*std::move(pass));
    return plan;
  }
  HUBDIST_ASSIGN(plan.sink,
                 make_xorb_sink(xet_, proofs_, {xorb, std::nullopt, storage, caller.repo.id.key()},
                                *std::move(pass)));
  return plan;
}

CasApi::Plan CasApi::plan_granted_xorb(const HttpServerRequest& http) {
  HUBDIST_ASSIGN(const XorbLink link,
                 links_.read(http.method, http.path, http.query, std::time(nullptr)));
  auto pass = uploads_.enter();
  if (!pass) return too_busy("uploads");
  HttpBodyPlan plan;
  plan.limit = kMaxXorbBody;
  HUBDIST_ASSIGN(
      plan.sink,
      make_xorb_sink(xet_, proofs_, {link.xorb, link.bytes.end, link.storage, link.uploads_to},
                     *std::move(pass)));
  return plan;
}

CasApi::Plan CasApi::plan_shard(const HttpServerRequest& http, const CasRoute& route) {
  HUBDIST_ASSIGN(const Caller caller, authorize(http, route, true));
  const std::uint64_t size = announced_size(http, kMaxShardSize);
  if (size > kMaxShardSize)
    return api_error(413, "", concat("A shard has at most ", kMaxShardSize, " bytes"));
  auto memory = shard_memory_.enter(static_cast<std::size_t>((size + kMiB - 1) / kMiB));
  auto pass = shards_.enter();
  if (!memory || !pass) return too_busy("shards");
  const StorageId storage = caller.repo.storage();
  ShardSinkOptions options;
  options.size = static_cast<std::size_t>(size);
  options.events = route.version == 2;
  options.stop = http.stop;
  options.begin = [this, storage](Bytes shard) {
    return std::make_unique<ShardIntake>(
        ShardPlaces{repositories_, xet_, proofs_, chunks_}, storage,
        [this, storage](const XorbHash& xorb) { return may_name(storage, xorb); },
        std::move(shard));
  };
  HttpBodyPlan plan;
  plan.limit = kMaxShardSize;
  plan.sink = make_shard_sink(std::move(options), *std::move(memory), *std::move(pass));
  return plan;
}

}  // namespace hubdist::internal
