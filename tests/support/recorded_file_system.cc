#include "tests/support/recorded_file_system.h"

#include <utility>

namespace hubdist::testing {

namespace {

using Kind = TraceEvent::Kind;
using Log = RecordedFileSystem::Log;

class RecordedFile final : public File {
 public:
  RecordedFile(std::unique_ptr<File> file, std::uint64_t node, std::shared_ptr<Log> log)
      : file_(std::move(file)), node_(node), log_(std::move(log)) {}

  Result<std::size_t> pread(MutableBytes out, std::uint64_t offset) override {
    return file_->pread(out, offset);
  }
  Result<std::size_t> read(MutableBytes out) override { return file_->read(out); }
  Status pwrite(ByteView bytes, std::uint64_t offset) override {
    const std::lock_guard lock(log_->mutex);
    HUBDIST_TRY(file_->pwrite(bytes, offset));
    add(Kind::kWrite, offset, std::string(as_text(bytes)));
    return {};
  }
  Status truncate(std::uint64_t size) override {
    const std::lock_guard lock(log_->mutex);
    HUBDIST_TRY(file_->truncate(size));
    add(Kind::kTruncate, size, "");
    return {};
  }
  Status reserve(std::uint64_t size) override { return file_->reserve(size); }
  Status release(ByteRange range) override {
    const std::lock_guard lock(log_->mutex);
    HUBDIST_ASSIGN(const FileInfo info, file_->info());
    HUBDIST_TRY(file_->release(range));
    const std::uint64_t end = std::min(range.end, info.size);
    if (end > range.begin) add(Kind::kWrite, range.begin, std::string(end - range.begin, '\0'));
    return {};
  }
  Status sync() override {
    const std::lock_guard lock(log_->mutex);
    HUBDIST_TRY(file_->sync());
    if (log_->heeded != RecordedFileSystem::Syncs::kOfFolders) add(Kind::kSync, 0, "");
    return {};
  }
  Result<FileInfo> info() override { return file_->info(); }
  Result<bool> try_lock() override { return file_->try_lock(); }
  void unlock() override { file_->unlock(); }
  int descriptor() const override { return file_->descriptor(); }
  const Path& path() const override { return file_->path(); }

 private:
  void add(Kind kind, std::uint64_t offset, std::string content) {
    TraceEvent event;
    event.kind = kind;
    event.node = node_;
    event.offset = offset;
    event.content = std::move(content);
    log_->events.push_back(std::move(event));
  }

  const std::unique_ptr<File> file_;
  const std::uint64_t node_;
  const std::shared_ptr<Log> log_;
};

}  // namespace

std::size_t RecordedFileSystem::note(std::string text) {
  const std::lock_guard lock(log_->mutex);
  TraceEvent event;
  event.content = std::move(text);
  log_->events.push_back(std::move(event));
  return log_->events.size();
}

std::vector<TraceEvent> RecordedFileSystem::trace() const {
  const std::lock_guard lock(log_->mutex);
  return log_->events;
}

void RecordedFileSystem::heed(Syncs syncs) {
  const std::lock_guard lock(log_->mutex);
  log_->heeded = syncs;
}

std::uint64_t RecordedFileSystem::inode(const Path& path) {
  const auto info = disk_.link_info(path);
  return info.ok() ? info->inode : 0;
}

TraceEvent RecordedFileSystem::made(Kind kind, const Path& path) {
  TraceEvent event;
  event.kind = kind;
  event.node = inode(path);
  event.folder = inode(path.parent_path());
  event.name = path.filename().native();
  return event;
}

Result<std::unique_ptr<File>> RecordedFileSystem::open(const Path& path, OpenMode mode,
                                                       std::uint32_t permissions) {
  const std::lock_guard lock(log_->mutex);
  const bool was_there = disk_.info(path).ok();
  HUBDIST_ASSIGN(auto file, disk_.open(path, mode, permissions));
  HUBDIST_ASSIGN(const FileInfo info, file->info());
  if (!was_there) log_->events.push_back(made(Kind::kMake, path));
  if (was_there && mode == OpenMode::kTruncate) {
    TraceEvent event;
    event.kind = Kind::kTruncate;
    event.node = info.inode;
    log_->events.push_back(std::move(event));
  }
  return std::make_unique<RecordedFile>(std::move(file), info.inode, log_);
}

Status RecordedFileSystem::make_directories(const Path& folder, std::uint32_t mode) {
  if (folder.has_relative_path()) HUBDIST_TRY(make_directories(folder.parent_path(), mode));
  const std::lock_guard lock(log_->mutex);
  const bool was_there = disk_.info(folder).ok();
  HUBDIST_TRY(disk_.make_directories(folder, mode));
  if (was_there) return {};
  TraceEvent event = made(Kind::kMake, folder);
  event.type = FileType::kDirectory;
  log_->events.push_back(std::move(event));
  return {};
}

Status RecordedFileSystem::rename(const Path& from, const Path& to) {
  const std::lock_guard lock(log_->mutex);
  TraceEvent event = made(Kind::kRename, from);
  HUBDIST_TRY(disk_.rename(from, to));
  event.new_folder = inode(to.parent_path());
  event.new_name = to.filename().native();
  log_->events.push_back(std::move(event));
  return {};
}

Status RecordedFileSystem::remove(const Path& path) {
  const std::lock_guard lock(log_->mutex);
  TraceEvent event = made(Kind::kUnlink, path);
  HUBDIST_TRY(disk_.remove(path));
  log_->events.push_back(std::move(event));
  return {};
}

Status RecordedFileSystem::make_symlink(const std::string& target, const Path& link) {
  const std::lock_guard lock(log_->mutex);
  HUBDIST_TRY(disk_.make_symlink(target, link));
  TraceEvent event = made(Kind::kMake, link);
  event.type = FileType::kSymlink;
  event.content = target;
  log_->events.push_back(std::move(event));
  return {};
}

Status RecordedFileSystem::make_hard_link(const Path& existing, const Path& link) {
  const std::lock_guard lock(log_->mutex);
  HUBDIST_TRY(disk_.make_hard_link(existing, link));
  log_->events.push_back(made(Kind::kLink, link));
  return {};
}

Status RecordedFileSystem::copy(const Path& from, const Path& to, std::stop_token stop) {
  const std::lock_guard lock(log_->mutex);
  HUBDIST_TRY(disk_.copy(from, to, stop));
  log_->events.push_back(made(Kind::kMake, to));
  TraceEvent event;
  event.kind = Kind::kWrite;
  event.node = inode(to);
  HUBDIST_ASSIGN(event.content, read_file(disk_, to, ~std::uint64_t{0} - 1));
  log_->events.push_back(std::move(event));
  return {};
}

Status RecordedFileSystem::sync_directory(const Path& folder) {
  const std::lock_guard lock(log_->mutex);
  HUBDIST_ASSIGN(const FileInfo info, disk_.info(folder));
  HUBDIST_TRY(disk_.sync_directory(folder));
  if (log_->heeded == Syncs::kOfFiles) return {};
  TraceEvent event;
  event.kind = Kind::kSync;
  event.node = info.inode;
  log_->events.push_back(std::move(event));
  return {};
}

}  // namespace hubdist::testing
