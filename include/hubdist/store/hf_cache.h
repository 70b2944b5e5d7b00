// The Hugging Face cache on disk: the layout that every tool of that world reads.
//
//   {root}/models--org--name/blobs/{etag}                  a content, named by sha256 or git sha1
//                            snapshots/{commit}/{path}     a relative symlink to the blob
//                            refs/{revision}               the commit, without a newline
//                            .no_exist/{commit}/{path}     known not to exist at that commit
//                            trees/{commit}.json           the list of files (tree_listing.h)
//   {root}/.locks/models--org--name/{etag}.lock            taken while a blob is made
//   {root}/blobs/{xet[:2]}/{xet}                           blobs shared by repositories
//
// Source: docs/hub/local-cache.md of the Hub's documentation and what huggingface_hub 1.x and 2.x
// write.
#pragma once

#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include <hubdist/core/snapshot.h>
#include <hubdist/core/uri.h>
#include <hubdist/io/file.h>
#include <hubdist/store/partial_file.h>

namespace hubdist {

struct Repo {
  RepoType type = RepoType::kModel;
  std::string id;  // "owner/name" or "name"
};

// OK for what the Hub allows: one or two segments of letters, digits, '-', '_', '.', of at most 96
// characters each, without "--" or "..", not beginning or ending with '-' or '.', not ending in
// ".git".
Status check_repo_id(std::string_view id);
// OK for a name that can stand as one file name: an etag, a commit.
Status check_blob_name(std::string_view etag);
// "models--org--name".
std::string repo_folder_name(const Repo& repo);

// What the cache knows about a file of a revision.
enum class CachedFile { kUnknown, kPresent, kKnownMissing };

struct HfCacheOptions {
  Path root;
  bool symlinks = true;      // off: snapshots hold the files themselves
  bool shared_blobs = true;  // whether the blobs shared by repositories are used
};

// Thread-safe; keeps nothing in memory. Paths inside a repository, etags and revisions are checked
// before they become paths: InvalidArgument. Functions that write fail with PermissionDenied in a
// read-only cache.
class HfCache {
 public:
  HfCache(FileSystem& fs, HfCacheOptions options) : fs_(fs), options_(std::move(options)) {}

  const Path& root() const { return options_.root; }
  Path repo_folder(const Repo& repo) const { return root() / repo_folder_name(repo); }
  Path snapshot_path(const Repo& repo, std::string_view commit) const;
  Path pointer_path(const Repo& repo, std::string_view commit, std::string_view path) const;
  Path blob_path(const Repo& repo, std::string_view etag) const;
  Path lock_path(const Repo& repo, std::string_view etag) const;
  PartialPaths partial_paths(const Repo& repo, std::string_view etag) const;

  // Whether the snapshot shows the file with the right size, as a link to this etag or, without
  // links, as the file itself.
  bool has_file(const Repo& repo, std::string_view commit, const FileEntry& file) const;
  // Whether the blob is there with the right size.
  bool has_blob(const Repo& repo, const FileEntry& file) const;
  // Whether the cache can answer for a revision without its hub, and with which path.
  struct Lookup {
    CachedFile state = CachedFile::kUnknown;
    Path path;
    std::string commit;
  };
  Result<Lookup> find(const Repo& repo, std::string_view revision, std::string_view path) const;

  // The commit that a revision stood for when it was last seen; a commit stands for itself.
  Result<std::optional<std::string>> read_ref(const Repo& repo, std::string_view revision) const;
  // Writes only what changed, so that a complete read-only cache needs no writing.
  Status write_ref(const Repo& repo, std::string_view revision, std::string_view commit);
  Status mark_missing(const Repo& repo, std::string_view commit, std::string_view path);
  // Makes the root and its CACHEDIR.TAG.
  Status prepare();

  // To be called under the blob's lock.
  //
  // Takes a blob that the shared store has as this repository's; false when it has none.
  Result<bool> adopt_shared_blob(const Repo& repo, const FileEntry& file);
  // Shows a blob at its path in the snapshot. `new_blob`: nothing else needs the blob itself, so
  // that without symlinks it is moved, else copied.
  Status link_file(const Repo& repo, std::string_view commit, const FileEntry& file, bool new_blob,
                   std::stop_token stop = {});
  // What publishing left behind when it was killed at the last moment.
  void remove_leftovers(const Repo& repo, std::string_view etag);

 private:
  FileSystem& fs_;
  const HfCacheOptions options_;
};

}  // namespace hubdist
