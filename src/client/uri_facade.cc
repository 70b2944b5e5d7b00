#include <algorithm>

#include "client/internal/client_impl.h"

namespace hubdist {

using internal::Job;
using internal::Origin;
using internal::Plan;
using internal::Progress;
using internal::RepoWish;
using internal::Wish;

namespace {

void apply(Wish& wish, const DownloadOptions& how) {
  wish.selection.filter = how.filter;
  wish.local_dir = how.local_dir;
  wish.force = how.force_download;
  wish.local_files_only = how.local_files_only;
  wish.max_workers = how.max_workers;
  wish.progress = how.progress;
}

bool is_missing_file(const Status& status) {
  const auto what = detail(status, Detail::kHubError);
  return status.code() == StatusCode::kNotFound &&
         (what == "EntryNotFound" || what == "LocalEntryNotFound");
}

Status no_digest_for_many(const Uri& uri) {
  return invalid_argument("a digest proves one file, but ", display_uri(uri), " names more");
}

// The last part of a URL's path, decoded: the file's name in a folder.
Result<std::string> file_name_of(const Uri& uri) {
  if (uri.is_hub()) return uri.path;  // as huggingface_hub lays out a folder
  std::string_view path = uri.path;
  path.remove_prefix(std::min(path.size(), path.rfind('/') + 1));
  const bool encoded = uri.scheme == Scheme::kHttp || uri.scheme == Scheme::kHttps;
  HUBDIST_ASSIGN(std::string name, encoded ? percent_decode(path) : std::string(path));
  const Status usable = name.find('/') == name.npos ? check_relative_path(name)
                                                    : invalid_argument("a '/' is in the name");
  if (!usable.ok())
    return invalid_argument(display_uri(uri), " names no file to save it as: ", message(usable));
  return name;
}

Result<Snapshot> one_file(const Origin& origin, const ObjectInfo& info,
                          const std::optional<Identity>& digest) {
  FileEntry file;
  HUBDIST_ASSIGN(file.path, file_name_of(origin.base));
  file.size = info.size;
  file.identity = digest ? *digest : info.identity;
  file.etag = info.etag.empty() ? file.identity.name() : info.etag;
  return Snapshot{origin.backend->scope(origin.base), info.commit, {file}};
}

}  // namespace

Result<DownloadReport> Client::Impl::download_uri(const Uri& uri, const DownloadOptions& how,
                                                  std::stop_token stop) {
  if (uri.scheme != Scheme::kHf)
    return internal::again_if_aborted([&] { return download_other(uri, how, stop); });
  RepoWish wish;
  apply(wish, how);
  wish.repo = {uri.repo_type, uri.repo};
  wish.revision = uri.revision.empty() ? "main" : uri.revision;
  wish.digest = how.digest;
  if (!uri.path.empty() && !uri.path.ends_with('/')) {
    wish.selection.file = uri.path;
    wish.may_be_folder = true;
    auto file = download_one(wish, stop);
    if (file.ok() || !is_missing_file(file.status())) return file;
    RepoWish below = wish;
    below.selection.file.clear();
    below.selection.folder = uri.path;
    auto folder = download_repo(below, stop);
    // Without anything below it the path is neither file nor folder.
    const bool nothing = folder.ok() ? folder->files == 0 && !folder->from_cache_only
                                     : is_missing_file(folder.status());
    if (!nothing) return folder;
    note_missing(wish, file.status());
    return file;
  }
  wish.selection.folder = uri.path;
  return download_repo(wish, stop);
}

// ModelScope's own cache, laid out as its client does: whole files below the revision's name.
std::optional<Path> Client::Impl::own_cache(const Uri& uri) const {
  if (uri.scheme != Scheme::kModelScope || options.modelscope_cache.empty()) return std::nullopt;
  std::string name = uri.repo;
  if (const std::size_t slash = name.find('/'); slash != name.npos) name.replace(slash, 1, "--");
  return options.modelscope_cache / plural(uri.repo_type) / name / "snapshots" /
         (uri.revision.empty() ? "master" : uri.revision);
}

Result<DownloadReport> Client::Impl::download_other(const Uri& uri, const DownloadOptions& how,
                                                    std::stop_token stop) {
  Wish wish;
  apply(wish, how);
  Origin origin;
  origin.base = uri;
  HUBDIST_ASSIGN(origin.backend, registry.find(uri));
  const bool into_cache = !wish.local_dir;
  if (into_cache) wish.local_dir = own_cache(uri);
  if (!wish.local_dir)
    return invalid_argument(display_uri(uri),
                            " does not go into the Hugging Face cache: name a "
                            "folder for it (local_dir, -o)");
  if (!may_ask(wish))
    return with_detail(not_found(display_uri(uri),
                                 " must not be asked for (local_files_only, or "
                                 "offline mode), and nothing else tells whether ",
                                 wish.local_dir->native(), " has all of it"),
                       Detail::kHubError, "LocalEntryNotFound");

  Snapshot snapshot;
  auto info = uri.path.ends_with('/') || (uri.is_hub() && uri.path.empty())
                  ? Result<ObjectInfo>(not_found(display_uri(uri), " is a folder"))
                  : origin.backend->stat(uri, stop);
  origin.one_file = info.ok();
  if (info.ok()) {
    HUBDIST_ASSIGN(snapshot, one_file(origin, *info, how.digest));
    if (uri.is_hub() && !info->commit.empty()) origin.base.revision = info->commit;
  } else {
    const bool folder = info.status().code() == StatusCode::kNotFound ||
                        info.status().code() == StatusCode::kInvalidArgument;
    if (!folder || !origin.backend->capabilities().list) return info.status();
    HUBDIST_ASSIGN(snapshot, list_snapshot(*origin.backend, uri, stop));
    if (how.digest) return no_digest_for_many(uri);
    if (uri.is_hub()) {
      wish.selection.folder = uri.path;
      origin.base.path.clear();
      if (!snapshot.commit.empty()) origin.base.revision = snapshot.commit;
    }
  }
  const auto destination =
      internal::make_local_destination(fs, *wish.local_dir, snapshot.commit, nullptr, {});
  HUBDIST_ASSIGN(const Plan plan,
                 internal::make_plan(snapshot.files, wish.selection, *destination, wish.force));
  DownloadReport report;
  report.commit = snapshot.commit;
  report.path = *wish.local_dir;
  const bool one_file_wanted = origin.one_file;
  if (one_file_wanted)
    report.path /= snapshot.files.front().path;
  else if (into_cache && !wish.selection.folder.empty())
    report.path /= wish.selection.folder;
  Progress progress(wish.progress);
  Job job{fs,       budget,  std::move(origin), std::move(snapshot), *destination,
          progress, nullptr, wish.force,        wish.max_workers};
  if (exchanges.enabled()) job.exchange = exchange_of(wish);
  HUBDIST_TRY(bring(job, plan, stop));
  progress.report(report);
  if (one_file_wanted) HUBDIST_TRY(prove(report, how.digest, stop));
  return report;
}

}  // namespace hubdist
