#include <map>
#include <set>
#include <vector>

#include "server/internal/content_check.h"
#include "server/internal/each_object.h"
#include "server/internal/xet_check.h"
#include <hubdist/core/hash.h>
#include <hubdist/server/fsck.h>
#include <hubdist/server/git.h>
#include <hubdist/server/repository.h>

namespace hubdist {

namespace {

constexpr std::size_t kPage = 1000;

using internal::ContentCheck;
using internal::each_object;
using internal::last_part;
using internal::XetCheck;

class Fsck {
 public:
  Fsck(ObjectStore& store, const FsckOptions& options,
       const std::function<void(std::string_view)>& on_problem, std::stop_token stop)
      : store_(store),
        repositories_(store),
        options_(options),
        on_problem_(on_problem),
        stop_(std::move(stop)) {}

  Result<FsckResult> run() {
    HUBDIST_TRY(xet_.run());
    for (const RepoType type : {RepoType::kModel, RepoType::kDataset, RepoType::kSpace})
      HUBDIST_TRY(check_repositories(type));
    where_.clear();
    HUBDIST_TRY(contents_.count_unused());
    xet_.count_unused();
    return result_;
  }

 private:
  Status check_repositories(RepoType type) {
    std::string last;
    for (bool more = true; more;) {
      const auto page = repositories_.list(type, last, kPage);
      if (!page.ok()) {
        problem(message(page.status()));
        return {};
      }
      for (const Repo& repo : page->repos) HUBDIST_TRY(check_repository(repo));
      last = page->last;
      more = page->more;
    }
    return {};
  }

  Status check_repository(const Repo& repo) {
    ++result_.repositories;
    where_ = concat(name(repo.id.type), ' ', repo.id.name);
    seen_.clear();
    const auto refs = repositories_.refs(repo.storage());
    if (!refs.ok()) return failed("the refs", refs.status());
    for (const Ref& ref : *refs) HUBDIST_TRY(check_history(repo.storage(), ref));
    return check_proofs(repo.storage());
  }

  Status check_history(const StorageId& repo, const Ref& ref) {
    std::vector<Sha1> pending{ref.commit};
    while (!pending.empty()) {
      const Sha1 id = pending.back();
      pending.pop_back();
      if (!seen_.insert(id).second) continue;
      HUBDIST_TRY(check_stop());
      const auto commit = repositories_.commit(repo, id);
      if (!commit.ok()) {
        HUBDIST_TRY(failed(concat("the commit ", id.hex(), " of ", ref.name), commit.status()));
        continue;
      }
      ++result_.commits;
      HUBDIST_TRY(check_commit_id(repo, id));
      HUBDIST_TRY(check_files(repo, id, commit->content.tree));
      pending.insert(pending.end(), commit->content.parents.begin(), commit->content.parents.end());
    }
    return {};
  }

  // The object as it is stored, since what is parsed is only a part of it.
  Status check_commit_id(const StorageId& repo, const Sha1& id) {
    const auto object = store_.get(commit_key(repo, id), 16 * kMiB);
    if (!object.ok()) return failed(concat("the commit ", id.hex()), object.status());
    if (git_object_id("commit", object->content) != id)
      problem(concat("the commit ", id.hex(), " has another content than its id says"));
    return {};
  }

  Status check_files(const StorageId& repo, const Sha1& commit, const Sha1& tree) {
    if (!seen_.insert(tree).second) return {};
    const auto listing = repositories_.listing(repo, tree);
    if (!listing.ok())
      return failed(concat("a folder of the commit ", commit.hex()), listing.status());
    check_tree_ids(**listing, commit, tree);
    for (const RepoEntry& entry : (*listing)->entries())
      if (!entry.is_folder()) HUBDIST_TRY(check_file(entry, commit));
    return {};
  }

  // The ids of all folders of a listing, each computed from what lies in it.
  void check_tree_ids(const RepoListing& listing, const Sha1& commit, const Sha1& tree) {
    std::map<std::string, std::vector<GitTreeEntry>, std::less<>> folders{{"", {}}};
    for (const RepoEntry& entry : listing.entries()) {
      const std::size_t slash = entry.path.rfind('/');
      const std::string folder = entry.path.substr(0, slash == std::string::npos ? 0 : slash);
      folders[folder].push_back(
          {entry.mode, entry.path.substr(slash == std::string::npos ? 0 : slash + 1), entry.oid});
      if (entry.is_folder()) folders[entry.path];
    }
    for (auto& [path, entries] : folders) {
      ++result_.folders;
      const RepoEntry* folder = path.empty() ? nullptr : listing.find(path);
      const Sha1 id = folder == nullptr ? tree : folder->oid;
      if (git_tree_id(std::move(entries)) != id)
        problem(concat("the folder '", path, "' of the commit ", commit.hex(),
                       " has another content than its id ", id.hex(), " says"));
    }
  }

  Status check_file(const RepoEntry& entry, const Sha1& commit) {
    const std::string what = concat("'", entry.path, "' of the commit ", commit.hex());
    if (entry.lfs && git_sha1(as_bytes(lfs_pointer(entry.sha256, entry.size))) != entry.oid)
      problem(concat(what, " has another id than its pointer"));
    HUBDIST_TRY(check_stop());
    return contents_.check(entry.sha256, entry.size,
                           entry.lfs ? std::nullopt : std::optional(entry.oid), what);
  }

  Status check_proofs(const StorageId& repo) {
    return each_object(store_, concat("proofs/", repo.text, '/'), stop_,
                       [&](const StoredObject& object) { return check_proof(repo, object.key); });
  }

  Status check_proof(const StorageId& repo, const std::string& key) {
    const auto sha256 = Sha256::parse(last_part(key));
    if (!sha256.ok()) {
      problem(concat(key, " is no proof"));
      return {};
    }
    const auto size = repositories_.proved_size(repo, *sha256);
    if (!size.ok()) return failed(key, size.status());
    return *size ? contents_.check(*sha256, **size, std::nullopt, "an upload") : Status();
  }

  static std::string commit_key(const StorageId& repo, const Sha1& id) {
    return concat("commits/", repo.text, '/', id.hex());
  }

  Status check_stop() const {
    return stop_.stop_requested() ? cancelled("stopped while checking the hub") : Status();
  }

  void problem(std::string_view what) {
    ++result_.problems;
    on_problem_(where_.empty() ? std::string(what) : concat(where_, ": ", what));
  }

  // A problem of the hub, not of the check.
  Status failed(std::string_view what, const Status& error) {
    problem(concat(what, " cannot be read: ", message(error)));
    return {};
  }

  ObjectStore& store_;
  Repositories repositories_;
  const FsckOptions options_;
  const std::function<void(std::string_view)>& on_problem_;
  const std::stop_token stop_;
  FsckResult result_;
  std::string where_;
  std::set<Sha1> seen_;  // commits and folders of the repository
  const std::function<void(std::string_view)> note_ = [this](std::string_view what) {
    problem(what);
  };
  XetCheck xet_{store_, options_, result_, note_, stop_};
  ContentCheck contents_{store_, xet_, options_, result_, note_, stop_};
};

}  // namespace

Result<FsckResult> check_hub(ObjectStore& store, const FsckOptions& options,
                             const std::function<void(std::string_view)>& on_problem,
                             std::stop_token stop) {
  return Fsck(store, options, on_problem, std::move(stop)).run();
}

}  // namespace hubdist
