#include <cerrno>

#include "store/internal/soft_lock.h"
#include <hubdist/base/log.h>
#include <hubdist/io/retry.h>
#include <hubdist/store/file_lock.h>

namespace hubdist {
namespace {

constexpr auto kPollInterval = std::chrono::milliseconds(50);
constexpr auto kReportInterval = std::chrono::seconds(10);
constexpr std::uint32_t kLockMode = 0664;

struct Opened {
  std::unique_ptr<File> file;
  bool created = false;
};

// Nothing when the file vanished between two looks at it: try again.
Result<std::optional<Opened>> open_lock_file(FileSystem& fs, const Path& path) {
  auto made = fs.open(path, OpenMode::kCreateNew, kLockMode);
  if (made.ok()) {
    (void)fs.set_mode(path, kLockMode);  // whatever the umask: others must be able to wait
    return Opened{*std::move(made), true};
  }
  // A sticky or read-only folder refuses creation although the file is there.
  if (made.status().code() != StatusCode::kAlreadyExists && !exists(fs, path)) return made.status();
  for (const OpenMode mode : {OpenMode::kReadWrite, OpenMode::kRead}) {
    auto found = fs.open(path, mode);
    if (found.ok()) return Opened{*std::move(found), false};
    if (found.status().code() == StatusCode::kNotFound) return std::optional<Opened>();
    if (mode == OpenMode::kRead || found.status().code() != StatusCode::kPermissionDenied)
      return found.status();
  }
  return std::optional<Opened>();
}

bool names(FileSystem& fs, const Path& path, File& file) {
  const auto there = fs.link_info(path);
  const auto held = file.info();
  return there.ok() && held.ok() && there->inode == held->inode && there->device == held->device;
}

}  // namespace

FileLock::FileLock(FileSystem& fs, Path path, std::unique_ptr<File> file)
    : fs_(&fs), path_(std::move(path)), file_(std::move(file)) {}

FileLock::FileLock(FileLock&& other) noexcept
    : fs_(std::exchange(other.fs_, nullptr)),
      path_(std::move(other.path_)),
      file_(std::move(other.file_)) {}

FileLock& FileLock::operator=(FileLock&& other) noexcept {
  if (this != &other) {
    release();
    fs_ = std::exchange(other.fs_, nullptr);
    path_ = std::move(other.path_);
    file_ = std::move(other.file_);
  }
  return *this;
}

FileLock::~FileLock() { release(); }

void FileLock::release() {
  if (!fs_) return;
  if (file_)
    file_->unlock();
  else
    (void)fs_->remove(path_);
  file_.reset();
  fs_ = nullptr;
}

Result<std::optional<FileLock>> FileLock::try_acquire(FileSystem& fs, const Path& path) {
  HUBDIST_ASSIGN(std::optional<Opened> opened, open_lock_file(fs, path));
  if (!opened) return std::optional<FileLock>();
  auto locked = opened->file->try_lock();
  if (locked.ok()) {
    // Somebody may have unlinked the file between our open and our lock: such a lock guards
    // nothing.
    if (!*locked || !names(fs, path, *opened->file)) return std::optional<FileLock>();
    return FileLock(fs, path, std::move(opened->file));
  }
  // Some file systems say EACCES for "held by another".
  if (detail(locked.status(), Detail::kErrno) == std::to_string(EACCES))
    return std::optional<FileLock>();
  if (locked.status().code() != StatusCode::kUnimplemented) return locked.status();
  if (opened->created) (void)fs.remove(path);
  opened.reset();
  HUBDIST_ASSIGN(const bool made, internal::make_soft_lock(fs, path));
  if (!made) return std::optional<FileLock>();
  return FileLock(fs, path, nullptr);
}

Result<FileLock> FileLock::acquire(FileSystem& fs, const Path& path, std::stop_token stop) {
  HUBDIST_TRY(fs.make_directories(path.parent_path()));
  auto report_at = system_clock().now() + kReportInterval;
  while (true) {
    if (stop.stop_requested())
      return cancelled("stopped while waiting for the lock ", path.native());
    HUBDIST_ASSIGN(std::optional<FileLock> lock, try_acquire(fs, path));
    if (lock) return std::move(*lock);
    if (system_clock().now() >= report_at) {
      log(LogLevel::kInfo, "still waiting for another process to release the lock ", path.native());
      report_at += kReportInterval;
    }
    HUBDIST_TRY(sleep_for(kPollInterval, stop));
  }
}

}  // namespace hubdist
