#include "server/internal/api_support.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>

#include <openssl/rand.h>

#include <hubdist/base/log.h>
#include <hubdist/io/http_client.h>

namespace hubdist::internal {

namespace {

constexpr std::string_view kBusySeconds = "1";

bool is_full_disk(const Status& error) {
  const auto number = detail(error, Detail::kErrno);
  return number == std::to_string(ENOSPC) || number == std::to_string(EDQUOT);
}

int http_status_of(const Status& error) {
  if (const auto given = detail(error, Detail::kHttpStatus)) {
    int status = 500;
    std::from_chars(given->data(), given->data() + given->size(), status);
    return status;
  }
  if (is_full_disk(error)) return 507;
  switch (error.code()) {
    case StatusCode::kNotFound:
      return 404;
    case StatusCode::kInvalidArgument:
      return 400;
    case StatusCode::kAlreadyExists:
    case StatusCode::kAborted:
      return 409;
    default:
      return 500;
  }
}

}  // namespace

std::optional<std::string> ApiRequest::parameter(std::string_view name) const {
  for (const auto& [key, value] : query)
    if (key == name) return value;
  return std::nullopt;
}

bool ApiRequest::flag(std::string_view name) const {
  const auto value = parameter(name);
  return value && (*value == "1" || equal_ignoring_case(*value, "true"));
}

std::size_t ApiRequest::page_size(std::size_t most) const {
  const auto text = parameter("limit");
  std::size_t limit = 0;
  if (!text) return most;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), limit);
  if (error != std::errc() || limit == 0) return most;
  return std::min(limit, most);
}

std::string ApiRequest::next_link(std::string_view name, std::string_view value) const {
  std::string url = concat(origin, http.path, '?');
  for (const auto& [key, content] : query)
    if (key != name) url += concat(percent_encode(key), '=', percent_encode(content), '&');
  return concat('<', url, percent_encode(name), '=', percent_encode(value), ">; rel=\"next\"");
}

Status api_error(int http_status, std::string_view code, std::string_view text) {
  const StatusCode canonical = http_status == 401   ? StatusCode::kUnauthenticated
                               : http_status == 403 ? StatusCode::kPermissionDenied
                               : http_status == 404 ? StatusCode::kNotFound
                                                    : StatusCode::kInvalidArgument;
  Status error =
      with_detail(make_status(canonical, text), Detail::kHttpStatus, std::to_string(http_status));
  return code.empty() ? error : with_detail(std::move(error), Detail::kHubError, code);
}

Status refused_content(std::string_view what, const Status& error) {
  const bool wrong = error.code() == StatusCode::kInvalidArgument ||
                     error.code() == StatusCode::kDataLoss ||
                     error.code() == StatusCode::kOutOfRange;
  if (detail(error, Detail::kHttpStatus) || !wrong) return error;
  return api_error(400, "", concat(what, message(error)));
}

bool reads(const HttpServerRequest& http) { return http.method == "GET" || http.method == "HEAD"; }

Status wrong_method(const HttpServerRequest& http) {
  return api_error(405, "", concat("This hub answers no ", http.method, " here"));
}

Status not_authenticated() { return api_error(401, "", "Invalid username or password."); }

Status entry_not_found(std::string_view path) {
  return api_error(404, "EntryNotFound", concat("Entry not found: ", path.substr(0, 1000)));
}

Status check_may_write(const Viewer& viewer, std::string_view owner, Role needed,
                       std::string_view what) {
  if (viewer.user.empty()) return not_authenticated();
  if (!viewer.may_write)
    return api_error(403, "",
                     "This token may only read. Use one that may write (hubdist hub token add "
                     "NAME --write)");
  if (viewer.role_in(owner) >= needed) return {};
  return api_error(403, "",
                   concat("You may not ", what, ": that needs the role '", role_name(needed),
                          "' in the namespace '", owner, "'"));
}

Status too_busy(std::string_view what) {
  return with_detail(
      with_detail(unavailable("This hub takes no more ", what, " just now: try again"),
                  Detail::kHttpStatus, "503"),
      Detail::kRetryAfter, kBusySeconds);
}

std::uint64_t announced_size(const HttpServerRequest& http, std::uint64_t otherwise) {
  const std::string field = http.headers.get("Content-Length").value_or("");
  std::uint64_t size = 0;
  const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), size);
  return error == std::errc() && end == field.data() + field.size() && !field.empty() ? size
                                                                                      : otherwise;
}

Status stopping() {
  return with_detail(
      with_detail(unavailable("This hub is stopping: try again"), Detail::kHttpStatus, "503"),
      Detail::kRetryAfter, kBusySeconds);
}

Status check_file_access(const OpenRepo& repo, const Viewer& viewer) {
  if (repo.access == Access::kFiles) return {};
  const std::string what =
      concat("Access to ", name(repo.id.type), ' ', repo.id.name, " is restricted");
  if (viewer.user.empty())
    return api_error(401, "GatedRepo",
                     concat(what,
                            ". You must have access to it and be authenticated to access "
                            "it. Please log in."));
  return api_error(403, "GatedRepo",
                   concat(what,
                          " and you are not in the authorized list. Ask the hub's operator "
                          "to name you as a reader."));
}

Result<std::unique_ptr<JsonDocument>> parse_body(const HttpServerRequest& http) {
  auto document = JsonDocument::parse(http.body, "the body");
  if (!document.ok()) return api_error(400, "", message(document.status()));
  return document;
}

HttpServerResponse json_response(std::string text) {
  HttpServerResponse response;
  response.headers.add("Content-Type", "application/json; charset=utf-8");
  response.body = std::move(text);
  return response;
}

PublicError public_error(const Status& error) {
  const int status = http_status_of(error);
  std::string_view text = message(error);
  if (status == 500) text = "Internal error of the hub: see its log";
  if (status == 507) text = "The hub's disk is full: nothing of this was kept. Tell its operator";
  return {status, std::string(text)};
}

std::string new_request_id() {
  std::array<std::byte, 16> bytes{};
  RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
  return to_hex(bytes);
}

HttpServerResponse error_response(const Status& error) {
  const auto [status, text] = public_error(error);
  if (status == 500 || status == 507) log(LogLevel::kError, "the hub failed: ", message(error));
  HttpServerResponse response =
      json_response(JsonWriter().begin_object().field("error", text).end_object().take());
  response.status = status;
  response.headers.add("X-Error-Message", field_text(text));
  if (const auto code = detail(error, Detail::kHubError))
    response.headers.add("X-Error-Code", *code);
  if (const auto seconds = detail(error, Detail::kRetryAfter))
    response.headers.add("Retry-After", *seconds);
  if (status == 401) response.headers.add("WWW-Authenticate", "Bearer realm=\"hub\"");
  return response;
}

std::string field_text(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c >= 0x20 && c < 0x7f)
      out += c;
    else
      out += percent_encode({&c, 1});
  }
  return out;
}

}  // namespace hubdist::internal
