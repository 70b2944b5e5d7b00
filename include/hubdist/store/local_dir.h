// A folder that holds a repository's files themselves, with huggingface_hub's bookkeeping beside:
//
//   {dir}/{path}                                           the file
//   {dir}/.cache/huggingface/download/{path}.metadata      "{commit}\n{etag}\n{unix time}\n"
//                                     {path}.lock          taken while either is changed
//                                     {hash}.hubdist-part  what is being received
//   {dir}/.cache/huggingface/trees/{commit}.json           the list of files (tree_listing.h)
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <hubdist/core/snapshot.h>
#include <hubdist/io/file.h>
#include <hubdist/store/partial_file.h>

namespace hubdist {

struct LocalMetadata {
  std::string commit;  // empty for origins without commits
  std::string etag;
  double timestamp = 0;  // seconds since 1970: when this was true
};

// Thread-safe; keeps nothing in memory. Paths are checked before use: InvalidArgument.
class LocalDir {
 public:
  LocalDir(FileSystem& fs, Path root) : fs_(fs), root_(std::move(root)) {}

  const Path& root() const { return root_; }
  Path bookkeeping() const { return root_ / ".cache" / "huggingface"; }
  Path file_path(std::string_view path) const { return root_ / path; }
  Path metadata_path(std::string_view path) const;
  Path lock_path(std::string_view path) const;
  PartialPaths partial_paths(std::string_view path, std::string_view etag) const;

  // Makes the folders, their CACHEDIR.TAG and .gitignore.
  Status prepare();
  // What is known of a file; nothing when it is missing, was changed after its metadata was written
  // (a second's difference is forgiven), or the metadata is damaged.
  std::optional<LocalMetadata> metadata(std::string_view path) const;
  // The same; nothing either when the file has another size.
  std::optional<LocalMetadata> metadata(const FileEntry& file) const;
  // States that the file at `path` is, now, the one of this commit and etag. Under its lock.
  Status write_metadata(std::string_view path, std::string_view commit, std::string_view etag);

 private:
  FileSystem& fs_;
  const Path root_;
};

}  // namespace hubdist
