#include "server/internal/hub_api.h"

#include <array>

#include <openssl/rand.h>

namespace hubdist::internal {

namespace {

constexpr std::string_view kBearer = "Bearer ";

std::string request_id() {
  std::array<std::byte, 16> bytes{};
  RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
  return to_hex(bytes);
}

bool reads(const HttpServerRequest& http) { return http.method == "GET" || http.method == "HEAD"; }

Status wrong_method(const HttpServerRequest& http) {
  return api_error(405, "", concat("This hub answers no ", http.method, " here"));
}

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

}  // namespace

HttpServerResponse HubApi::handle(const HttpServerRequest& request) {
  auto answer = route(request);
  HttpServerResponse response = answer.ok() ? *std::move(answer) : error_response(answer.status());
  response.headers.set("X-Request-Id", request_id());
  // What people put into a repository is never a page of this host.
  response.headers.set("X-Content-Type-Options", "nosniff");
  response.headers.set("Content-Security-Policy", "default-src 'none'; sandbox");
  if (response.status == 405) response.headers.set("Allow", "GET, HEAD, POST");
  return response;
}

HubApi::Answer HubApi::route(const HttpServerRequest& http) {
  TokenOwner owner;
  HUBDIST_ASSIGN(std::string user, authenticate(http, owner));
  HUBDIST_ASSIGN(HttpParameters query, parse_parameters(http.query));
  const ApiRequest request{http, std::move(query), std::move(user), origin_of(http)};
  if (!http.path.starts_with("/api/")) {
    const auto route = parse_file_route(http.path);
    if (!route) return no_such_route();
    return reads(http) ? file(request, *route) : wrong_method(http);
  }
  if (http.path == "/api/whoami-v2")
    return reads(http) ? whoami(request, owner) : wrong_method(http);
  for (const RepoType type : {RepoType::kModel, RepoType::kDataset, RepoType::kSpace})
    if (http.path == concat("/api/", plural(type)))
      return reads(http) ? list_repos(request, type) : wrong_method(http);
  const auto route = parse_api_route(http.path);
  return route ? repo_route(request, *route) : no_such_route();
}

HubApi::Answer HubApi::repo_route(const ApiRequest& request, const RepoRoute& route) const {
  const bool posts = route.verb == "paths-info";
  if (posts ? request.http.method != "POST" : !reads(request.http))
    return wrong_method(request.http);
  HUBDIST_ASSIGN(const OpenRepo repo, open(route, request.user));
  if (route.verb.empty() || (route.verb == "revision" && route.path.empty()))
    return info(request, repo, route);
  if (route.verb == "tree") return tree(request, repo, route);
  if (route.verb == "paths-info") return paths_info(request, repo, route);
  if (route.verb == "refs") return refs(request, repo);
  if (route.verb == "commits" && route.path.empty()) return commits(request, repo, route);
  if (route.verb != "auth-check") return no_such_route();
  HUBDIST_TRY(check_file_access(repo, request.user));
  return json_response("{}");
}

Result<std::string> HubApi::authenticate(const HttpServerRequest& http, TokenOwner& owner) const {
  const auto field = http.headers.get("Authorization");
  if (!field) return std::string();
  const std::string_view value = *field;
  if (value.size() > kBearer.size() &&
      equal_ignoring_case(value.substr(0, kBearer.size()), kBearer)) {
    const Secret token{std::string(value.substr(kBearer.size()))};
    HUBDIST_ASSIGN(const auto found, accounts_.find(token));
    if (found) {
      owner = *found;
      return owner.user;
    }
  }
  return api_error(401, "", "Invalid credentials in Authorization header");
}

std::string HubApi::origin_of(const HttpServerRequest& http) const {
  if (!public_url_.empty()) return public_url_;
  const std::string host = http.headers.get("Host").value_or("");
  return is_host(host) ? concat("http://", host) : "";
}

Result<OpenRepo> HubApi::open(const RepoRoute& route, std::string_view user) const {
  const auto id = RepoId::parse(route.type, route.repo);
  if (id.ok()) {
    auto settings = repositories_.settings(*id);
    if (settings.ok()) {
      const Access access = access_to(*id, *settings, user);
      if (access != Access::kNone) return OpenRepo{*id, *std::move(settings), access};
    } else if (settings.status().code() != StatusCode::kNotFound) {
      return settings.status();
    }
  }
  if (user.empty()) return api_error(401, "RepoNotFound", "Invalid username or password.");
  return api_error(404, "RepoNotFound", "Repository not found");
}

HubApi::Answer HubApi::whoami(const ApiRequest& request, const TokenOwner& owner) const {
  if (request.user.empty()) return not_authenticated();
  JsonWriter json;
  json.begin_object()
      .field("type", "user")
      .field("id", request.user)
      .field("name", request.user)
      .field("fullname", request.user)
      .key("email")
      .null()
      .field("canPay", false)
      .field("isPro", false)
      .key("orgs")
      .begin_array()
      .end_array();
  json.key("auth").begin_object().field("type", "access_token").key("accessToken");
  json.begin_object()
      .field("displayName", "hubdist")
      .field("role", "read")
      .field("createdAt", owner.created)
      .end_object();
  return json_response(json.end_object().end_object().take());
}

Result<HubApi::Snapshot> HubApi::snapshot(const RepoId& repo, std::string_view revision) const {
  HUBDIST_ASSIGN(const Sha1 id,
                 repositories_.resolve(repo, revision.empty() ? kDefaultBranch : revision));
  Snapshot found;
  HUBDIST_ASSIGN(found.commit, repositories_.commit(repo, id));
  HUBDIST_ASSIGN(found.listing, repositories_.listing(repo, found.commit.content.tree));
  return found;
}

}  // namespace hubdist::internal
