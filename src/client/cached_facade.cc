// What the cache answers when the hub cannot or must not be asked.
#include <algorithm>

#include "client/internal/client_impl.h"
#include <hubdist/store/tree_listing.h>

namespace hubdist {
namespace {

constexpr std::size_t kNamedFiles = 3;  // in a message about missing ones

std::string reason_of(const Status& cause) {
  return cause.ok() ? "the hub must not be asked (local_files_only, or offline mode)"
                    : concat("the hub was asked in vain: ", message(cause));
}

// What the hub says about the repository or the token, rather than that it cannot be asked.
bool is_verdict(const Status& cause) {
  const auto what = detail(cause, Detail::kHubError);
  if (what == "RepoNotFound" || what == "GatedRepo") return true;
  const auto http = detail(cause, Detail::kHttpStatus);
  return http ? http == "401" : cause.code() == StatusCode::kUnauthenticated;
}

}  // namespace

using internal::Progress;
using internal::RepoWish;

namespace internal {

bool may_fall_back(const Status& status) {
  const auto what = detail(status, Detail::kHubError);
  if (what == "RevisionNotFound" || what == "EntryNotFound") return false;
  // Any other answer, of the hub or of what stands in its place.
  if (detail(status, Detail::kHttpStatus)) return true;
  switch (status.code()) {
    case StatusCode::kUnavailable:
    case StatusCode::kDeadlineExceeded:
    case StatusCode::kResourceExhausted:
    case StatusCode::kUnauthenticated:
    case StatusCode::kPermissionDenied:
    case StatusCode::kNotFound:
      return true;
    default:
      return false;
  }
}

}  // namespace internal

Status Client::Impl::not_cached(const RepoWish& wish, const Status& cause) const {
  const std::string what =
      wish.selection.file.empty() ? "a snapshot" : concat("the file ", wish.selection.file);
  const std::string place = wish.local_dir ? wish.local_dir->native() : cache.root().native();
  const std::string text =
      concat(place, " does not have ", what, " of ", wish.repo.id, ", revision ", wish.revision);
  if (cause.ok())
    return with_detail(not_found(text, ", and ", reason_of(cause)), Detail::kHubError,
                       "LocalEntryNotFound");
  if (is_verdict(cause)) return cause;
  return with_detail(with_context(cause, text), Detail::kHubError, "HubUnavailable");
}

// Whether the listing is here that tells a complete snapshot from an incomplete one.
bool Client::Impl::listed_here(const RepoWish& wish) const {
  const auto commit = cache.read_ref(wish.repo, wish.revision);
  return commit.ok() && *commit && read_tree_listing(fs, notes_of(wish), **commit).has_value();
}

Status Client::Impl::incomplete(const RepoWish& wish, const std::vector<std::string>& missing,
                                const Path& root, const Status& cause) const {
  std::string names;
  for (std::size_t i = 0; i < std::min(missing.size(), kNamedFiles); ++i)
    names += concat(i == 0 ? "" : ", ", missing[i]);
  if (missing.size() > kNamedFiles) names += ", ...";
  Status status = with_detail(
      not_found("the cached snapshot of ", wish.repo.id, ", revision ", wish.revision, ", lacks ",
                missing.size(), missing.size() == 1 ? " file (" : " files (", names, "), and ",
                reason_of(cause), ". Run it again with the hub in reach"),
      Detail::kHubError, "IncompleteSnapshot");
  return with_detail(std::move(status), Detail::kSnapshotPath, root.native());
}

Result<DownloadReport> Client::Impl::cached_repo(const RepoWish& wish, const Status& cause) {
  HUBDIST_ASSIGN(const auto commit, cache.read_ref(wish.repo, wish.revision));
  DownloadReport report;
  report.from_cache_only = true;
  report.commit = commit.value_or("");
  if (wish.local_dir) {
    const auto entries = fs.list(*wish.local_dir);
    if (!entries.ok() || entries->empty()) return not_cached(wish, cause);
    report.path = *wish.local_dir;
  } else {
    if (!commit) return not_cached(wish, cause);
    report.path = cache.snapshot_path(wish.repo, *commit);
    if (!exists(fs, report.path)) return not_cached(wish, cause);
  }
  const auto files = commit ? read_tree_listing(fs, notes_of(wish), *commit) : std::nullopt;
  const Path root = report.path;
  if (!wish.selection.folder.empty() && !exists(fs, root / wish.selection.folder))
    return not_cached(wish, cause);
  if (!wish.local_dir && !wish.selection.folder.empty()) report.path /= wish.selection.folder;
  if (!files) return report;  // nobody can say whether it is complete

  Progress progress(wish.progress);
  std::vector<std::string> missing;
  std::vector<const FileEntry*> held;
  std::uint64_t bytes = 0;
  for (const FileEntry& file : *files) {
    if (!wish.selection.wants(file.path)) continue;
    if (!exists(fs, root / file.path)) {
      missing.push_back(file.path);
    } else {
      held.push_back(&file);
      bytes += file.size;
    }
  }
  if (!missing.empty()) return incomplete(wish, missing, root, cause);
  progress.planned(bytes, held.size());
  for (const FileEntry* file : held) progress.held(file->path, file->size);
  progress.report(report);
  return report;
}

Result<DownloadReport> Client::Impl::cached_file(const RepoWish& wish, const Status& cause) {
  DownloadReport report;
  report.from_cache_only = true;
  if (wish.local_dir) {
    const LocalDir dir(fs, *wish.local_dir);
    report.path = dir.file_path(wish.selection.file);
    const auto info = fs.info(report.path);
    if (!info.ok() || info->type != FileType::kFile) return not_cached(wish, cause);
    if (const auto known = dir.metadata(wish.selection.file)) report.commit = known->commit;
  } else {
    HUBDIST_ASSIGN(const auto found, cache.find(wish.repo, wish.revision, wish.selection.file));
    if (found.state != CachedFile::kPresent) return not_cached(wish, cause);
    report.path = found.path;
    report.commit = found.commit;
  }
  Progress progress(wish.progress);
  HUBDIST_ASSIGN(const FileInfo info, fs.info(report.path));
  progress.planned(info.size, 1);
  progress.held(wish.selection.file, info.size);
  progress.report(report);
  return report;
}

}  // namespace hubdist
