#include <algorithm>

#include "client/internal/client_impl.h"
#include <hubdist/base/log.h>

namespace hubdist {

using internal::Origin;
using internal::RepoWish;

namespace {

// What the user states counts beside what the hub states; both may not disagree.
Status add_digest(FileEntry& file, const std::optional<Identity>& digest) {
  if (!digest) return {};
  const auto add = [&](auto& stated, const auto& given) {
    if (stated && given && *stated != *given)
      return data_loss(file.path, ": the hub states ", Identity(file.identity).name(), ", but ",
                       digest->name(), " was asked for");
    if (given) stated = given;
    return Status();
  };
  HUBDIST_TRY(add(file.identity.sha256, digest->sha256));
  HUBDIST_TRY(add(file.identity.git_sha1, digest->git_sha1));
  HUBDIST_TRY(add(file.identity.xet, digest->xet));
  return add(file.identity.md5, digest->md5);
}

}  // namespace

// A file of a fixed commit that is here: nobody needs to be asked.
std::optional<Path> Client::Impl::held_at_commit(const RepoWish& wish) const {
  if (!is_commit_id(wish.revision) || wish.force || wish.digest) return std::nullopt;
  if (wish.local_dir) {
    const LocalDir dir(fs, *wish.local_dir);
    const auto known = dir.metadata(wish.selection.file);
    if (!known || known->commit != wish.revision) return std::nullopt;
    return dir.file_path(wish.selection.file);
  }
  const auto found = cache.find(wish.repo, wish.revision, wish.selection.file);
  if (!found.ok() || found->state != CachedFile::kPresent) return std::nullopt;
  return found->path;
}

// The hub said that the file does not exist in a commit: tools look for many files that may not be
// there, and need not ask again.
void Client::Impl::note_missing(const RepoWish& wish, const Status& status) {
  const auto commit = detail(status, Detail::kCommit);
  if (wish.local_dir || !commit || detail(status, Detail::kHubError) != "EntryNotFound") return;
  Status noted = cache.mark_missing(wish.repo, *commit, wish.selection.file);
  if (noted.ok()) noted = cache.write_ref(wish.repo, wish.revision, *commit);
  if (!noted.ok()) log(LogLevel::kDebug, "not noted that a file is missing: ", message(noted));
}

// With an exchange all nodes must cut the repository alike, so all of it is listed.
Result<Client::Impl::Listing> Client::Impl::list_for_one(const RepoWish& wish, Origin origin,
                                                         const ObjectInfo& info,
                                                         std::stop_token stop) {
  if (exchanges.enabled()) {
    RepoWish pinned = wish;
    pinned.revision = info.commit;
    HUBDIST_ASSIGN(Listing listing, list(pinned, origin.backend, *origin.backend, stop));
    listing.asked = true;
    return listing;
  }
  Listing listing;
  FileEntry file;
  file.path = wish.selection.file;
  file.size = info.size;
  file.identity = info.identity;
  file.etag = info.etag;
  listing.snapshot = {origin.backend->scope(origin.base), info.commit, {file}};
  listing.origin = std::move(origin);
  listing.origin.xet_route = info.xet_route;
  listing.origin.base.path.clear();
  listing.origin.base.revision = info.commit;
  listing.asked = true;
  return listing;
}

Result<DownloadReport> Client::Impl::download_one(const RepoWish& wish, std::stop_token stop) {
  HUBDIST_ASSIGN(DownloadReport report, find_or_bring_one(wish, stop));
  HUBDIST_TRY(prove(report, wish.digest, stop));
  return report;
}

// By the user's own digest, wherever the file came from: the hub may have stated another kind.
Status Client::Impl::prove(DownloadReport& report, const std::optional<Identity>& digest,
                           std::stop_token stop) {
  if (!digest) return {};
  FileEntry file;
  file.path = report.path;
  file.identity = *digest;
  HUBDIST_ASSIGN(const FileInfo info, fs.info(report.path));
  file.size = info.size;
  HUBDIST_ASSIGN(report.verified, internal::is_content(fs, report.path, file, stop));
  if (report.verified) return {};
  return data_loss(report.path.native(), " is not ", digest->name(),
                   ": check the digest, or fetch the file again with force");
}

Result<DownloadReport> Client::Impl::find_or_bring_one(const RepoWish& wish, std::stop_token stop) {
  HUBDIST_TRY(check_repo_id(wish.repo.id));
  HUBDIST_TRY(check_relative_path(wish.revision));
  HUBDIST_TRY(check_relative_path(wish.selection.file));
  if (wish.force && !may_ask(wish))
    return invalid_argument("a download cannot be forced while the hub must not be asked");
  if (!may_ask(wish) || held_at_commit(wish)) {
    auto found = cached_file(wish, {});
    if (found.ok() && may_ask(wish)) found->from_cache_only = false;
    return found;
  }
  Origin origin;
  origin.base = repo_uri(wish, wish.revision);
  origin.base.path = wish.selection.file;
  HUBDIST_ASSIGN(origin.backend, registry.find(origin.base));
  std::optional<DownloadReport> found;
  const auto held = [&](const Status& failure) {
    if (wish.force || !internal::may_fall_back(failure)) return false;
    if (auto cached = cached_file(wish, failure); cached.ok()) found = *std::move(cached);
    return found.has_value();
  };
  const auto question = [&](Backend& asked) { return asked.stat(origin.base, stop); };
  const auto info = ask(*origin.backend, held, question, stop);
  if (found) return *std::move(found);
  if (!info.ok()) {
    if (!wish.may_be_folder) note_missing(wish, info.status());
    if (wish.force || !internal::may_fall_back(info.status())) return info.status();
    return cached_file(wish, info.status());
  }
  if (info->commit.empty() || info->etag.empty())
    return not_cached(
        wish, unavailable("the server states no commit or no etag for ", wish.selection.file,
                          ": is the endpoint a hub, or a proxy's page?"));
  HUBDIST_ASSIGN(Listing listing, list_for_one(wish, std::move(origin), *info, stop));
  auto& files = listing.snapshot.files;
  const auto file = std::find_if(files.begin(), files.end(),
                                 [&](const FileEntry& f) { return f.path == wish.selection.file; });
  if (file == files.end())
    return data_loss(wish.selection.file, " is in commit ", info->commit,
                     ", but not in its listing");
  HUBDIST_TRY(add_digest(*file, wish.digest));
  const std::string path = file->path;
  HUBDIST_ASSIGN(DownloadReport report, bring_repo(wish, std::move(listing), stop));
  report.path = wish.local_dir ? *wish.local_dir / path : report.path / path;
  return report;
}

}  // namespace hubdist
