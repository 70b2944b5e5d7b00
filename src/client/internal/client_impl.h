// What a Client consists of.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "client/internal/exchange_sessions.h"
#include "client/internal/job.h"
#include "client/internal/xet_origin.h"
#include <hubdist/backend/hf_backend.h>
#include <hubdist/client/client.h>
#include <hubdist/io/memory_budget.h>

namespace hubdist {

namespace internal {

// The parts of a request that all kinds of downloads have.
struct Wish {
  Selection selection;
  std::optional<Path> local_dir;
  bool force = false;
  bool local_files_only = false;
  std::size_t max_workers = 8;
  ProgressSink progress;
};

// A wish for files of a hub's repository.
struct RepoWish : Wish {
  Repo repo;
  std::string scheme = "hf";
  std::string revision;            // never empty
  std::optional<Identity> digest;  // of the one file
  bool may_be_folder = false;      // selection.file: its URI does not say
};

}  // namespace internal

class Client::Impl {
 public:
  explicit Impl(ClientOptions given);
  Status start();

  // snapshot_facade.cc: many files of a repository.
  Result<DownloadReport> download_repo(const internal::RepoWish& wish, std::stop_token stop);
  // file_facade.cc: one file of a repository.
  Result<DownloadReport> download_one(const internal::RepoWish& wish, std::stop_token stop);
  // uri_facade.cc: whatever a URI names.
  Result<DownloadReport> download_uri(const Uri& uri, const DownloadOptions& how,
                                      std::stop_token stop);

  const ClientOptions options;
  FileSystem& fs;
  MemoryBudget budget;
  BackendRegistry registry;
  HfCache cache;
  internal::ExchangeSessions exchanges;

 private:
  bool may_ask(const internal::Wish& wish) const {
    return !wish.local_files_only && !options.offline;
  }
  Uri repo_uri(const internal::RepoWish& wish, std::string_view revision) const;
  Path notes_of(const internal::RepoWish& wish) const;
  std::unique_ptr<internal::Destination> destination_of(const internal::RepoWish& wish,
                                                        const std::string& commit);

  struct Listing {
    internal::Origin origin;
    Snapshot snapshot;
    bool asked = false;  // the hub answered for it just now
  };
  // Puts a question to a hub: `question(backend)` returns a Result. First once and quickly. When
  // that fails, `held(status)` says whether the cache answers in its place; else the hub is asked
  // again, patiently, where that can help. The failure of an answer is the last one.
  template <typename Question>
  auto ask(Backend& registered, const std::function<bool(const Status&)>& held, Question&& question,
           std::stop_token stop) -> decltype(question(registered));
  Status wait_to_ask_again(const Status& failure, std::stop_token stop) const;
  Result<std::string> resolve(Backend& asked, const Uri& uri, std::stop_token stop);
  // Lists by asking `asked`, for a download from `backend`.
  Result<Listing> list(const internal::RepoWish& wish, std::shared_ptr<Backend> backend,
                       Backend& asked, std::stop_token stop);
  Result<DownloadReport> bring_repo(const internal::RepoWish& wish, Listing listing,
                                    std::stop_token stop);
  Status bring(internal::Job& job, const internal::Plan& plan, std::stop_token stop);
  void note_revision(const internal::RepoWish& wish, const std::string& commit);
  Result<DownloadReport> cached_repo(const internal::RepoWish& wish, const Status& cause);
  Result<DownloadReport> cached_file(const internal::RepoWish& wish, const Status& cause);
  bool listed_here(const internal::RepoWish& wish) const;
  Status not_cached(const internal::RepoWish& wish, const Status& cause) const;
  Status incomplete(const internal::RepoWish& wish, const std::vector<std::string>& missing,
                    const Path& root, const Status& cause) const;
  internal::ExchangeSession* exchange_of(const internal::Wish& wish);
  Result<DownloadReport> find_or_bring_one(const internal::RepoWish& wish, std::stop_token stop);
  Status prove(DownloadReport& report, const std::optional<Identity>& digest, std::stop_token stop);
  std::optional<Path> held_at_commit(const internal::RepoWish& wish) const;
  void note_missing(const internal::RepoWish& wish, const Status& status);
  Result<Listing> list_for_one(const internal::RepoWish& wish, internal::Origin origin,
                               const ObjectInfo& info, std::stop_token stop);
  std::optional<Path> own_cache(const Uri& uri) const;
  Result<DownloadReport> download_other(const Uri& uri, const DownloadOptions& how,
                                        std::stop_token stop);

  // The hub asked in three ways: once within metadata_timeout, once with more time, and that with
  // retries, as it is registered. The first two can be asked for a commit alone.
  std::shared_ptr<HttpClient> http_;
  std::shared_ptr<HfBackend> quick_hub_;
  std::shared_ptr<HfBackend> patient_hub_;
  std::shared_ptr<Backend> retrying_hub_;
};

template <typename Question>
auto Client::Impl::ask(Backend& registered, const std::function<bool(const Status&)>& held,
                       Question&& question, std::stop_token stop)
    -> decltype(question(registered)) {
  // A backend of the application's own has its own patience.
  const bool own = &registered != retrying_hub_.get();
  auto answer = question(own ? registered : *quick_hub_);
  if (answer.ok() || held(answer.status()) || own) return answer;
  HUBDIST_TRY(wait_to_ask_again(answer.status(), std::move(stop)));
  return question(registered);
}

namespace internal {

// Whether a failure of the hub is a reason to look what the cache has, as huggingface_hub does.
bool may_fall_back(const Status& status);

}  // namespace internal
}  // namespace hubdist
