// A FileSystem in memory: fast enough to make one for each state that a disk can be in.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include <hubdist/io/file.h>

namespace hubdist::testing {

// What a path leads to. A content is shared by copies of a disk until one of them writes to it.
struct MemoryNode {
  FileType type = FileType::kFile;
  std::uint64_t inode = 0;
  std::uint32_t mode = 0;
  std::uint64_t links = 0;
  std::int64_t mtime_ns = 0;
  bool locked = false;
  std::shared_ptr<std::string> content = std::make_shared<std::string>();  // a link's target, too
  std::map<std::string, std::shared_ptr<MemoryNode>> children;
};

// Thread-safe. Paths are absolute, without "."; ".." is not followed. Links to folders are followed
// only at a path's end. Inode numbers never come again. Files that it opened may outlive it.
class MemoryFileSystem final : public FileSystem {
 public:
  MemoryFileSystem();
  // A disk that holds what lies below the folder `root`. No inode number is above `last_inode`.
  MemoryFileSystem(std::shared_ptr<MemoryNode> root, std::uint64_t last_inode);

  Result<std::unique_ptr<File>> open(const Path& path, OpenMode mode,
                                     std::uint32_t permissions = 0666) override;
  Result<FileInfo> info(const Path& path) override;
  Result<FileInfo> link_info(const Path& path) override;
  Result<std::vector<DirectoryEntry>> list(const Path& folder) override;
  Status make_directories(const Path& folder, std::uint32_t mode = 0777) override;
  Status rename(const Path& from, const Path& to) override;
  Status remove(const Path& path) override;
  Status make_symlink(const std::string& target, const Path& link) override;
  Result<std::string> read_symlink(const Path& link) override;
  Status make_hard_link(const Path& existing, const Path& link) override;
  Status copy(const Path& from, const Path& to, std::stop_token stop = {}) override;
  Status sync_directory(const Path& folder) override;
  Status set_mode(const Path& path, std::uint32_t mode) override;
  Result<std::uint64_t> free_space(const Path& path) override;

  struct Disk {
    std::mutex mutex;
    std::shared_ptr<MemoryNode> root;
    std::uint64_t last_inode = 1;
  };

 private:
  using NodePtr = std::shared_ptr<MemoryNode>;
  struct Place {
    NodePtr folder;
    std::string name;
    NodePtr node;  // null: there is none of that name
  };
  // Where a path lies; NotFound when its folder is missing. The mutex is held.
  Result<Place> find(const Path& path, bool follow) const;
  Result<NodePtr> existing(std::string_view what, const Path& path, bool follow) const;
  NodePtr add(const Place& place, FileType type, std::uint32_t mode);

  std::shared_ptr<Disk> disk_ = std::make_shared<Disk>();
};

}  // namespace hubdist::testing
