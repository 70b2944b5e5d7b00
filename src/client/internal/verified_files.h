// Which files were hashed and found right, and what they looked like then.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>

#include <hubdist/core/identity.h>
#include <hubdist/io/file.h>

namespace hubdist::internal {

// A file that still has the size, inode and time of its last proof need not be read again before it
// is given to others. Kept in a text file: lines of
//   <check> <size> <device> <inode> <mtime_ns> <identity> <path>
// where <check> is 8 digits of the BLAKE3 of the rest. Lines are only added; of two for one path
// the later counts; what cannot be read is skipped. A file above kMaxSize is begun anew.
// Thread-safe.
class VerifiedFiles {
 public:
  static constexpr std::uint64_t kMaxSize = 64 * kMiB;

  VerifiedFiles(FileSystem& fs, Path record);
  bool contains(const Path& path, const Identity& identity, const FileInfo& info) const;
  void add(const Path& path, const Identity& identity, const FileInfo& info);

 private:
  void load();
  void append(const std::string& line);

  FileSystem& fs_;
  const Path record_;
  mutable std::mutex mutex_;
  std::map<std::string, std::string> lines_;  // path -> the rest of its line
};

}  // namespace hubdist::internal
