// Repositories as objects: settings, branches, commits, folders and contents.
//
// Objects, {r} being "{models|datasets|spaces}/{name, percent-encoded}":
//   repos/{r}                     settings, JSON; changes by compare-and-swap
//   refs/{r}/{ref, encoded}       the commit that a branch or tag names; by compare-and-swap
//   commits/{r}/{id}              a git commit object's text
//   trees/{r}/{id[:2]}/{id}       a folder, JSON: git's entries, with size and SHA-256 of files
//   blobs/{sha256[:2]}/{sha256}   a file's content, whichever repositories have it
// Commits, trees and blobs are written before what names them, and never change.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <hubdist/core/digest.h>
#include <hubdist/core/uri.h>
#include <hubdist/server/git.h>
#include <hubdist/store/object_store.h>

namespace hubdist {

inline constexpr std::string_view kDefaultBranch = "main";

// Folders inside folders; a deeper path is refused.
inline constexpr std::size_t kMaxFolderDepth = 256;

struct RepoId {
  RepoType type = RepoType::kModel;
  std::string name;  // "owner/name", or "name" alone

  static Result<RepoId> parse(RepoType type, std::string_view name);
  std::string_view owner() const;  // empty for a name alone
  // "models/owner%2Fname": the part of object keys that names the repository.
  std::string key() const;
  friend auto operator<=>(const RepoId&, const RepoId&) = default;
};

enum class Gating { kNone, kAuto, kManual };

struct RepoSettings {
  bool is_private = false;
  Gating gating = Gating::kNone;
  std::vector<std::string> readers;  // users that may read although it is private or gated
  std::string created;               // ISO 8601
};

// What one may see of a repository.
enum class Access { kNone, kMetadata, kFiles };
// `user`: empty for somebody without a token.
Access access_to(const RepoId& repo, const RepoSettings& settings, std::string_view user);

struct Ref {
  std::string name;  // "refs/heads/main"
  Sha1 commit;
};

struct Commit {
  Sha1 id;
  GitCommit content;
};

// One file or folder of a commit.
struct RepoEntry {
  std::string path;
  GitMode mode = GitMode::kFile;
  Sha1 oid;  // git's: of an LFS file the pointer's
  std::uint64_t size = 0;
  Sha256 sha256;  // of the content
  bool lfs = false;
  bool is_folder() const { return mode == GitMode::kFolder; }
  // What the hub calls the content: the SHA-256 of an LFS file, else git's id.
  std::string etag() const { return lfs ? sha256.hex() : oid.hex(); }
};

// All files and folders of a commit, sorted by path, bytewise.
class RepoListing {
 public:
  explicit RepoListing(std::vector<RepoEntry> entries);
  const std::vector<RepoEntry>& entries() const { return entries_; }
  const RepoEntry* find(std::string_view path) const;  // null when there is none

 private:
  std::vector<RepoEntry> entries_;
};

struct RepoPage {
  std::vector<std::pair<RepoId, RepoSettings>> repos;
  bool more = false;
};

// Thread-safe, also between processes. The store must outlive it.
class Repositories {
 public:
  explicit Repositories(ObjectStore& store) : store_(store) {}
  ObjectStore& store() const { return store_; }

  // NotFound (Detail::kHubError RepoNotFound).
  Result<RepoSettings> settings(const RepoId& repo) const;
  // Makes the repository with default settings if missing, lets `change` edit them, and writes
  // them when they differ; again from the start when somebody else wrote meanwhile.
  Status edit_settings(const RepoId& repo, const std::function<void(RepoSettings&)>& change);
  // Repositories of a type whose name comes after `after`, in the order of their encoded names.
  Result<RepoPage> list(RepoType type, std::string_view after, std::size_t limit) const;

  Result<std::vector<Ref>> refs(const RepoId& repo) const;
  // A branch, tag, full ref name, commit id, or at least 7 digits of one. NotFound with
  // RevisionNotFound.
  Result<Sha1> resolve(const RepoId& repo, std::string_view revision) const;
  Result<Commit> commit(const RepoId& repo, const Sha1& id) const;
  Result<std::shared_ptr<const RepoListing>> listing(const RepoId& repo, const Sha1& tree) const;

  // For writers. put_tree() stores the folders that are missing. OutOfRange for one with so many
  // files that it could not be read again.
  Result<Sha1> put_tree(const RepoId& repo, const std::vector<RepoEntry>& files);
  Result<Sha1> put_commit(const RepoId& repo, const GitCommit& commit);
  // Moves a ref from `expected` (nothing: it must be new) to `commit`; Aborted when it is
  // elsewhere.
  Status move_ref(const RepoId& repo, std::string_view ref, const std::optional<Sha1>& expected,
                  const Sha1& commit);
  // The commit of a ref; nothing when there is no such ref.
  Result<std::optional<Sha1>> ref(const RepoId& repo, std::string_view ref) const;

 private:
  struct CachedListing {
    std::string key;
    std::shared_ptr<const RepoListing> listing;
  };
  std::shared_ptr<const RepoListing> cached(const std::string& key) const;
  void remember(const std::string& key, std::shared_ptr<const RepoListing> listing) const;
  Status read_folder(const RepoId& repo, const Sha1& tree, const std::string& folder,
                     std::size_t depth, std::vector<RepoEntry>& out) const;

  ObjectStore& store_;
  mutable std::mutex mutex_;
  mutable std::vector<CachedListing> listings_;  // the most recently used last
};

// Where a content lies in the store.
std::string blob_key(const Sha256& sha256);
// "2026-01-31T12:00:00.000Z"
std::string iso_time(std::int64_t seconds_since_1970);

}  // namespace hubdist
