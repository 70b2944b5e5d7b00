#include "server/internal/cas_api.h"

#include <ctime>

#include "server/internal/api_support.h"
#include "server/internal/credentials.h"
#include <hubdist/core/hash.h>

namespace hubdist::internal {

namespace {

Status no_such_route() {
  return api_error(404, "", "There is no such route in this hub's CAS API");
}

Secret derive(const Secret& hub_key, std::string_view purpose) {
  return Secret(std::string(as_text(hkdf_sha256(as_bytes(hub_key.reveal()), purpose))));
}

// The methods of each verb; what has a body of its own is planned before it comes here.
bool method_fits(CasVerb verb, const HttpServerRequest& http) {
  switch (verb) {
    case CasVerb::kHealth:
    case CasVerb::kReconstruction:
    case CasVerb::kReconstructions:
    case CasVerb::kManifest:
    case CasVerb::kChunk:
      return reads(http);
    case CasVerb::kFile:
    case CasVerb::kXorb:
      return http.method == "HEAD";
    case CasVerb::kTelemetry:
    case CasVerb::kXorbGrant:
    case CasVerb::kXorbCommit:
      return http.method == "POST";
    case CasVerb::kShards:
      break;
  }
  return false;
}

}  // namespace

CasApi::CasApi(const Accounts& accounts, Repositories& repositories, XetStore& xet, Gate& uploads,
               ContentTraffic& traffic, const Secret& hub_key, std::chrono::seconds life)
    : accounts_(accounts),
      repositories_(repositories),
      xet_(xet),
      uploads_(uploads),
      traffic_(traffic),
      shard_memory_(kShardMemory / kMiB),
      shards_(kMaxShardsAtOnce),
      proofs_(repositories),
      chunks_(repositories.store()),
      tokens_(hub_key, life),
      links_(hub_key, life),
      dedupe_key_(derive(hub_key, "hubdist global dedupe")) {}

CasApi::Answer CasApi::handle(const HttpServerRequest& http, std::string_view origin) {
  if (http.path.starts_with(kXorbLinkPrefix)) return xorb_bytes(http);
  const auto route = parse_cas_route(http.path);
  if (!route) return no_such_route();
  if (!method_fits(route->verb, http)) return wrong_method(http);
  return answer(http, *route, origin);
}

CasApi::Answer CasApi::answer(const HttpServerRequest& http, const CasRoute& route,
                              std::string_view origin) {
  // What clients measure of themselves is not kept, nor asked who they are.
  if (route.verb == CasVerb::kHealth || route.verb == CasVerb::kTelemetry)
    return json_response(R"({"status":"ok"})");
  const bool writes = route.verb == CasVerb::kXorb || route.verb == CasVerb::kXorbGrant ||
                      route.verb == CasVerb::kXorbCommit;
  HUBDIST_ASSIGN(const Caller caller, authorize(http, route, writes));
  const Repo& repo = caller.repo;
  switch (route.verb) {
    case CasVerb::kReconstruction:
      return reconstruction(http, route, repo, origin);
    case CasVerb::kReconstructions:
      return reconstructions(http, repo, origin);
    case CasVerb::kFile:
      return file(route, repo);
    case CasVerb::kManifest:
      return manifest(route, repo);
    case CasVerb::kChunk:
      return chunk(route, repo);
    case CasVerb::kXorb:
      return has_xorb(route, repo);
    case CasVerb::kXorbGrant:
      return grant(http, route, repo, origin);
    case CasVerb::kXorbCommit:
      return commit_xorb(route, repo);
    default:
      return no_such_route();
  }
}

std::optional<CasApi::Plan> CasApi::plan_body(const HttpServerRequest& http) {
  if (http.path.starts_with(kXorbLinkPrefix)) return plan_granted_xorb(http);
  const auto route = parse_cas_route(http.path);
  if (!route || http.method != "POST") return std::nullopt;
  if (route->verb == CasVerb::kXorb) return plan_xorb(http, *route);
  if (route->verb == CasVerb::kShards) return plan_shard(http, *route);
  return std::nullopt;
}

// The token says who asked for it and for what; whether they may is asked each time, so that a
// revoked hub token, a repository that went private and a role that was taken end it at once.
Result<CasApi::Caller> CasApi::authorize(const HttpServerRequest& http, const CasRoute& route,
                                         bool writes) const {
  const auto shown = token_of(http.headers.get("Authorization").value_or(""));
  HUBDIST_ASSIGN(const CasToken token, tokens_.read(shown.value_or(Secret()), std::time(nullptr)));
  if (token.storage.text != route.storage)
    return api_error(401, "", "This Xet token is for another repository");
  Viewer viewer;
  if (!token.login.empty()) {
    HUBDIST_ASSIGN(auto login, accounts_.find_again(token.login));
    if (!login)
      return api_error(401, "", "The token that this Xet token was asked for with is revoked");
    viewer = std::move(login->viewer);
  }
  auto repo = repositories_.find(token.repo);
  if (!repo.ok() && repo.status().code() != StatusCode::kNotFound) return repo.status();
  if (!repo.ok() || repo->storage() != token.storage)
    return api_error(404, "RepoNotFound", "Repository not found");
  if (access_to(repo->id, repo->settings, viewer) != Access::kFiles)
    return api_error(403, "", "You may not read the files of this repository any more");
  if (writes) {
    if (!token.writes) return api_error(403, "", "This Xet token may only read");
    HUBDIST_TRY(check_may_write(viewer, repo->id.owner(), Role::kWrite,
                                concat("upload to ", repo->id.name)));
  }
  return Caller{*std::move(repo), std::move(viewer)};
}

// Each repository has a CAS of its own, as it seems to clients: what they remember of one hub's
// xorbs they keep by its URL, and another repository does not have them.
HttpServerResponse CasApi::token_response(const Repo& repo, bool writes, std::string_view login,
                                          std::string_view origin) const {
  CasToken token{writes, repo.id, repo.storage(), std::string(login)};
  const Secret text = tokens_.make(token, std::time(nullptr));
  const std::string url = concat(origin, kCasPrefix, repo.storage().text);
  HttpServerResponse response = json_response(JsonWriter()
                                                  .begin_object()
                                                  .field("accessToken", text.reveal())
                                                  .field("exp", token.expires)
                                                  .field("casUrl", url)
                                                  .end_object()
                                                  .take());
  response.headers.add("X-Xet-Access-Token", std::string(text.reveal()));
  response.headers.add("X-Xet-Token-Expiration", std::to_string(token.expires));
  response.headers.add("X-Xet-Cas-Url", url);
  response.headers.add("Cache-Control", "no-store");
  return response;
}

Result<std::optional<XetHash>> CasApi::xet_form(const StorageId& repo, const Sha256& sha256) const {
  HUBDIST_ASSIGN(const auto file, xet_.file_of(sha256));
  if (!file) return std::nullopt;
  HUBDIST_ASSIGN(const bool proved, proofs_.has_file(repo, *file));
  return proved ? file : std::nullopt;
}

}  // namespace hubdist::internal
