#include "server/internal/commit_operations.h"

#include <algorithm>
#include <map>

#include <hubdist/base/json_writer.h>
#include <hubdist/core/snapshot.h>
#include <hubdist/io/http_headers.h>

namespace hubdist::internal {

namespace {

using Files = std::map<std::string, RepoEntry, std::less<>>;

Status not_there(std::string_view what, std::string_view path) {
  return with_detail(with_detail(not_found("A ", what, " with this name doesn't exist: ", path),
                                 Detail::kHttpStatus, "404"),
                     Detail::kHubError, "EntryNotFound");
}

Status delete_file(Files& files, const std::string& path) {
  return files.erase(path) == 1 ? Status() : not_there("file", path);
}

Status delete_folder(Files& files, const std::string& path) {
  const auto begin = files.lower_bound(path + '/');
  const auto end = files.lower_bound(path + static_cast<char>('/' + 1));
  if (begin == end) return not_there("folder", path);
  files.erase(begin, end);
  return {};
}

void put(Files& files, const RepoEntry& entry) {
  const auto [at, is_new] = files.try_emplace(entry.path, entry);
  if (is_new) return;
  const GitMode mode = at->second.mode;
  at->second = entry;
  at->second.mode = mode;
}

Status check_no_file_is_a_folder(const Files& files) {
  for (const auto& [path, entry] : files)
    for (std::size_t slash = path.find('/'); slash != std::string::npos;
         slash = path.find('/', slash + 1))
      if (files.contains(std::string_view(path).substr(0, slash)))
        return invalid_argument("'", path.substr(0, slash),
                                "' cannot be a file and the folder of '", path, "' at once");
  return {};
}

}  // namespace

Status check_repo_path(std::string_view path) {
  HUBDIST_TRY(check_relative_path(path));
  if (!is_utf8(path)) return invalid_argument("a path is not UTF-8");
  if (std::count(path.begin(), path.end(), '/') > static_cast<std::ptrdiff_t>(kMaxFolderDepth))
    return invalid_argument("'", path.substr(0, 300), "' lies in more than ", kMaxFolderDepth,
                            " folders");
  for (std::string_view rest = path; !rest.empty();) {
    const std::size_t end = std::min(rest.find('/'), rest.size());
    if (equal_ignoring_case(rest.substr(0, end), ".git"))
      return invalid_argument("'", path.substr(0, 300),
                              "' holds '.git', which git keeps to itself");
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return {};
}

Result<std::vector<RepoEntry>> apply_operations(const RepoListing& before,
                                                const std::vector<CommitOperation>& operations) {
  Files files;
  for (const RepoEntry& entry : before.entries())
    if (!entry.is_folder()) files.emplace_hint(files.end(), entry.path, entry);
  for (const CommitOperation& operation : operations) {
    switch (operation.kind) {
      case CommitOperation::Kind::kPut:
        put(files, operation.entry);
        break;
      case CommitOperation::Kind::kDeleteFile:
        HUBDIST_TRY(delete_file(files, operation.entry.path));
        break;
      case CommitOperation::Kind::kDeleteFolder:
        HUBDIST_TRY(delete_folder(files, operation.entry.path));
        break;
    }
  }
  HUBDIST_TRY(check_no_file_is_a_folder(files));
  std::vector<RepoEntry> after;
  after.reserve(files.size());
  for (auto& [path, entry] : files) after.push_back(std::move(entry));
  return after;
}

}  // namespace hubdist::internal
