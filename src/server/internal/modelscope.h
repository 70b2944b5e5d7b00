// ModelScope's read API (modelscope 1.37 and 1.40 as its users), beside the Hub API: which routes
// there are, and the envelope that its answers come in.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "server/internal/api_support.h"
#include <hubdist/core/uri.h>

namespace hubdist::internal {

// Its name for the branch that is meant when none is named.
inline constexpr std::string_view kModelScopeDefaultRevision = "master";
inline constexpr std::string_view kModelScopeCookie = "m_session_id";

// "/api/v1/models/owner/name/repo/files". Its repositories always have an owner.
struct ModelScopeRoute {
  RepoType type = RepoType::kModel;
  std::string repo;  // "owner/name", decoded, not checked
  std::string verb;  // "repo", "repo/files", "repo/tree", "revisions", "commits"; "" for facts
};

bool is_modelscope_path(std::string_view path);
// `path`: as received, still encoded. Nothing when it is no such route or wrongly encoded.
std::optional<ModelScopeRoute> parse_modelscope_route(std::string_view path);

// The value of a cookie in a Cookie field (RFC 6265); empty when it is not there.
std::string_view find_cookie(std::string_view field, std::string_view name);

// A parameter that counts pages or what is on one: from 1 to `most`, `otherwise` when it is no such
// number.
std::size_t page_number(const ApiRequest& request, std::string_view name, std::size_t otherwise,
                        std::size_t most);

// Opens {"Code":200,"Success":true,...,"Data": for the caller to write the value of Data.
void begin_modelscope_answer(JsonWriter& json, std::string_view request_id);
HttpServerResponse modelscope_error(const Status& error, std::string_view request_id);
// The same in the form of the routes below /openapi/v1/.
HttpServerResponse openapi_error(const Status& error, std::string_view request_id);

}  // namespace hubdist::internal
