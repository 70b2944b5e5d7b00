// Repositories as objects: settings, branches, commits, folders and contents.
//
// Objects, {n} being "{models|datasets|spaces}/{name, percent-encoded}" and {s} the storage id that
// the settings name, which stays when the repository is renamed and never comes again:
//   repos/{n}                     settings, JSON, or where it has moved, or whence it is about to
//                                 come; by compare-and-swap
//   refs/{s}/{ref, encoded}       the commit that a branch or tag names; by compare-and-swap
//   commits/{s}/{id}              a git commit object's text
//   trees/{s}/{id[:2]}/{id}       a folder, JSON: git's entries, with size and SHA-256 of files
//   proofs/{s}/{[:2]}/{sha256}    that the repository has received this content; its size
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
#include <hubdist/server/accounts.h>
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
  // "models/owner%2Fname": the part of an object's key that names the repository.
  std::string key() const;
  friend auto operator<=>(const RepoId&, const RepoId&) = default;
};

enum class Gating { kNone, kAuto, kManual };

// The part of object keys that names what a repository holds.
struct StorageId {
  std::string text;  // 32 hexadecimal digits
  static StorageId random();
  friend auto operator<=>(const StorageId&, const StorageId&) = default;
};

struct RepoSettings {
  bool is_private = false;
  Gating gating = Gating::kNone;
  std::vector<std::string> readers;  // users that may read although it is private or gated
  std::string created;               // ISO 8601
  StorageId storage;
};

struct Repo {
  RepoId id;
  RepoSettings settings;
  const StorageId& storage() const { return settings.storage; }
};

// What one may see of a repository.
enum class Access { kNone, kMetadata, kFiles };
Access access_to(const RepoId& repo, const RepoSettings& settings, const Viewer& viewer);

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
  std::vector<Repo> repos;
  std::string last;   // the name that the page ends with
  bool more = false;  // ask again after `last`
};

// Thread-safe, also between processes. The store must outlive it.
class Repositories {
 public:
  explicit Repositories(ObjectStore& store) : store_(store) {}
  ObjectStore& store() const { return store_; }

  using Change = std::function<void(RepoSettings&)>;

  // The repository of that name, or the one that has moved away from it. NotFound
  // (Detail::kHubError RepoNotFound).
  Result<Repo> find(const RepoId& repo) const;
  // Makes a name mean what `settings` say, storage and all; AlreadyExists when it means something.
  Status create(const RepoId& repo, const RepoSettings& settings);
  // Edits the settings, again from the start when somebody else wrote meanwhile. NotFound.
  Result<Repo> edit(const RepoId& repo, const Change& change);
  // The same, but makes the repository with default settings if missing.
  Result<Repo> edit_or_create(const RepoId& repo, const Change& change);
  // Gives a repository another name; the old one leads to it until something else takes it.
  // AlreadyExists when the new name means something, or another move is about to take it. A move
  // that failed half way has moved nothing, and the same move again ends it.
  Status move(const RepoId& from, const RepoId& to);
  // Takes the name and all that leads to the contents. NotFound.
  Status remove(const RepoId& repo);
  // Repositories of a type whose name comes after `after`, in the order of their encoded names.
  Result<RepoPage> list(RepoType type, std::string_view after, std::size_t limit) const;

  Result<std::vector<Ref>> refs(const StorageId& repo) const;
  // A branch, tag, full ref name, commit id, or at least 7 digits of one. NotFound with
  // RevisionNotFound.
  Result<Sha1> resolve(const StorageId& repo, std::string_view revision) const;
  Result<Commit> commit(const StorageId& repo, const Sha1& id) const;
  Result<std::shared_ptr<const RepoListing>> listing(const StorageId& repo, const Sha1& tree) const;

  // For writers. put_tree() stores the folders that are missing. OutOfRange for one with so many
  // files that it could not be read again.
  Result<Sha1> put_tree(const StorageId& repo, const std::vector<RepoEntry>& files);
  Result<Sha1> put_commit(const StorageId& repo, const GitCommit& commit);
  // Moves a ref from `expected` (nothing: it must be new) to `commit`; Aborted when it is
  // elsewhere.
  Status move_ref(const StorageId& repo, std::string_view ref, const std::optional<Sha1>& expected,
                  const Sha1& commit);
  // For who finds a ref as it should be, and does not move it: makes it durable.
  Status settle_ref(const StorageId& repo, std::string_view ref);
  // NotFound when there is no such ref.
  Status remove_ref(const StorageId& repo, std::string_view ref);
  // The commit of a ref; nothing when there is no such ref.
  Result<std::optional<Sha1>> ref(const StorageId& repo, std::string_view ref) const;

  // Whether the repository has received a content of its own right, and of what size. Nobody gets
  // a content by naming its hash: only these may be named in place of bytes.
  Result<std::optional<std::uint64_t>> proved_size(const StorageId& repo,
                                                   const Sha256& sha256) const;
  // Records that it has; the content must be in the store.
  Status put_proof(const StorageId& repo, const Sha256& sha256, std::uint64_t size);

 private:
  struct CachedListing {
    std::string key;
    std::shared_ptr<const RepoListing> listing;
  };
  std::shared_ptr<const RepoListing> cached(const std::string& key) const;
  void remember(const std::string& key, std::shared_ptr<const RepoListing> listing) const;
  struct Named;  // what a name means
  Result<Named> read_record(const RepoId& repo) const;
  Result<Named> read_name(const RepoId& repo) const;
  Status take_name(const RepoId& repo, const std::string& record);
  Status finish_move(const RepoId& to);
  Status try_move(const RepoId& from, const RepoId& to);
  Result<Repo> edit_name(const RepoId& repo, const Change& change, bool create);
  Status read_folder(const StorageId& repo, const Sha1& tree, const std::string& folder,
                     std::size_t depth, std::vector<RepoEntry>& out) const;

  ObjectStore& store_;
  mutable std::mutex mutex_;
  mutable std::vector<CachedListing> listings_;  // the most recently used last
};

// Where a content lies in the store, and what says that a repository has received it.
std::string blob_key(const Sha256& sha256);
std::string proof_key(const StorageId& repo, const Sha256& sha256);
// "2026-01-31T12:00:00.000Z"
std::string iso_time(std::int64_t seconds_since_1970);

}  // namespace hubdist
