// The hub's answers, parsed: tree pages, revisions and errors.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <hubdist/backend/backend.h>
#include <hubdist/io/http_client.h>

namespace hubdist::internal {

// The files of a page of GET /api/{type}/{repo}/tree/{commit}?recursive=true; DataLoss when the
// text is not that.
Result<std::vector<ObjectEntry>> parse_tree_page(std::string_view json);

// `sha` of GET /api/{type}/{repo}/revision/{revision}.
Result<std::string> parse_revision(std::string_view json);

// The answer of a route for Xet tokens, which came at `now` and at `time` of day. DataLoss when it
// is none.
Result<XetAccess> parse_xet_access(std::string_view json, Instant now, WallTime time);

// The Status of a hub's answer, with X-Error-Code and X-Error-Message; `to_repository` says that a
// bare 401 means "no such repository", as it does on the hub's repository routes.
Status status_of_hub(const HttpResponse& response, std::string_view what, bool to_repository);

// The Status of an answer of the store that the hub redirected to, which knows no hub errors.
Status status_of_hub_store(const HttpResponse& response, std::string_view what);

}  // namespace hubdist::internal
