// Which repository, revision and path a URL of the Hub API means.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <hubdist/server/repository.h>

namespace hubdist::internal {

// "/api/models/org/name/tree/main/folder" or "/datasets/org/name/resolve/main/file".
struct RepoRoute {
  RepoType type = RepoType::kModel;
  std::string repo;      // decoded, not checked
  std::string verb;      // "resolve", "raw", "tree", ...; "" for the repository itself
  std::string revision;  // decoded; "" when none is given
  std::string path;      // decoded, without '/' at its end
};

// "/datasets/org/name.git/info/lfs/objects/batch"
struct LfsRoute {
  RepoType type = RepoType::kModel;
  std::string repo;  // decoded, not checked
  std::string verb;  // "batch" or "verify"
};

// Names that would make a URL mean two things, so that no repository can have them.
bool is_reserved_repo_name(std::string_view name);
bool is_reserved_owner_name(std::string_view name);

// `path`: as received, still encoded. Nothing when it is no such route or wrongly encoded.
std::optional<RepoRoute> parse_api_route(std::string_view path);
std::optional<RepoRoute> parse_file_route(std::string_view path);
std::optional<LfsRoute> parse_lfs_route(std::string_view path);

}  // namespace hubdist::internal
