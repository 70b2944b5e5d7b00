#include "io/internal/posix_file.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <hubdist/io/descriptors.h>

namespace hubdist::internal {
namespace {

FileType type_of(mode_t mode) {
  if (S_ISREG(mode)) return FileType::kFile;
  if (S_ISDIR(mode)) return FileType::kDirectory;
  if (S_ISLNK(mode)) return FileType::kSymlink;
  if (S_ISFIFO(mode)) return FileType::kPipe;
  return FileType::kOther;
}

class PosixFile final : public File {
 public:
  PosixFile(int descriptor, Path path, bool await_writer)
      : descriptor_(descriptor), path_(std::move(path)), await_writer_(await_writer) {}
  ~PosixFile() override { ::close(descriptor_); }
  PosixFile(const PosixFile&) = delete;
  PosixFile& operator=(const PosixFile&) = delete;

  Result<std::size_t> pread(MutableBytes out, std::uint64_t offset) override {
    std::size_t done = 0;
    while (done < out.size()) {
      const ssize_t n = ::pread(descriptor_, out.data() + done, out.size() - done,
                                static_cast<off_t>(offset + done));
      if (n == 0) break;
      if (n > 0)
        done += static_cast<std::size_t>(n);
      else if (errno != EINTR)
        return failure("read");
    }
    return done;
  }

  Result<std::size_t> read(MutableBytes out) override {
    while (true) {
      if (await_writer_) HUBDIST_TRY(wait_for_bytes());
      const ssize_t n = ::read(descriptor_, out.data(), out.size());
      if (n >= 0) return static_cast<std::size_t>(n);
      if (errno != EINTR) return failure("read");
    }
  }

  Status pwrite(ByteView bytes, std::uint64_t offset) override {
    std::size_t done = 0;
    while (done < bytes.size()) {
      const ssize_t n = ::pwrite(descriptor_, bytes.data() + done, bytes.size() - done,
                                 static_cast<off_t>(offset + done));
      if (n > 0)
        done += static_cast<std::size_t>(n);
      else if (n == 0)
        return errno_status(ENOSPC, "write", path_.native());
      else if (errno != EINTR)
        return failure("write");
    }
    return {};
  }

  Status truncate(std::uint64_t size) override {
    return repeat("truncate", [&] { return ::ftruncate(descriptor_, static_cast<off_t>(size)); });
  }

  Status reserve(std::uint64_t size) override {
#ifdef FALLOC_FL_KEEP_SIZE
    if (size == 0) return {};
    while (::fallocate(descriptor_, FALLOC_FL_KEEP_SIZE, 0, static_cast<off_t>(size)) != 0) {
      if (errno == EOPNOTSUPP || errno == ENOSYS) return {};
      if (errno != EINTR) return failure("reserve room for");
    }
#else
    static_cast<void>(size);
#endif
    return {};
  }

  Status release(ByteRange range) override {
#ifdef FALLOC_FL_PUNCH_HOLE
    struct stat raw;
    if (::fstat(descriptor_, &raw) != 0) return failure("stat");
    const auto visible = static_cast<std::uint64_t>(raw.st_size);
    const ByteRange hole{range.begin, std::min(range.end, visible)};
    if (!hole.empty()) HUBDIST_TRY(punch_hole(hole));
    // Room behind the end is given back by a file that becomes shorter.
    if (range.end <= visible || range.begin > visible) return {};
    HUBDIST_TRY(truncate(visible + 1));
    return truncate(visible);
#else
    static_cast<void>(range);
    return {};
#endif
  }

  Status sync() override {
#ifdef F_FULLFSYNC
    if (::fcntl(descriptor_, F_FULLFSYNC) == 0) return {};
#endif
    return repeat("sync", [&] { return ::fsync(descriptor_); });
  }

  Result<FileInfo> info() override {
    struct stat raw;
    if (::fstat(descriptor_, &raw) != 0) return failure("stat");
    return info_of(raw);
  }

  Result<bool> try_lock() override {
    while (::flock(descriptor_, LOCK_EX | LOCK_NB) != 0) {
      if (errno == EINTR) continue;
      if (errno == EWOULDBLOCK) return false;
      const int error = errno;
      return with_detail(unimplemented("lock ", path_.native(),
                                       ": the file system refuses flock (errno ", error, ")"),
                         Detail::kErrno, std::to_string(error));
    }
    keep_from_children(descriptor_);  // they would hold the lock as well
    return true;
  }

  void unlock() override { ::flock(descriptor_, LOCK_UN); }
  int descriptor() const override { return descriptor_; }
  const Path& path() const override { return path_; }

 private:
  // A pipe without a writer seems to be at its end; poll() tells it from one whose writer is gone.
  Status wait_for_bytes() const {
    pollfd waited{descriptor_, POLLIN, 0};
    return repeat("wait for", [&] { return ::poll(&waited, 1, -1) > 0 ? 0 : -1; });
  }

#ifdef FALLOC_FL_PUNCH_HOLE
  Status punch_hole(ByteRange hole) {
    constexpr int kPunch = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;
    while (::fallocate(descriptor_, kPunch, static_cast<off_t>(hole.begin),
                       static_cast<off_t>(hole.size())) != 0) {
      if (errno == EOPNOTSUPP || errno == ENOSYS) return {};
      if (errno != EINTR) return failure("give back room of");
    }
    return {};
  }
#endif

  Status failure(std::string_view what) const { return errno_status(errno, what, path_.native()); }

  template <typename F>
  Status repeat(std::string_view what, F&& call) const {
    while (call() != 0)
      if (errno != EINTR) return failure(what);
    return {};
  }

  const int descriptor_;
  const Path path_;
  const bool await_writer_;
};

int flags_of(OpenMode mode) {
  switch (mode) {
    case OpenMode::kRead:
    case OpenMode::kReadNoWait:
      return O_RDONLY;
    case OpenMode::kReadWrite:
      return O_RDWR;
    case OpenMode::kCreate:
      return O_RDWR | O_CREAT;
    case OpenMode::kCreateNew:
      return O_RDWR | O_CREAT | O_EXCL;
    case OpenMode::kTruncate:
      return O_RDWR | O_CREAT | O_TRUNC;
  }
  return O_RDONLY;
}

bool is_pipe(const Path& path) {
  struct stat raw;
  return ::stat(path.c_str(), &raw) == 0 && S_ISFIFO(raw.st_mode);
}

}  // namespace

FileInfo info_of(const struct stat& raw) {
  FileInfo info;
  info.type = type_of(raw.st_mode);
  info.size = static_cast<std::uint64_t>(raw.st_size);
  info.inode = static_cast<std::uint64_t>(raw.st_ino);
  info.device = static_cast<std::uint64_t>(raw.st_dev);
  info.links = static_cast<std::uint64_t>(raw.st_nlink);
  info.mode = static_cast<std::uint32_t>(raw.st_mode) & 07777;
#ifdef __APPLE__
  const timespec& modified = raw.st_mtimespec;
#else
  const timespec& modified = raw.st_mtim;
#endif
  info.mtime_ns = static_cast<std::int64_t>(modified.tv_sec) * 1'000'000'000 + modified.tv_nsec;
  return info;
}

Result<std::unique_ptr<File>> open_posix_file(const Path& path, OpenMode mode,
                                              std::uint32_t permissions) {
  const bool await_writer = mode == OpenMode::kReadNoWait && is_pipe(path);
  const int flags = flags_of(mode) | O_CLOEXEC | (await_writer ? O_NONBLOCK : 0);
  while (true) {
    const int descriptor = ::open(path.c_str(), flags, static_cast<mode_t>(permissions));
    if (descriptor < 0 && errno == EINTR) continue;
    if (descriptor < 0) return errno_status(errno, "open", path.native());
    if (await_writer) ::fcntl(descriptor, F_SETFL, flags & ~O_NONBLOCK);
    return std::make_unique<PosixFile>(descriptor, path, await_writer);
  }
}

}  // namespace hubdist::internal
