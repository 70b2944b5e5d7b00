#include "client/internal/client_impl.h"
#include <hubdist/base/log.h>
#include <hubdist/store/tree_listing.h>

namespace hubdist {
using internal::Job;
using internal::Plan;
using internal::Progress;
using internal::RepoWish;

Uri Client::Impl::repo_uri(const RepoWish& wish, std::string_view revision) const {
  Uri uri;
  uri.scheme = Scheme::kHf;
  uri.scheme_text = wish.scheme;
  uri.repo_type = wish.repo.type;
  uri.repo = wish.repo.id;
  uri.revision = revision;
  return uri;
}

// Where listings are kept: with the repository in the cache, or in the folder.
Path Client::Impl::notes_of(const RepoWish& wish) const {
  return wish.local_dir ? LocalDir(fs, *wish.local_dir).bookkeeping()
                        : cache.repo_folder(wish.repo);
}

std::unique_ptr<internal::Destination> Client::Impl::destination_of(const RepoWish& wish,
                                                                    const std::string& commit) {
  if (wish.local_dir)
    return internal::make_local_destination(fs, *wish.local_dir, commit, &cache, wish.repo);
  return internal::make_cache_destination(cache, fs, wish.repo, commit);
}

Status Client::Impl::wait_to_ask_again(const Status& failure, std::stop_token stop) const {
  if (failure.code() == StatusCode::kDeadlineExceeded) return {};  // it gets more time
  return Retrier(options.retry, std::move(stop)).again(failure);
}

Result<std::string> Client::Impl::resolve(Backend& asked, const Uri& uri, std::stop_token stop) {
  if (&asked == quick_hub_.get()) return quick_hub_->resolve_revision(uri, stop);
  if (&asked == retrying_hub_.get())
    return retry(options.retry, stop, [&] { return patient_hub_->resolve_revision(uri, stop); });
  HUBDIST_ASSIGN(const ListPage page, asked.list(uri, "", stop));
  return page.commit;
}

Result<Client::Impl::Listing> Client::Impl::list(const RepoWish& wish,
                                                 std::shared_ptr<Backend> backend, Backend& asked,
                                                 std::stop_token stop) {
  Listing listing;
  listing.origin.backend = std::move(backend);
  Uri uri = repo_uri(wish, wish.revision);
  if (!is_commit_id(wish.revision)) {
    HUBDIST_ASSIGN(uri.revision, resolve(asked, uri, stop));
    HUBDIST_TRY(check_blob_name(uri.revision));
    listing.asked = true;
  }
  listing.origin.base = uri;
  if (auto files = read_tree_listing(fs, notes_of(wish), uri.revision)) {
    listing.snapshot = {asked.scope(uri), uri.revision, *std::move(files)};
    return listing;
  }
  HUBDIST_ASSIGN(listing.snapshot, list_snapshot(asked, uri, stop));
  listing.asked = true;
  if (listing.snapshot.commit.empty()) listing.snapshot.commit = uri.revision;
  const Status kept =
      write_tree_listing(fs, notes_of(wish), listing.snapshot.commit, listing.snapshot.files);
  if (!kept.ok()) log(LogLevel::kDebug, "the listing is not kept: ", message(kept));
  return listing;
}

Result<DownloadReport> Client::Impl::download_repo(const RepoWish& wish, std::stop_token stop) {
  HUBDIST_TRY(check_repo_id(wish.repo.id));
  HUBDIST_TRY(check_relative_path(wish.revision));
  if (!may_ask(wish)) {
    if (wish.force)
      return invalid_argument("a download cannot be forced while the hub must not be asked");
    return cached_repo(wish, {});
  }
  HUBDIST_ASSIGN(const auto backend, registry.find(repo_uri(wish, wish.revision)));
  std::optional<DownloadReport> found;
  // A folder that nobody can call complete is no answer to the first trouble with the hub.
  const auto held = [&](const Status& failure) {
    if (wish.force || !internal::may_fall_back(failure) || !listed_here(wish)) return false;
    if (auto cached = cached_repo(wish, failure); cached.ok()) found = *std::move(cached);
    return found.has_value();
  };
  const auto question = [&](Backend& asked) { return list(wish, backend, asked, stop); };
  auto listing = ask(*backend, held, question, stop);
  if (found) return *std::move(found);
  if (listing.ok()) return bring_repo(wish, *std::move(listing), stop);
  if (wish.force || !internal::may_fall_back(listing.status())) return listing.status();
  return cached_repo(wish, listing.status());
}

Result<DownloadReport> Client::Impl::bring_repo(const RepoWish& wish, Listing listing,
                                                std::stop_token stop) {
  const std::string commit = listing.snapshot.commit;
  const auto destination = destination_of(wish, commit);
  HUBDIST_ASSIGN(const Plan plan, internal::make_plan(listing.snapshot.files, wish.selection,
                                                      *destination, wish.force));
  if (plan.files == 0 && !listing.snapshot.files.empty())
    log(LogLevel::kWarning, "no file of ", wish.repo.id, " matches the patterns");
  if (wish.digest && wish.selection.file.empty() && plan.files > 0)
    return invalid_argument("a digest proves one file, but a folder of ", plan.files,
                            " files was asked for");
  Progress progress(wish.progress);
  Job job{fs,
          budget,
          std::move(listing.origin),
          std::move(listing.snapshot),
          *destination,
          progress,
          nullptr,
          wish.force,
          wish.max_workers};
  if (exchanges.enabled()) {
    // What peers give is no leave of the hub's: that must come from the hub itself.
    if (!listing.asked && !plan.missing.empty())
      HUBDIST_TRY(
          job.origin.backend->stat(job.origin.uri_of(plan.missing.front().first()), stop).status());
    job.exchange = exchange_of(wish);
  }
  HUBDIST_TRY(bring(job, plan, stop));
  note_revision(wish, commit);
  DownloadReport report;
  progress.report(report);
  report.commit = commit;
  report.path = wish.local_dir ? *wish.local_dir : cache.snapshot_path(wish.repo, commit);
  if (!wish.local_dir && !wish.selection.folder.empty()) report.path /= wish.selection.folder;
  return report;
}

Status Client::Impl::bring(Job& job, const Plan& plan, std::stop_token stop) {
  const Status prepared = job.destination.prepare();
  if (!plan.missing.empty()) {
    HUBDIST_TRY(with_context(prepared, "cannot write the downloaded files"));
    HUBDIST_TRY(internal::check_room(fs, plan, job.destination));
  }
  job.progress.planned(plan.bytes, plan.files);
  for (const FileEntry& file : plan.held) {
    job.progress.held(file.path, file.size);
    if (!file.identity.provable()) job.progress.unverified();
  }
  std::unique_ptr<internal::XetOrigin> xet;
  if (options.xet && !job.exchange) {
    HUBDIST_ASSIGN(xet, internal::XetOrigin::find(job, plan, http_, options, stop));
    job.xet = xet.get();
  }
  return internal::download_all(job, plan, stop);
}

internal::ExchangeSession* Client::Impl::exchange_of(const internal::Wish& wish) {
  return exchanges.find(wish.local_dir ? LocalDir(fs, *wish.local_dir).bookkeeping() / "hubdist"
                                       : cache.root() / ".locks" / "hubdist");
}

// A read-only cache that has everything is no failure. For a folder it is noted as well, as
// huggingface_hub does: offline it tells which commit's list the folder is held against.
void Client::Impl::note_revision(const RepoWish& wish, const std::string& commit) {
  const Status noted = cache.write_ref(wish.repo, wish.revision, commit);
  if (!noted.ok())
    log(wish.local_dir ? LogLevel::kDebug : LogLevel::kWarning, "the cache does not learn what ",
        wish.revision, " stands for: ", message(noted));
}

}  // namespace hubdist
