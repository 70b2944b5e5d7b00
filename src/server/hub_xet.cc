// What the Hub API says of Xet storage.
#include "server/internal/hub_api.h"
#include <hubdist/io/http_client.h>

namespace hubdist::internal {

HubApi::Answer HubApi::xet_token(const ApiRequest& request, const OpenRepo& repo,
                                 bool writes) const {
  HUBDIST_TRY(check_file_access(repo, request.viewer));
  if (writes) {
    HUBDIST_TRY(check_may_write(request.viewer, repo.id.owner(), Role::kWrite,
                                concat("upload to ", repo.id.name)));
    HUBDIST_TRY(check_no_pull_request(request));
  }
  return cas_.token_response(repo, writes, request.login, request.origin);
}

Status HubApi::add_xet_facts(HttpServerResponse& response, const ApiRequest& request,
                             const OpenRepo& repo, const RepoEntry& entry) const {
  if (!entry.lfs) return {};
  HUBDIST_ASSIGN(const auto file, cas_.xet_form(repo.storage(), entry.sha256));
  if (!file) return {};
  const std::string token_url = concat(request.origin, "/api/", plural(repo.id.type), '/',
                                       repo.id.name, "/xet-read-token/", kDefaultBranch);
  response.headers.set("X-Xet-Hash", xet_hex(*file));
  response.headers.set("X-Xet-Refresh-Route", token_url);
  response.headers.set("Link", concat('<', token_url, ">; rel=\"xet-auth\""));
  return {};
}

}  // namespace hubdist::internal
