// The files of one version, found on disk.
#pragma once

#include <stop_token>
#include <string>
#include <vector>

#include <hubdist/io/dedupe_files.h>

namespace hubdist::internal {

struct SourceFile {
  std::string path;  // inside its version, as bytes
  Path location;
  std::uint64_t size = 0;  // 0 for a pipe
  bool regular = true;
};

struct SourceFiles {
  std::vector<SourceFile> files;  // sorted by path
  bool single_file = false;
};

// Of a folder, those that `filter` wants.
Result<SourceFiles> find_files(FileSystem& fs, const DedupeSource& source, const PathFilter& filter,
                               std::stop_token stop);

// A path as UTF-8: bytes that do not belong to a character become "\xNN".
std::string readable_path(std::string_view path);

}  // namespace hubdist::internal
