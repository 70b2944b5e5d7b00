#include "memory_files.h"

#include <algorithm>
#include <cerrno>

namespace hubdist::python {
namespace {

FileInfo info_of(ByteView bytes) {
  FileInfo info;
  info.size = bytes.size();
  info.links = 1;
  info.mode = 0400;
  return info;
}

class MemoryFile final : public File {
 public:
  MemoryFile(ByteView bytes, Path path) : bytes_(bytes), path_(std::move(path)) {}

  Result<std::size_t> pread(MutableBytes out, std::uint64_t offset) override {
    if (offset >= bytes_.size()) return 0;
    const ByteView rest = bytes_.subspan(offset);
    const ByteView found = rest.first(std::min(rest.size(), out.size()));
    std::copy(found.begin(), found.end(), out.begin());
    return found.size();
  }
  Result<std::size_t> read(MutableBytes out) override {
    HUBDIST_ASSIGN(const std::size_t count, pread(out, position_));
    position_ += count;
    return count;
  }
  Status pwrite(ByteView, std::uint64_t) override { return refuse("write"); }
  Status truncate(std::uint64_t) override { return refuse("truncate"); }
  Status reserve(std::uint64_t) override { return refuse("reserve room for"); }
  Status sync() override { return {}; }
  Result<FileInfo> info() override { return info_of(bytes_); }
  Result<bool> try_lock() override { return refuse("lock"); }
  void unlock() override {}
  int descriptor() const override { return -1; }
  const Path& path() const override { return path_; }

 private:
  Status refuse(std::string_view what) const { return errno_status(EROFS, what, path_.native()); }

  ByteView bytes_;
  Path path_;
  std::uint64_t position_ = 0;
};

}  // namespace

Path MemoryFiles::add(ByteView bytes, const std::string& name) {
  const Path last = Path(name).filename();
  const Path path =
      Path("/dev/null") / std::to_string(contents_.size()) / (last.empty() ? Path("buffer") : last);
  contents_.emplace(path, bytes);
  return path;
}

Result<std::unique_ptr<File>> MemoryFiles::open(const Path& path, OpenMode open_mode,
                                                std::uint32_t mode) {
  const auto found = contents_.find(path);
  if (found == contents_.end()) return disk_.open(path, open_mode, mode);
  return std::unique_ptr<File>(std::make_unique<MemoryFile>(found->second, path));
}

Result<FileInfo> MemoryFiles::info(const Path& path) {
  const auto found = contents_.find(path);
  if (found == contents_.end()) return disk_.info(path);
  return info_of(found->second);
}

Result<FileInfo> MemoryFiles::link_info(const Path& path) {
  return contents_.contains(path) ? info(path) : disk_.link_info(path);
}

Result<std::vector<DirectoryEntry>> MemoryFiles::list(const Path& folder) {
  return disk_.list(folder);
}
Status MemoryFiles::make_directories(const Path& folder, std::uint32_t mode) {
  return disk_.make_directories(folder, mode);
}
Status MemoryFiles::rename(const Path& from, const Path& to) { return disk_.rename(from, to); }
Status MemoryFiles::remove(const Path& path) { return disk_.remove(path); }
Status MemoryFiles::make_symlink(const std::string& target, const Path& link) {
  return disk_.make_symlink(target, link);
}
Result<std::string> MemoryFiles::read_symlink(const Path& link) { return disk_.read_symlink(link); }
Status MemoryFiles::make_hard_link(const Path& existing, const Path& link) {
  return disk_.make_hard_link(existing, link);
}
Status MemoryFiles::copy(const Path& from, const Path& to) { return disk_.copy(from, to); }
Status MemoryFiles::sync_directory(const Path& folder) { return disk_.sync_directory(folder); }
Status MemoryFiles::set_mode(const Path& path, std::uint32_t mode) {
  return disk_.set_mode(path, mode);
}
Result<std::uint64_t> MemoryFiles::free_space(const Path& path) { return disk_.free_space(path); }

}  // namespace hubdist::python
