// What the routes of the Hub API share: who asks, and how answers and errors look.
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include "server/internal/json_reader.h"
#include <hubdist/base/json_writer.h>
#include <hubdist/io/http_server.h>
#include <hubdist/server/repository.h>

namespace hubdist::internal {

struct ApiRequest {
  const HttpServerRequest& http;
  HttpParameters query;
  Viewer viewer;
  TokenInfo token;     // of the viewer
  std::string login;   // Login::handle; empty: somebody without a token
  std::string origin;  // "http://127.0.0.1:4711"
  std::string id;      // where the answer's body repeats X-Request-Id

  std::optional<std::string> parameter(std::string_view name) const;
  bool flag(std::string_view name) const;  // "true", "True", "1"
  // A number of things a page: the parameter `limit`, from 1 to `most`, `most` by default.
  std::size_t page_size(std::size_t most) const;
  // The same request with `name` set to `value`, as an absolute URL in a Link field.
  std::string next_link(std::string_view name, std::string_view value) const;
};

// A repository that the asker may see.
struct OpenRepo : Repo {
  Access access = Access::kNone;
};

// An error for the client: its HTTP status, its X-Error-Code (or none), its message.
Status api_error(int http_status, std::string_view code, std::string_view text);
Status not_authenticated();
Status entry_not_found(std::string_view path);
// OK when files may be read, else what a gated repository answers.
Status check_file_access(const OpenRepo& repo, const Viewer& viewer);
// OK when the viewer's token may write and the viewer has at least this role in `owner`; `what`
// completes "You may not ...".
Status check_may_write(const Viewer& viewer, std::string_view owner, Role needed,
                       std::string_view what);
// What a client did wrong with an upload is told, behind `what`, with 400; what failed here stays
// what it is.
Status refused_content(std::string_view what, const Status& error);
bool reads(const HttpServerRequest& http);  // GET and HEAD
Status wrong_method(const HttpServerRequest& http);
// 503 with Retry-After: so much is under way already.
Status too_busy(std::string_view what);
// What Content-Length says, else `otherwise`.
std::uint64_t announced_size(const HttpServerRequest& http, std::uint64_t otherwise);
// 503 for what the server's stop ends.
Status stopping();

// The body as a JSON object, else 400.
Result<std::unique_ptr<JsonDocument>> parse_body(const HttpServerRequest& http);

// What an error tells a client; what went wrong inside goes to the operator's log alone.
struct PublicError {
  int http_status = 500;
  std::string text;
};
PublicError public_error(const Status& error);

// 32 random hexadecimal digits: X-Request-Id.
std::string new_request_id();

HttpServerResponse json_response(std::string text);
HttpServerResponse error_response(const Status& error);
// `text` as a header field may carry it: other bytes than printable ASCII become "%XX".
std::string field_text(std::string_view text);

}  // namespace hubdist::internal
