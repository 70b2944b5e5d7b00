#include "tests/support/memory_file_system.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace hubdist::testing {

namespace {

using Disk = MemoryFileSystem::Disk;

constexpr int kMaxLinks = 8;

Status failure(int error, std::string_view what, const Path& path) {
  return errno_status(error, what, path.native());
}

void touch(MemoryNode& node) {
  node.mtime_ns = std::chrono::nanoseconds(system_clock().wall_time().time_since_epoch()).count();
}

FileInfo info_of(const MemoryNode& node) {
  FileInfo info;
  info.type = node.type;
  info.size = node.content->size();
  info.inode = node.inode;
  info.links = node.links;
  info.mode = node.mode;
  info.mtime_ns = node.mtime_ns;
  return info;
}

// The content, its own to write to.
std::string& own_content(MemoryNode& node) {
  touch(node);
  if (node.content.use_count() > 1) node.content = std::make_shared<std::string>(*node.content);
  return *node.content;
}

class MemoryFile final : public File {
 public:
  MemoryFile(std::shared_ptr<Disk> disk, std::shared_ptr<MemoryNode> node, Path path)
      : disk_(std::move(disk)), node_(std::move(node)), path_(std::move(path)) {}
  ~MemoryFile() override { unlock(); }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;

  Result<std::size_t> pread(MutableBytes out, std::uint64_t offset) override {
    const std::lock_guard lock(disk_->mutex);
    const std::string& content = *node_->content;
    if (offset >= content.size()) return 0;
    const std::size_t count = std::min<std::size_t>(out.size(), content.size() - offset);
    std::memcpy(out.data(), content.data() + offset, count);
    return count;
  }
  Result<std::size_t> read(MutableBytes out) override {
    HUBDIST_ASSIGN(const std::size_t count, pread(out, position_));
    position_ += count;
    return count;
  }
  Status pwrite(ByteView bytes, std::uint64_t offset) override {
    const std::lock_guard lock(disk_->mutex);
    std::string& content = own_content(*node_);
    if (content.size() < offset + bytes.size()) content.resize(offset + bytes.size());
    std::copy(
        bytes.begin(), bytes.end(),
        std::as_writable_bytes(std::span(content)).begin() + static_cast<std::ptrdiff_t>(offset));
    return {};
  }
  Status truncate(std::uint64_t size) override {
    const std::lock_guard lock(disk_->mutex);
    own_content(*node_).resize(size);
    return {};
  }
  Status reserve(std::uint64_t) override { return {}; }
  Status release(ByteRange range) override {
    const std::lock_guard lock(disk_->mutex);
    std::string& content = own_content(*node_);
    for (std::uint64_t i = range.begin; i < std::min<std::uint64_t>(range.end, content.size()); ++i)
      content[i] = '\0';
    return {};
  }
  Status sync() override { return {}; }
  Result<FileInfo> info() override {
    const std::lock_guard lock(disk_->mutex);
    return info_of(*node_);
  }
  Result<bool> try_lock() override {
    const std::lock_guard lock(disk_->mutex);
    if (locks_) return true;
    locks_ = !std::exchange(node_->locked, true);
    return locks_;
  }
  void unlock() override {
    const std::lock_guard lock(disk_->mutex);
    if (std::exchange(locks_, false)) node_->locked = false;
  }
  int descriptor() const override { return -1; }
  const Path& path() const override { return path_; }

 private:
  const std::shared_ptr<Disk> disk_;
  const std::shared_ptr<MemoryNode> node_;
  const Path path_;
  bool locks_ = false;
  std::uint64_t position_ = 0;
};

}  // namespace

MemoryFileSystem::MemoryFileSystem() {
  disk_->root = std::make_shared<MemoryNode>();
  disk_->root->type = FileType::kDirectory;
  disk_->root->inode = 1;
}

MemoryFileSystem::MemoryFileSystem(std::shared_ptr<MemoryNode> root, std::uint64_t last_inode) {
  disk_->root = std::move(root);
  disk_->last_inode = last_inode;
}

Result<MemoryFileSystem::Place> MemoryFileSystem::find(const Path& path, bool follow) const {
  Path wanted = path;
  for (int i = 0; i < kMaxLinks; ++i) {
    Place place{disk_->root, "", disk_->root};
    for (const Path& part : wanted.relative_path()) {
      if (part.empty()) continue;  // a '/' at the end
      if (!place.node) return failure(ENOENT, "find", path);
      if (place.node->type != FileType::kDirectory) return failure(ENOTDIR, "find", path);
      place.folder = place.node;
      place.name = part.native();
      const auto found = place.folder->children.find(place.name);
      place.node = found == place.folder->children.end() ? nullptr : found->second;
    }
    if (!follow || !place.node || place.node->type != FileType::kSymlink) return place;
    wanted = (wanted.parent_path() / *place.node->content).lexically_normal();
  }
  return failure(ELOOP, "find", path);
}

Result<MemoryFileSystem::NodePtr> MemoryFileSystem::existing(std::string_view what,
                                                             const Path& path, bool follow) const {
  HUBDIST_ASSIGN(const Place place, find(path, follow));
  if (!place.node) return failure(ENOENT, what, path);
  return place.node;
}

MemoryFileSystem::NodePtr MemoryFileSystem::add(const Place& place, FileType type,
                                                std::uint32_t mode) {
  auto node = std::make_shared<MemoryNode>();
  node->type = type;
  node->inode = ++disk_->last_inode;
  node->mode = mode;
  node->links = 1;
  touch(*node);
  place.folder->children[place.name] = node;
  return node;
}

Result<std::unique_ptr<File>> MemoryFileSystem::open(const Path& path, OpenMode mode,
                                                     std::uint32_t permissions) {
  const std::lock_guard lock(disk_->mutex);
  HUBDIST_ASSIGN(const Place place, find(path, mode != OpenMode::kCreateNew));
  NodePtr node = place.node;
  if (!node && (mode == OpenMode::kRead || mode == OpenMode::kReadWrite))
    return failure(ENOENT, "open", path);
  if (node && mode == OpenMode::kCreateNew) return failure(EEXIST, "open", path);
  if (node && node->type == FileType::kDirectory && mode != OpenMode::kRead)
    return failure(EISDIR, "open", path);
  if (!node) node = add(place, FileType::kFile, permissions);
  if (mode == OpenMode::kTruncate) own_content(*node).clear();
  return std::make_unique<MemoryFile>(disk_, std::move(node), path);
}

Result<FileInfo> MemoryFileSystem::info(const Path& path) {
  const std::lock_guard lock(disk_->mutex);
  HUBDIST_ASSIGN(const NodePtr node, existing("stat", path, true));
  return info_of(*node);
}

Result<FileInfo> MemoryFileSystem::link_info(const Path& path) {
  const std::lock_guard lock(disk_->mutex);
  HUBDIST_ASSIGN(const NodePtr node, existing("stat", path, false));
  return info_of(*node);
}

Result<std::vector<DirectoryEntry>> MemoryFileSystem::list(const Path& folder) {
  const std::lock_guard lock(disk_->mutex);
  HUBDIST_ASSIGN(const NodePtr node, existing("list", folder, true));
  if (node->type != FileType::kDirectory) return failure(ENOTDIR, "list", folder);
  std::vector<DirectoryEntry> entries;
  for (const auto& [name, child] : node->children) entries.push_back({name, child->type});
  return entries;
}

Status MemoryFileSystem::make_directories(const Path& folder, std::uint32_t mode) {
  if (folder.has_relative_path()) HUBDIST_TRY(make_directories(folder.parent_path(), mode));
  const std::lock_guard lock(disk_->mutex);
  HUBDIST_ASSIGN(const Place place, find(folder, true));
  if (!place.node) add(place, FileType::kDirectory, mode);
  return place.node && place.node->type != FileType::kDirectory
             ? failure(EEXIST, "make folder", folder)
             : Status();
}

Status MemoryFileSystem::rename(const Path& from, const Path& to) {
  const std::lock_guard lock(disk_->mutex);
  HUBDIST_ASSIGN(const Place source, find(from, false));
  HUBDIST_ASSIGN(const Place target, find(to, false));
  if (!source.node) return failure(ENOENT, "rename", from);
  if (source.node == target.node) return {};
  if (target.node && target.node->type == FileType::kDirectory) {
    if (source.node->type != FileType::kDirectory) return failure(EISDIR, "rename", to);
    if (!target.node->children.empty()) return failure(ENOTEMPTY, "rename", to);
  }
  if (target.node) --target.node->links;
  target.folder->children[target.name] = source.node;
  source.folder->children.erase(source.name);
  return {};
}

Status MemoryFileSystem::remove(const Path& path) {
  const std::lock_guard lock(disk_->mutex);
  HUBDIST_ASSIGN(const Place place, find(path, false));
  if (!place.node) return failure(ENOENT, "remove", path);
  if (!place.node->children.empty()) return failure(ENOTEMPTY, "remove", path);
  --place.node->links;
  place.folder->children.erase(place.name);
  return {};
}

Status MemoryFileSystem::make_symlink(const std::string& target, const Path& link) {
  const std::lock_guard lock(disk_->mutex);
  HUBDIST_ASSIGN(const Place place, find(link, false));
  if (place.node) return failure(EEXIST, "make symlink", link);
  *add(place, FileType::kSymlink, 0777)->content = target;
  return {};
}

Result<std::string> MemoryFileSystem::read_symlink(const Path& link) {
  const std::lock_guard lock(disk_->mutex);
  HUBDIST_ASSIGN(const NodePtr node, existing("read symlink", link, false));
  if (node->type != FileType::kSymlink) return failure(EINVAL, "read symlink", link);
  return *node->content;
}

Status MemoryFileSystem::make_hard_link(const Path& old_name, const Path& link) {
  const std::lock_guard lock(disk_->mutex);
  HUBDIST_ASSIGN(const NodePtr node, existing("link", old_name, false));
  HUBDIST_ASSIGN(const Place place, find(link, false));
  if (place.node) return failure(EEXIST, "link", link);
  ++node->links;
  place.folder->children[place.name] = node;
  return {};
}

Status MemoryFileSystem::copy(const Path& from, const Path& to, std::stop_token stop) {
  if (stop.stop_requested()) return cancelled("stopped before copying ", from.native());
  HUBDIST_ASSIGN(const std::string content, read_file(*this, from, ~std::uint64_t{0} - 1));
  HUBDIST_ASSIGN(const auto file, open(to, OpenMode::kCreateNew));
  return file->pwrite(as_bytes(content), 0);
}

Status MemoryFileSystem::sync_directory(const Path& folder) {
  const std::lock_guard lock(disk_->mutex);
  return existing("sync", folder, true).status();
}

Status MemoryFileSystem::set_mode(const Path& path, std::uint32_t mode) {
  const std::lock_guard lock(disk_->mutex);
  HUBDIST_ASSIGN(const NodePtr node, existing("chmod", path, true));
  node->mode = mode;
  return {};
}

Result<std::uint64_t> MemoryFileSystem::free_space(const Path&) { return kGiB; }

}  // namespace hubdist::testing
