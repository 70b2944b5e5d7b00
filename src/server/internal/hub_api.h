// The read side of Hugging Face's Hub API, as huggingface_hub 1.x and 2.x use it.
#pragma once

#include <string>

#include "server/internal/api_support.h"
#include "server/internal/routes.h"
#include <hubdist/io/http_server.h>
#include <hubdist/server/accounts.h>
#include <hubdist/server/repository.h>

namespace hubdist::internal {

// Thread-safe. The store must outlive it.
class HubApi final : public HttpHandler {
 public:
  HubApi(ObjectStore& store, std::string public_url)
      : accounts_(store), repositories_(store), public_url_(std::move(public_url)) {}

  HttpServerResponse handle(const HttpServerRequest& request) override;

 private:
  using Answer = Result<HttpServerResponse>;

  Answer route(const HttpServerRequest& http);
  Result<std::string> authenticate(const HttpServerRequest& http, TokenOwner& owner) const;
  std::string origin_of(const HttpServerRequest& http) const;
  // The repository of a route, or the error that does not tell a missing one from a private one.
  Result<OpenRepo> open(const RepoRoute& route, std::string_view user) const;

  Answer repo_route(const ApiRequest& request, const RepoRoute& route) const;
  Answer whoami(const ApiRequest& request, const TokenOwner& owner) const;
  Answer list_repos(const ApiRequest& request, RepoType type) const;
  Answer info(const ApiRequest& request, const OpenRepo& repo, const RepoRoute& route) const;
  Answer tree(const ApiRequest& request, const OpenRepo& repo, const RepoRoute& route) const;
  Answer paths_info(const ApiRequest& request, const OpenRepo& repo, const RepoRoute& route) const;
  Answer refs(const ApiRequest& request, const OpenRepo& repo) const;
  Answer commits(const ApiRequest& request, const OpenRepo& repo, const RepoRoute& route) const;
  Answer file(const ApiRequest& request, const RepoRoute& route) const;

  // A revision's commit and its files.
  struct Snapshot {
    Commit commit;
    std::shared_ptr<const RepoListing> listing;
  };
  Result<Snapshot> snapshot(const RepoId& repo, std::string_view revision) const;

  Accounts accounts_;
  Repositories repositories_;
  const std::string public_url_;
};

}  // namespace hubdist::internal
