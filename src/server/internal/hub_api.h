// Hugging Face's Hub API, as huggingface_hub 1.x and 2.x use it, and the LFS API beside it.
#pragma once

#include <string>

#include "server/internal/api_support.h"
#include "server/internal/cas_api.h"
#include "server/internal/contents.h"
#include "server/internal/gate.h"
#include "server/internal/lfs_link.h"
#include "server/internal/metrics.h"
#include "server/internal/modelscope.h"
#include "server/internal/routes.h"
#include <hubdist/io/http_server.h>
#include <hubdist/server/accounts.h>
#include <hubdist/server/repository.h>

namespace hubdist::internal {

// Of a body that every route takes; longer ones are planned, and 413 where there is no plan.
inline constexpr std::uint64_t kMaxSmallBody = 64 * kKiB;
// Of longer bodies that come whole, at once: of those who show a token or a link, and of others.
inline constexpr std::uint64_t kBodyMemory = 256 * kMiB;
inline constexpr std::uint64_t kAnonymousBodyMemory = 64 * kMiB;

struct HubApiOptions {
  std::string public_url;
  std::string_view scheme = "http";  // of links, where there is no public URL
  std::size_t max_uploads = 0;
  std::size_t max_commits = 0;
  std::uint64_t lfs_part = 0;
  std::chrono::seconds xet_life{};
  std::shared_ptr<const Metrics> metrics;  // null: /metrics is not served
};

// Thread-safe. The store must outlive it.
class HubApi final : public HttpHandler {
 public:
  // `link_key`: signs the links by which contents come and go.
  HubApi(ObjectStore& store, const Secret& link_key, HubApiOptions options)
      : accounts_(store),
        repositories_(store),
        xet_(store),
        options_(std::move(options)),
        uploads_(options_.max_uploads),
        commits_(options_.max_commits),
        cas_(accounts_, repositories_, xet_, uploads_, traffic_, link_key, options_.xet_life),
        links_(link_key) {}

  HttpServerResponse handle(const HttpServerRequest& request) override;
  std::optional<HttpBodyPlan> plan_body(const HttpServerRequest& request) override;

 private:
  using Answer = Result<HttpServerResponse>;
  using Plan = Result<HttpBodyPlan>;

  Result<ApiRequest> read_request(const HttpServerRequest& http) const;
  Result<std::optional<Login>> authenticate(const HttpServerRequest& http) const;
  std::string origin_of(const HttpServerRequest& http) const;
  // The repository of a route, or the error that does not tell a missing one from a private one.
  Result<OpenRepo> open(RepoType type, std::string_view name, const Viewer& viewer) const;
  Result<OpenRepo> open(const RepoRoute& route, const Viewer& viewer) const {
    return open(route.type, route.repo, viewer);
  }

  Answer route(const HttpServerRequest& http);
  Answer api_route(const ApiRequest& request);
  Answer repo_route(const ApiRequest& request, const RepoRoute& route);
  Answer read_route(const ApiRequest& request, const OpenRepo& repo, const RepoRoute& route) const;
  Answer write_route(const ApiRequest& request, const OpenRepo& repo, const RepoRoute& route);

  Answer health() const;
  Answer metrics() const;
  Answer xet_token(const ApiRequest& request, const OpenRepo& repo, bool writes) const;
  // Says of a file where to get it by Xet, if this repository has it so.
  Status add_xet_facts(HttpServerResponse& response, const ApiRequest& request,
                       const OpenRepo& repo, const RepoEntry& entry) const;

  // Reading (hub_info.cc, hub_tree.cc, hub_files.cc).
  Answer whoami(const ApiRequest& request) const;
  Answer list_repos(const ApiRequest& request, RepoType type) const;
  Answer info(const ApiRequest& request, const OpenRepo& repo, const RepoRoute& route) const;
  Answer tree(const ApiRequest& request, const OpenRepo& repo, const RepoRoute& route) const;
  Answer paths_info(const ApiRequest& request, const OpenRepo& repo, const RepoRoute& route) const;
  Answer refs(const ApiRequest& request, const OpenRepo& repo) const;
  Answer commits(const ApiRequest& request, const OpenRepo& repo, const RepoRoute& route) const;
  Answer file(const ApiRequest& request, const RepoRoute& route) const;
  // The bytes of a content, whatever repository asks.
  Answer content_response(const HttpServerRequest& http, const Sha256& sha256,
                          std::string_view etag) const;

  // The content of a file, with what a client should know of it (hub_files.cc).
  Answer content_of(const ApiRequest& request, const OpenRepo& repo, const RepoEntry& entry) const;

  // Repositories as such (hub_repos.cc).
  Answer create_repo(const ApiRequest& request);
  Answer delete_repo(const ApiRequest& request);
  Answer move_repo(const ApiRequest& request);
  Answer change_settings(const ApiRequest& request, const OpenRepo& repo);

  // Branches and tags (hub_refs.cc).
  Answer change_branch(const ApiRequest& request, const OpenRepo& repo, const RepoRoute& route);
  Answer change_tag(const ApiRequest& request, const OpenRepo& repo, const RepoRoute& route);
  Answer super_squash(const ApiRequest& request, const OpenRepo& repo, const RepoRoute& route);

  // Commits (hub_commit.cc).
  Answer preupload(const ApiRequest& request, const OpenRepo& repo, const RepoRoute& route) const;
  Plan plan_commit(const HttpServerRequest& http);

  // LFS (hub_lfs.cc).
  Answer lfs_route(const ApiRequest& request, const LfsRoute& route) const;
  Answer lfs_batch(const ApiRequest& request, const OpenRepo& repo) const;
  Answer lfs_verify(const ApiRequest& request, const OpenRepo& repo) const;
  Answer lfs_verify(const StorageId& repo, const Sha256& oid, std::uint64_t size) const;
  Answer lfs_link_route(const HttpServerRequest& http);
  Plan plan_lfs_upload(const HttpServerRequest& http);

  // Bodies that come whole (hub_bodies.cc). Nothing: a small one, if any.
  std::optional<Plan> plan_whole(const HttpServerRequest& http);
  Plan plan_large(const HttpServerRequest& http, std::uint64_t size, std::uint64_t limit);

  // A revision's commit and its files.
  struct Snapshot {
    Commit commit;
    std::shared_ptr<const RepoListing> listing;
  };
  Result<Snapshot> snapshot(const StorageId& repo, std::string_view revision) const;

  // ModelScope's read API (modelscope_*.cc). Its snapshots take 'master' for the default branch.
  HttpServerResponse modelscope(const HttpServerRequest& http);
  Answer modelscope_route(const HttpServerRequest& http, const std::string& request_id);
  Answer modelscope_login(const HttpServerRequest& http, const std::string& request_id) const;
  Result<std::optional<Login>> authenticate_modelscope(const HttpServerRequest& http) const;
  Answer modelscope_user(const ApiRequest& request) const;
  Answer modelscope_repo(const ApiRequest& request, const ModelScopeRoute& route) const;
  Answer modelscope_info(const ApiRequest& request, const OpenRepo& repo) const;
  Answer modelscope_revisions(const ApiRequest& request, const OpenRepo& repo) const;
  Answer modelscope_commits(const ApiRequest& request, const OpenRepo& repo) const;
  Answer modelscope_file(const ApiRequest& request, const OpenRepo& repo) const;
  Answer modelscope_listing(const ApiRequest& request, const OpenRepo& repo, bool paged) const;
  Result<Snapshot> modelscope_snapshot(const ApiRequest& request, const OpenRepo& repo,
                                       std::string_view parameter) const;

  Accounts accounts_;
  Repositories repositories_;
  XetStore xet_;
  mutable ContentTraffic traffic_;
  const Contents contents_{xet_, &traffic_.read};
  const HubApiOptions options_;
  Gate uploads_;
  Gate commits_;
  Gate body_memory_{kBodyMemory / kMiB};  // in MiB
  Gate anonymous_memory_{kAnonymousBodyMemory / kMiB};
  CasApi cas_;
  const LfsLinks links_;
};

// OK unless the request asks for a pull request, which this hub has none of.
Status check_no_pull_request(const ApiRequest& request);
// "https://hub/datasets/owner/name"
std::string repo_url(const ApiRequest& request, const RepoId& repo);

}  // namespace hubdist::internal
