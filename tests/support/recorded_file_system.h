// A FileSystem for tests that keeps a trace of what happened to a disk, in order.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "tests/support/memory_file_system.h"

namespace hubdist::testing {

// One change of the disk, or what makes changes durable. Files and folders are named by inode
// number, since names come and go; 1 is the folder "/".
struct TraceEvent {
  enum class Kind {
    kMake,      // `node`, of `type`, as `name` in `folder`; of a link `content` is the target
    kLink,      // `node` also as `name` in `folder`
    kUnlink,    // `name` from `folder`
    kRename,    // `name` in `folder` becomes `new_name` in `new_folder`; it is `node`
    kWrite,     // `content` at `offset` of `node`
    kTruncate,  // `node` to `offset` bytes
    kSync,      // `node`: a file's content, or a folder's names
    kNote,      // what the test says happened, such as an answer: `content`
  };
  Kind kind = Kind::kNote;
  std::uint64_t node = 0;
  FileType type = FileType::kFile;
  std::uint64_t folder = 0;
  std::string name;
  std::uint64_t new_folder = 0;
  std::string new_name;
  std::uint64_t offset = 0;
  std::string content;
};

// Runs one call at a time and records it; what fails is not recorded. The disk must be empty at
// first. Thread-safe. Files that it opened may outlive it, but not `disk`.
class RecordedFileSystem final : public FileSystem {
 public:
  explicit RecordedFileSystem(MemoryFileSystem& disk)
      : log_(std::make_shared<Log>()), disk_(disk) {}

  // Records something that is no call, such as that an answer was sent. How long the trace is now.
  std::size_t note(std::string text);
  std::vector<TraceEvent> trace() const;
  // Takes only these syncs for real from now on; the others are answered with OK. For a test to
  // see that it would notice.
  enum class Syncs { kAll, kOfFiles, kOfFolders };
  void heed(Syncs syncs);

  Result<std::unique_ptr<File>> open(const Path& path, OpenMode mode,
                                     std::uint32_t permissions = 0666) override;
  Result<FileInfo> info(const Path& path) override { return disk_.info(path); }
  Result<FileInfo> link_info(const Path& path) override { return disk_.link_info(path); }
  Result<std::vector<DirectoryEntry>> list(const Path& folder) override {
    return disk_.list(folder);
  }
  Status make_directories(const Path& folder, std::uint32_t mode = 0777) override;
  Status rename(const Path& from, const Path& to) override;
  Status remove(const Path& path) override;
  Status make_symlink(const std::string& target, const Path& link) override;
  Result<std::string> read_symlink(const Path& link) override { return disk_.read_symlink(link); }
  Status make_hard_link(const Path& existing, const Path& link) override;
  Status copy(const Path& from, const Path& to, std::stop_token stop = {}) override;
  Status sync_directory(const Path& folder) override;
  Status set_mode(const Path& path, std::uint32_t mode) override {
    return disk_.set_mode(path, mode);
  }
  Result<std::uint64_t> free_space(const Path& path) override { return disk_.free_space(path); }

  struct Log {
    std::mutex mutex;
    std::vector<TraceEvent> events;
    Syncs heeded = Syncs::kAll;
  };

 private:
  // The event with node, folder and name of what is at `path` now.
  TraceEvent made(TraceEvent::Kind kind, const Path& path);
  std::uint64_t inode(const Path& path);

  const std::shared_ptr<Log> log_;
  MemoryFileSystem& disk_;
};

}  // namespace hubdist::testing
