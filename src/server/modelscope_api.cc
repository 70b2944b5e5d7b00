// ModelScope's read API: who asks, where to, and how errors look.
#include <algorithm>

#include "server/internal/credentials.h"
#include "server/internal/hub_api.h"
#include "server/internal/modelscope.h"

namespace hubdist::internal {

namespace {

// What its login answers, with HTTP 400, for a token that it does not know.
constexpr std::int64_t kLoginRefused = 10'010'103'009;

Status bad_token() {
  return api_error(401, "", "This hub does not know the token: it was never given out, or revoked");
}

// What of a token may stand in a cookie (RFC 6265, cookie-octet).
bool is_cookie_value(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return c > 0x20 && c < 0x7f && c != '"' && c != ',' && c != ';' && c != '\\';
  });
}

HttpServerResponse with_body(const Status& error, std::string body) {
  HttpServerResponse response = error_response(error);
  response.body = std::move(body);
  return response;
}

std::string modelscope_error_body(std::int64_t code, std::string_view text,
                                  std::string_view request_id) {
  return JsonWriter()
      .begin_object()
      .field("Code", code)
      .field("Message", text)
      .field("RequestId", request_id)
      .field("Success", false)
      .end_object()
      .take();
}

}  // namespace

void begin_modelscope_answer(JsonWriter& json, std::string_view request_id) {
  json.begin_object()
      .field("Code", 200)
      .field("Message", "success")
      .field("RequestId", request_id)
      .field("Success", true)
      .key("Data");
}

HttpServerResponse modelscope_error(const Status& error, std::string_view request_id) {
  const PublicError shown = public_error(error);
  return with_body(error, modelscope_error_body(shown.http_status, shown.text, request_id));
}

HttpServerResponse openapi_error(const Status& error, std::string_view request_id) {
  const PublicError shown = public_error(error);
  JsonWriter json;
  json.begin_object().field("success", false).field("message", shown.text);
  if (shown.http_status == 401) json.field("code", "InvalidAuthentication");
  return with_body(error, json.field("request_id", request_id).end_object().take());
}

// Both its ways to say who asks. A cookie is heeded here alone, where nothing is written: a page of
// another site could make a browser send it.
Result<std::optional<Login>> HubApi::authenticate_modelscope(const HttpServerRequest& http) const {
  std::optional<Secret> token;
  if (const auto field = http.headers.get("Authorization")) {
    token = token_of(*field);
    if (!token) return bad_token();
  } else {
    token = Secret(
        std::string(find_cookie(http.headers.get("Cookie").value_or(""), kModelScopeCookie)));
    if (token->empty()) return std::nullopt;
  }
  HUBDIST_ASSIGN(auto login, accounts_.find(*token));
  if (!login) return bad_token();
  return login;
}

HttpServerResponse HubApi::modelscope(const HttpServerRequest& http) {
  const std::string id = new_request_id();
  const bool open_api = !http.path.starts_with("/api/");
  Answer answer = modelscope_route(http, id);
  HttpServerResponse response = answer.ok() ? *std::move(answer)
                                : open_api  ? openapi_error(answer.status(), id)
                                            : modelscope_error(answer.status(), id);
  response.headers.set("X-Request-Id", id);
  return response;
}

HubApi::Answer HubApi::modelscope_route(const HttpServerRequest& http,
                                        const std::string& request_id) {
  if (http.path == "/api/v1/login" && http.method == "POST")
    return modelscope_login(http, request_id);
  if (!reads(http))
    return api_error(405, "",
                     "This hub's ModelScope API reads only: upload by Hugging Face's API, with "
                     "HF_ENDPOINT and hf upload, or by hubdist hub add");
  HUBDIST_ASSIGN(auto login, authenticate_modelscope(http));
  HUBDIST_ASSIGN(HttpParameters query, parse_parameters(http.query));
  ApiRequest request{http, std::move(query), {}, {}, {}, origin_of(http), request_id};
  if (login) {
    request.viewer = std::move(login->viewer);
    request.token = std::move(login->token);
  }
  if (http.path == "/openapi/v1/users/me") return modelscope_user(request);
  JsonWriter json;
  begin_modelscope_answer(json, request_id);
  // Where its clients in a cloud would find stores near them: nowhere.
  if (http.path == "/api/v1/repos/internalAccelerationInfo")
    return json_response(json.begin_object()
                             .field("InternalRegionQueryAddress", "")
                             .end_object()
                             .end_object()
                             .take());
  const auto route = parse_modelscope_route(http.path);
  if (!route) return api_error(404, "", "There is no such route in this hub's ModelScope API");
  return modelscope_repo(request, *route);
}

HubApi::Answer HubApi::modelscope_repo(const ApiRequest& request,
                                       const ModelScopeRoute& route) const {
  const auto repo = open(route.type, route.repo, request.viewer);
  if (detail(repo.status(), Detail::kHubError) == "RepoNotFound")
    // 404 whether or not there is a token: this client takes 401 for a wrong one.
    return api_error(404, "RepoNotFound",
                     concat("There is no ", name(route.type), ' ', route.repo.substr(0, 200),
                            ", or it is private: then log in with a token that may read it"));
  if (!repo.ok()) return repo.status();
  if (route.verb.empty()) return modelscope_info(request, *repo);
  if (route.verb == "revisions") return modelscope_revisions(request, *repo);
  if (route.verb == "commits") return modelscope_commits(request, *repo);
  // Its clients would ask for a file that they see listed again and again.
  if (repo->access != Access::kFiles)
    return api_error(403, "GatedRepo",
                     concat("Access to ", name(route.type), ' ', repo->id.name,
                            " must be granted first: ask the hub's operator, and log in with a "
                            "token of that user"));
  if (route.verb == "repo") return modelscope_file(request, *repo);
  return modelscope_listing(request, *repo, route.verb == "repo/tree");
}

HubApi::Answer HubApi::modelscope_login(const HttpServerRequest& http,
                                        const std::string& request_id) const {
  HUBDIST_ASSIGN(const auto body, parse_body(http));
  std::string token = body->find_text(body->root(), "AccessToken").value_or("");
  HUBDIST_ASSIGN(const auto login, accounts_.find(Secret(token)));
  if (!login)
    return with_body(api_error(400, "", "unknown token"),
                     modelscope_error_body(kLoginRefused, message(bad_token()), request_id));
  JsonWriter json;
  begin_modelscope_answer(json, request_id);
  json.begin_object()
      .field("AccessToken", token)  // for git, there; here one token is for everything
      .field("Username", login->viewer.user)
      .field("Email", "")
      .end_object()
      .end_object();
  HttpServerResponse response = json_response(json.take());
  response.headers.set("Cache-Control", "no-store");
  const bool secure = options_.scheme == "https" || options_.public_url.starts_with("https://");
  if (is_cookie_value(token))
    response.headers.add(
        "Set-Cookie", concat(kModelScopeCookie, '=', token, "; Path=/; HttpOnly; SameSite=Strict",
                             secure ? "; Secure" : ""));
  return response;
}

HubApi::Answer HubApi::modelscope_user(const ApiRequest& request) const {
  const std::string& user = request.viewer.user;
  if (user.empty()) return not_authenticated();
  return json_response(JsonWriter()
                           .begin_object()
                           .field("success", true)
                           .field("request_id", request.id)
                           .key("data")
                           .begin_object()
                           .field("id", user)
                           .field("username", user)
                           .field("email", "")
                           .end_object()
                           .end_object()
                           .take());
}

}  // namespace hubdist::internal
