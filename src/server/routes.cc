#include "server/internal/routes.h"

#include <algorithm>
#include <vector>

#include <hubdist/base/strings.h>
#include <hubdist/io/http_client.h>

namespace hubdist::internal {

namespace {

constexpr std::string_view kApiVerbs[] = {
    "revision",     "tree",      "refs",           "commits",        "paths-info",
    "auth-check",   "preupload", "commit",         "branch",         "tag",
    "super-squash", "settings",  "xet-read-token", "xet-write-token"};
constexpr std::string_view kFileVerbs[] = {"resolve", "raw"};

bool is_one_of(std::span<const std::string_view> words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

using Segments = std::vector<std::string_view>;

Segments split(std::string_view path) {
  Segments segments;
  while (path.starts_with('/')) {
    path.remove_prefix(1);
    segments.push_back(path.substr(0, path.find('/')));
    path.remove_prefix(segments.back().size());
  }
  while (!segments.empty() && segments.back().empty()) segments.pop_back();
  return segments;
}

std::optional<std::string> decode(const Segments& segments, std::size_t begin, std::size_t end) {
  std::string text;
  for (std::size_t i = begin; i < end; ++i) {
    const auto part = percent_decode(segments[i]);
    if (!part.ok()) return std::nullopt;
    if (i > begin) text += '/';
    text += *part;
  }
  while (text.ends_with('/')) text.pop_back();
  return text;
}

// How many segments the revision takes: "refs/pr/1" may come unencoded.
std::size_t revision_segments(const Segments& segments, std::size_t at) {
  const bool spelled_out = segments.size() >= at + 3 && segments[at] == "refs" &&
                           (segments[at + 1] == "pr" || segments[at + 1] == "convert");
  return spelled_out ? 3 : 1;
}

// Reads repo, verb, revision and path from segments[begin...].
std::optional<RepoRoute> parse_repo(const Segments& segments, std::size_t begin, RepoType type,
                                    std::span<const std::string_view> verbs, bool needs_verb) {
  RepoRoute route;
  route.type = type;
  std::size_t verb = begin;
  for (const std::size_t at : {begin + 2, begin + 1})
    if (verb == begin && at < segments.size() && is_one_of(verbs, segments[at])) verb = at;
  if (verb == begin) {
    verb = segments.size();
    if (needs_verb || verb == begin || verb > begin + 2) return std::nullopt;
  }
  const auto repo = decode(segments, begin, verb);
  if (!repo) return std::nullopt;
  route.repo = *repo;
  if (verb == segments.size()) return route;
  route.verb = segments[verb];
  if (verb + 1 == segments.size()) return route;
  const std::size_t path = verb + 1 + revision_segments(segments, verb + 1);
  const auto revision = decode(segments, verb + 1, path);
  const auto rest = decode(segments, path, segments.size());
  if (!revision || !rest) return std::nullopt;
  route.revision = *revision;
  route.path = *rest;
  return route;
}

}  // namespace

bool is_reserved_repo_name(std::string_view name) {
  return is_one_of(kApiVerbs, name) || is_one_of(kFileVerbs, name);
}

bool is_reserved_owner_name(std::string_view name) {
  for (const std::string_view reserved : {"api", "models", "datasets", "spaces"})
    if (name == reserved) return true;
  return false;
}

std::optional<RepoRoute> parse_api_route(std::string_view path) {
  const Segments segments = split(path);
  if (segments.size() < 3 || segments[0] != "api") return std::nullopt;
  for (const RepoType type : {RepoType::kModel, RepoType::kDataset, RepoType::kSpace})
    if (segments[1] == plural(type)) return parse_repo(segments, 2, type, kApiVerbs, false);
  return std::nullopt;
}

std::optional<RepoRoute> parse_file_route(std::string_view path) {
  const Segments segments = split(path);
  if (segments.empty()) return std::nullopt;
  for (const RepoType type : {RepoType::kDataset, RepoType::kSpace})
    if (segments[0] == plural(type)) return parse_repo(segments, 1, type, kFileVerbs, true);
  return parse_repo(segments, 0, RepoType::kModel, kFileVerbs, true);
}

std::optional<LfsRoute> parse_lfs_route(std::string_view path) {
  constexpr std::string_view kGit = ".git/info/lfs/objects/";
  const std::size_t at = path.find(kGit);
  if (at == std::string_view::npos || !path.starts_with('/')) return std::nullopt;
  LfsRoute route;
  route.verb = path.substr(at + kGit.size());
  if (route.verb != "batch" && route.verb != "verify") return std::nullopt;
  const Segments segments = split(path.substr(0, at));
  std::size_t begin = 0;
  for (const RepoType type : {RepoType::kDataset, RepoType::kSpace})
    if (segments.size() > 1 && segments[0] == plural(type)) {
      route.type = type;
      begin = 1;
    }
  const auto repo = decode(segments, begin, segments.size());
  if (!repo || segments.size() > begin + 2) return std::nullopt;
  route.repo = *repo;
  return route;
}

}  // namespace hubdist::internal
