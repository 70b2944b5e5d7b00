#include "server/internal/hub_api.h"

#include "server/internal/credentials.h"
#include <hubdist/base/log.h>

namespace hubdist::internal {

namespace {

Status no_such_route() { return api_error(404, "", "There is no such route on this hub"); }

// Host as a client may send it, so that it can stand in a URL.
bool is_host(std::string_view host) {
  const auto allowed = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           std::string_view("-._:[]").find(c) != std::string_view::npos;
  };
  for (const char c : host)
    if (!allowed(c)) return false;
  return !host.empty();
}

// What people put into a repository is never a page of this host.
HttpServerResponse decorate(HttpServerResponse response) {
  if (!response.headers.get("X-Request-Id")) response.headers.set("X-Request-Id", new_request_id());
  response.headers.set("X-Content-Type-Options", "nosniff");
  response.headers.set("Content-Security-Policy", "default-src 'none'; sandbox");
  if (response.status == 405) response.headers.set("Allow", "GET, HEAD, POST, PUT, DELETE");
  return response;
}

HttpServerResponse decorate(Result<HttpServerResponse> answer) {
  return decorate(answer.ok() ? *std::move(answer) : error_response(answer.status()));
}

// What git-lfs asks its user for when it is told that it needs a token.
HttpServerResponse challenge(HttpServerResponse response, const HttpServerRequest& request) {
  if (response.status == 401 && parse_lfs_route(request.path))
    response.headers.add("LFS-Authenticate", "Basic realm=\"hub\"");
  return response;
}

// A sink whose answers bear what every answer of this hub bears.
class FinishingSink final : public HttpBodySink {
 public:
  explicit FinishingSink(std::unique_ptr<HttpBodySink> inner) : inner_(std::move(inner)) {}
  std::optional<HttpServerResponse> write(ByteView bytes) override {
    auto answer = inner_->write(bytes);
    if (answer) answer = decorate(*std::move(answer));
    return answer;
  }
  HttpServerResponse finish() override { return decorate(inner_->finish()); }

 private:
  std::unique_ptr<HttpBodySink> inner_;
};

bool is_commit(const HttpServerRequest& http) {
  if (http.method != "POST") return false;
  const auto route = parse_api_route(http.path);
  return route && route->verb == "commit";
}

}  // namespace

HttpServerResponse HubApi::handle(const HttpServerRequest& request) {
  return challenge(decorate(route(request)), request);
}

std::optional<HttpBodyPlan> HubApi::plan_body(const HttpServerRequest& request) {
  std::optional<Plan> plan;
  if (request.path.starts_with(kCasPrefix))
    plan = cas_.plan_body(request);
  else if (request.method == "PUT" && request.path.starts_with(kLfsLinkPrefix))
    plan = plan_lfs_upload(request);
  else if (is_commit(request))
    plan = plan_commit(request);
  else
    plan = plan_whole(request);
  if (!plan) return std::nullopt;
  HttpBodyPlan result;
  if (plan->ok()) {
    result.limit = (*plan)->limit;
    result.sink = std::make_unique<FinishingSink>(std::move((*plan)->sink));
  } else {
    result.refusal = challenge(decorate(Answer(plan->status())), request);
  }
  return result;
}

Result<ApiRequest> HubApi::read_request(const HttpServerRequest& http) const {
  HUBDIST_ASSIGN(auto login, authenticate(http));
  HUBDIST_ASSIGN(HttpParameters query, parse_parameters(http.query));
  ApiRequest request{http, std::move(query), {}, {}, {}, origin_of(http), {}};
  if (login) {
    request.viewer = std::move(login->viewer);
    request.token = std::move(login->token);
    request.login = std::move(login->handle);
  }
  return request;
}

HubApi::Answer HubApi::route(const HttpServerRequest& http) {
  if (http.path == "/health" && reads(http)) return health();
  if (http.path == "/metrics" && reads(http) && options_.metrics) return metrics();
  if (http.path.starts_with(kLfsLinkPrefix)) return lfs_link_route(http);
  if (http.path.starts_with(kCasPrefix)) return cas_.handle(http, origin_of(http));
  if (is_modelscope_path(http.path)) return modelscope(http);
  HUBDIST_ASSIGN(const ApiRequest request, read_request(http));
  if (http.path.starts_with("/api/")) return api_route(request);
  if (const auto lfs = parse_lfs_route(http.path)) return lfs_route(request, *lfs);
  const auto route = parse_file_route(http.path);
  if (!route) return no_such_route();
  return reads(http) ? file(request, *route) : wrong_method(http);
}

// Whether the hub can do its work: whether its store answers.
HubApi::Answer HubApi::health() const {
  const Status store = repositories_.store().list("repos/", {}, 1).status();
  if (store.ok()) return json_response(R"({"status":"ok"})");
  log(LogLevel::kError, "the hub's store does not answer: ", message(store));
  return with_detail(unavailable("The hub's store does not answer"), Detail::kHttpStatus, "503");
}

HubApi::Answer HubApi::metrics() const {
  HttpServerResponse response;
  response.headers.add("Content-Type", "text/plain; version=0.0.4; charset=utf-8");
  const XetTotals xet = xet_.totals();
  response.body = options_.metrics->text({.uploads = uploads_.inside(),
                                          .commits = commits_.inside(),
                                          .refused_uploads = uploads_.refused(),
                                          .refused_commits = commits_.refused(),
                                          .content_read = traffic_.read,
                                          .content_sent = traffic_.sent,
                                          .xet_files = xet.file_bytes,
                                          .xet_xorbs = xet.xorb_bytes});
  return response;
}

HubApi::Answer HubApi::api_route(const ApiRequest& request) {
  const HttpServerRequest& http = request.http;
  if (http.path == "/api/whoami-v2") return reads(http) ? whoami(request) : wrong_method(http);
  if (http.path == "/api/repos/create")
    return http.method == "POST" ? create_repo(request) : wrong_method(http);
  if (http.path == "/api/repos/delete")
    return http.method == "DELETE" ? delete_repo(request) : wrong_method(http);
  if (http.path == "/api/repos/move")
    return http.method == "POST" ? move_repo(request) : wrong_method(http);
  if (http.path == "/api/validate-yaml")
    return http.method == "POST" ? Answer(json_response(R"({"warnings":[],"errors":[]})"))
                                 : wrong_method(http);
  for (const RepoType type : {RepoType::kModel, RepoType::kDataset, RepoType::kSpace})
    if (http.path == concat("/api/", plural(type)))
      return reads(http) ? list_repos(request, type) : wrong_method(http);
  const auto route = parse_api_route(http.path);
  return route ? repo_route(request, *route) : no_such_route();
}

HubApi::Answer HubApi::repo_route(const ApiRequest& request, const RepoRoute& route) {
  struct Verb {
    std::string_view name;
    std::string_view methods;
  };
  static constexpr Verb kWrites[] = {{"preupload", "POST"},  {"branch", "POST DELETE"},
                                     {"tag", "POST DELETE"}, {"super-squash", "POST"},
                                     {"settings", "PUT"},    {"commit", "POST"}};
  for (const Verb& verb : kWrites) {
    if (verb.name != route.verb) continue;
    if (verb.methods.find(request.http.method) == std::string_view::npos)
      return wrong_method(request.http);
    HUBDIST_ASSIGN(const OpenRepo repo, open(route, request.viewer));
    return write_route(request, repo, route);
  }
  const bool posts = route.verb == "paths-info";
  if (posts ? request.http.method != "POST" : !reads(request.http))
    return wrong_method(request.http);
  HUBDIST_ASSIGN(const OpenRepo repo, open(route, request.viewer));
  return read_route(request, repo, route);
}

HubApi::Answer HubApi::read_route(const ApiRequest& request, const OpenRepo& repo,
                                  const RepoRoute& route) const {
  if (route.verb.empty() || (route.verb == "revision" && route.path.empty()))
    return info(request, repo, route);
  if (route.verb == "tree") return tree(request, repo, route);
  if (route.verb == "paths-info") return paths_info(request, repo, route);
  if (route.verb == "refs") return refs(request, repo);
  if (route.verb == "commits" && route.path.empty()) return commits(request, repo, route);
  if (route.verb == "xet-read-token") return xet_token(request, repo, false);
  if (route.verb == "xet-write-token") return xet_token(request, repo, true);
  if (route.verb != "auth-check") return no_such_route();
  HUBDIST_TRY(check_file_access(repo, request.viewer));
  return json_response("{}");
}

HubApi::Answer HubApi::write_route(const ApiRequest& request, const OpenRepo& repo,
                                   const RepoRoute& route) {
  const bool whole = route.verb == "settings";
  HUBDIST_TRY(
      check_may_write(request.viewer, repo.id.owner(), whole ? Role::kAdmin : Role::kWrite,
                      concat(whole ? "change the settings of " : "write to ", repo.id.name)));
  if (whole) return change_settings(request, repo);
  if (route.revision.empty() || !route.path.empty()) return no_such_route();
  if (route.verb == "preupload") return preupload(request, repo, route);
  if (route.verb == "branch") return change_branch(request, repo, route);
  if (route.verb == "tag") return change_tag(request, repo, route);
  if (route.verb == "super-squash") return super_squash(request, repo, route);
  return no_such_route();
}

Result<std::optional<Login>> HubApi::authenticate(const HttpServerRequest& http) const {
  const auto field = http.headers.get("Authorization");
  if (!field) return std::nullopt;
  if (const auto token = token_of(*field)) {
    HUBDIST_ASSIGN(auto login, accounts_.find(*token));
    if (login) return login;
  }
  return api_error(401, "", "Invalid credentials in Authorization header");
}

std::string HubApi::origin_of(const HttpServerRequest& http) const {
  if (!options_.public_url.empty()) return options_.public_url;
  const std::string host = http.headers.get("Host").value_or("");
  return is_host(host) ? concat(options_.scheme, "://", host) : "";
}

Result<OpenRepo> HubApi::open(RepoType type, std::string_view name, const Viewer& viewer) const {
  const auto id = RepoId::parse(type, name);
  if (id.ok()) {
    auto repo = repositories_.find(*id);
    if (repo.ok()) {
      const Access access = access_to(repo->id, repo->settings, viewer);
      if (access != Access::kNone) return OpenRepo{*std::move(repo), access};
    } else if (repo.status().code() != StatusCode::kNotFound) {
      return repo.status();
    }
  }
  if (viewer.user.empty()) return api_error(401, "RepoNotFound", "Invalid username or password.");
  return api_error(404, "RepoNotFound", "Repository not found");
}

HubApi::Answer HubApi::whoami(const ApiRequest& request) const {
  if (request.viewer.user.empty()) return not_authenticated();
  JsonWriter json;
  json.begin_object()
      .field("type", "user")
      .field("id", request.viewer.user)
      .field("name", request.viewer.user)
      .field("fullname", request.viewer.user)
      .key("email")
      .null()
      .field("canPay", false)
      .field("isPro", false)
      .key("orgs")
      .begin_array();
  for (const auto& [name, role] : request.viewer.organisations)
    json.begin_object()
        .field("type", "org")
        .field("id", name)
        .field("name", name)
        .field("fullname", name)
        .field("isEnterprise", false)
        .field("roleInOrg", role_name(role))
        .end_object();
  json.end_array();
  json.key("auth").begin_object().field("type", "access_token").key("accessToken");
  json.begin_object()
      .field("displayName", request.token.label)
      .field("role", request.token.may_write ? "write" : "read")
      .field("createdAt", request.token.created)
      .end_object();
  return json_response(json.end_object().end_object().take());
}

Status check_no_pull_request(const ApiRequest& request) {
  if (!request.flag("create_pr")) return {};
  return api_error(400, "",
                   "This hub has no pull requests: commit to a branch (revision=...), without "
                   "create_pr");
}

std::string repo_url(const ApiRequest& request, const RepoId& repo) {
  const std::string kind = repo.type == RepoType::kModel ? "" : concat(plural(repo.type), '/');
  return concat(request.origin, '/', kind, repo.name);
}

Result<HubApi::Snapshot> HubApi::snapshot(const StorageId& repo, std::string_view revision) const {
  HUBDIST_ASSIGN(const Sha1 id,
                 repositories_.resolve(repo, revision.empty() ? kDefaultBranch : revision));
  Snapshot found;
  HUBDIST_ASSIGN(found.commit, repositories_.commit(repo, id));
  HUBDIST_ASSIGN(found.listing, repositories_.listing(repo, found.commit.content.tree));
  return found;
}

}  // namespace hubdist::internal
