// A repository at one commit, as its hub lists it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <hubdist/core/identity.h>

namespace hubdist {

struct FileEntry {
  std::string path;  // relative, '/' between segments; checked by check_relative_path()
  std::uint64_t size = 0;
  Identity identity;
  std::string
      etag;  // the hub's name of the blob, and its file name in the cache: sha256 or git sha1
  bool lfs = false;  // stored apart from git, so that etag is a sha256
};

struct Snapshot {
  // Names the repository among all hubs, for example "127.0.0.1:8080/models/org/name": the scope
  // in which a git sha1 or an etag names one content.
  std::string scope;
  std::string commit;
  std::vector<FileEntry> files;  // sorted by path

  std::uint64_t total_size() const {
    std::uint64_t total = 0;
    for (const FileEntry& file : files) total += file.size;
    return total;
  }
};

// A path from a hub must stay inside its folder: relative, no empty, "." or ".." segment, no NUL,
// no backslash, at most 4,096 bytes and 255 a segment. InvalidArgument names the path and what is
// wrong with it.
Status check_relative_path(std::string_view path);

}  // namespace hubdist
