// The hub's things as the Hub API's JSON has them.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>

#include <hubdist/base/json_writer.h>
#include <hubdist/core/identity.h>
#include <hubdist/server/repository.h>

namespace hubdist::internal {

// The last commit that changed a path.
using LastCommits = std::map<std::string, Commit, std::less<>>;

// For each of `paths`, all of `commit`'s listing, the last commit that changed it, by way of first
// parents. Paths whose last change lies more than kMaxHistory commits back are left out.
Result<LastCommits> find_last_commits(const Repositories& repositories, const StorageId& repo,
                                      const Commit& commit, std::set<std::string> paths);

// An entry of a tree or paths-info answer; `last`: null unless asked for; `xet`: where the
// repository has the content in Xet storage.
void write_tree_entry(JsonWriter& json, const RepoEntry& entry, const Commit* last,
                      const std::optional<XetHash>& xet);
// "siblings": all files; with sizes and ids when `with_blobs`.
void write_siblings(JsonWriter& json, const RepoListing& listing, bool with_blobs);
void write_commit(JsonWriter& json, const Commit& commit, bool formatted);

}  // namespace hubdist::internal
