#include <algorithm>
#include <array>
#include <charconv>

#include "server/internal/modelscope.h"
#include <hubdist/io/http_client.h>

namespace hubdist::internal {

namespace {

constexpr std::string_view kApi = "/api/v1/";
constexpr std::string_view kOpenApi = "/openapi/v1/";
constexpr std::array<std::string_view, 6> kVerbs = {"",          "repo",      "repo/files",
                                                    "repo/tree", "revisions", "commits"};

// Takes what stands before the next '/' off the front, decoded.
std::optional<std::string> take_segment(std::string_view& path) {
  const std::string_view segment = path.substr(0, path.find('/'));
  path.remove_prefix(std::min(path.size(), segment.size() + 1));
  auto decoded = percent_decode(segment);
  if (!decoded.ok() || decoded->empty()) return std::nullopt;
  return *std::move(decoded);
}

}  // namespace

bool is_modelscope_path(std::string_view path) {
  return path.starts_with(kApi) || path == concat(kOpenApi, "users/me");
}

std::optional<ModelScopeRoute> parse_modelscope_route(std::string_view path) {
  if (!path.starts_with(kApi)) return std::nullopt;
  path.remove_prefix(kApi.size());
  ModelScopeRoute route;
  const auto type = take_segment(path);
  if (type == plural(RepoType::kDataset))
    route.type = RepoType::kDataset;
  else if (type != plural(RepoType::kModel))
    return std::nullopt;
  const auto owner = take_segment(path);
  const auto name = owner ? take_segment(path) : std::nullopt;
  if (!name) return std::nullopt;
  route.repo = concat(*owner, '/', *name);
  while (path.ends_with('/')) path.remove_suffix(1);
  for (const std::string_view verb : kVerbs) {
    if (verb != path) continue;
    route.verb = verb;
    return route;
  }
  return std::nullopt;
}

std::string_view find_cookie(std::string_view field, std::string_view name) {
  while (!field.empty()) {
    std::string_view pair = field.substr(0, field.find(';'));
    field.remove_prefix(std::min(field.size(), pair.size() + 1));
    while (pair.starts_with(' ')) pair.remove_prefix(1);
    while (pair.ends_with(' ')) pair.remove_suffix(1);
    const std::size_t equals = pair.find('=');
    if (equals == pair.npos || pair.substr(0, equals) != name) continue;
    pair.remove_prefix(equals + 1);
    if (pair.size() >= 2 && pair.front() == '"' && pair.back() == '"')
      pair = pair.substr(1, pair.size() - 2);
    return pair;
  }
  return {};
}

std::size_t page_number(const ApiRequest& request, std::string_view name, std::size_t otherwise,
                        std::size_t most) {
  const std::string text = request.parameter(name).value_or("");
  std::size_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  return whole && value > 0 ? std::min(value, most) : otherwise;
}

}  // namespace hubdist::internal
