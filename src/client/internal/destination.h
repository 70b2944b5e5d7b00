// Where the files of a download end: the Hugging Face cache or a folder.
#pragma once

#include <memory>
#include <stop_token>
#include <string>

#include <hubdist/store/hf_cache.h>
#include <hubdist/store/local_dir.h>
#include <hubdist/store/partial_file.h>

namespace hubdist::internal {

// The place of one snapshot. Thread-safe. A content is a FileEntry without regard to its path;
// where contents are shared (the cache), files with one content have one lock and one partial file.
class Destination {
 public:
  virtual ~Destination() = default;
  // Whether the file's names can stand here: InvalidArgument when not.
  virtual Status check(const FileEntry& file) const = 0;
  // Makes the folders that say what this is.
  virtual Status prepare() = 0;
  virtual Path path_of(const FileEntry& file) const = 0;
  virtual Path lock_path(const FileEntry& file) const = 0;
  virtual PartialPaths partial_paths(const FileEntry& file) const = 0;
  // Whether the file is there and is this content, as far as names, sizes and times tell.
  virtual bool has(const FileEntry& file) const = 0;
  // Whether adopt() will most likely find the content, so that no room is needed for it.
  virtual bool is_near(const FileEntry& file) const = 0;

  // The rest is called under the file's lock.
  //
  // Looks for the content where it could be without its file (a blob that no snapshot shows, a file
  // without metadata, another cache) and makes the file of it. Whether it did.
  virtual Result<bool> adopt(const FileEntry& file, std::stop_token stop) = 0;
  // Makes a verified partial file the file.
  virtual Status publish(PartialFile& partial, const FileEntry& file) = 0;
  // Makes `file` of `there`, which has the same content and is there.
  virtual Status duplicate(const FileEntry& there, const FileEntry& file, std::stop_token stop) = 0;
};

std::unique_ptr<Destination> make_cache_destination(HfCache& cache, FileSystem& fs, Repo repo,
                                                    std::string commit);
// `cache`: where a file may be copied from instead of fetched; null for other origins than hubs.
std::unique_ptr<Destination> make_local_destination(FileSystem& fs, Path root, std::string commit,
                                                    const HfCache* cache, Repo repo);

// Whether a file on disk is what `file` says, by reading all of it. False when nothing is stated.
Result<bool> is_content(FileSystem& fs, const Path& path, const FileEntry& file,
                        std::stop_token stop);

}  // namespace hubdist::internal
