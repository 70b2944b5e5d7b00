#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <memory>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "io/internal/posix_file.h"

namespace hubdist {
namespace {

Status failure(std::string_view what, const Path& path) {
  return errno_status(errno, what, path.native());
}

Status failure(std::string_view what, const Path& from, const Path& to) {
  return errno_status(errno, what, concat(from.native(), " to ", to.native()));
}

FileType type_of(const dirent& entry, int folder) {
  switch (entry.d_type) {
    case DT_REG:
      return FileType::kFile;
    case DT_DIR:
      return FileType::kDirectory;
    case DT_LNK:
      return FileType::kSymlink;
    case DT_FIFO:
      return FileType::kPipe;
    case DT_UNKNOWN:
      break;
    default:
      return FileType::kOther;
  }
  struct stat raw;
  if (::fstatat(folder, entry.d_name, &raw, AT_SYMLINK_NOFOLLOW) != 0) return FileType::kOther;
  return internal::info_of(raw).type;
}

struct CloseFolder {
  void operator()(DIR* folder) const { ::closedir(folder); }
};

bool is_folder(const Path& path) {
  struct stat raw;
  return ::stat(path.c_str(), &raw) == 0 && S_ISDIR(raw.st_mode);
}

class PosixFileSystem final : public FileSystem {
 public:
  Result<std::unique_ptr<File>> open(const Path& path, OpenMode open_mode,
                                     std::uint32_t mode) override {
    return internal::open_posix_file(path, open_mode, mode);
  }

  Result<FileInfo> info(const Path& path) override {
    struct stat raw;
    if (::stat(path.c_str(), &raw) != 0) return failure("stat", path);
    return internal::info_of(raw);
  }

  Result<FileInfo> link_info(const Path& path) override {
    struct stat raw;
    if (::lstat(path.c_str(), &raw) != 0) return failure("stat", path);
    return internal::info_of(raw);
  }

  Result<std::vector<DirectoryEntry>> list(const Path& folder) override {
    const std::unique_ptr<DIR, CloseFolder> open_folder(::opendir(folder.c_str()));
    if (!open_folder) return failure("list", folder);
    std::vector<DirectoryEntry> entries;
    while (true) {
      errno = 0;
      const dirent* entry = ::readdir(open_folder.get());
      if (!entry && errno != 0) return failure("list", folder);
      if (!entry) break;
      const std::string_view name = entry->d_name;
      if (name == "." || name == "..") continue;
      entries.push_back({std::string(name), type_of(*entry, ::dirfd(open_folder.get()))});
    }
    std::sort(entries.begin(), entries.end(),
              [](const auto& a, const auto& b) { return a.name < b.name; });
    return entries;
  }

  Status make_directories(const Path& folder, std::uint32_t mode) override {
    if (folder.empty() || is_folder(folder)) return {};
    if (::mkdir(folder.c_str(), static_cast<mode_t>(mode)) == 0) return {};
    if (errno == ENOENT && folder.has_parent_path() && folder.parent_path() != folder) {
      HUBDIST_TRY(make_directories(folder.parent_path(), mode));
      if (::mkdir(folder.c_str(), static_cast<mode_t>(mode)) == 0) return {};
    }
    const int error = errno;
    if (error == EEXIST && is_folder(folder)) return {};  // another process made it meanwhile
    return errno_status(error, "make folder", folder.native());
  }

  Status rename(const Path& from, const Path& to) override {
    if (::rename(from.c_str(), to.c_str()) != 0) return failure("rename", from, to);
    return {};
  }

  Status remove(const Path& path) override {
    if (std::remove(path.c_str()) != 0) return failure("remove", path);
    return {};
  }

  Status make_symlink(const std::string& target, const Path& link) override {
    if (::symlink(target.c_str(), link.c_str()) != 0) return failure("make symlink", link);
    return {};
  }

  Result<std::string> read_symlink(const Path& link) override {
    std::string target(256, '\0');
    while (true) {
      const ssize_t n = ::readlink(link.c_str(), target.data(), target.size());
      if (n < 0) return failure("read symlink", link);
      if (static_cast<std::size_t>(n) < target.size()) {
        target.resize(static_cast<std::size_t>(n));
        return target;
      }
      target.resize(target.size() * 2);  // it may have been cut
    }
  }

  Status make_hard_link(const Path& existing, const Path& link) override {
    if (::link(existing.c_str(), link.c_str()) != 0) return failure("link", existing, link);
    return {};
  }

  Status copy(const Path& from, const Path& to) override {
    HUBDIST_ASSIGN(const auto source, open(from, OpenMode::kRead, 0));
    HUBDIST_ASSIGN(const FileInfo source_info, source->info());
    HUBDIST_ASSIGN(auto target, open(to, OpenMode::kCreateNew, source_info.mode & 0777));
    const Status copied = internal::copy_content(*source, *target);
    if (!copied.ok()) ::unlink(to.c_str());
    return copied;
  }

  Status sync_directory(const Path& folder) override {
    const Path named = folder.empty() ? Path(".") : folder;
    const int descriptor = ::open(named.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0) return failure("open", named);
    Status synced;
    // Some network file systems refuse to sync a folder; they order renames themselves.
    if (::fsync(descriptor) != 0 && errno != EINVAL && errno != EROFS)
      synced = failure("sync", named);
    ::close(descriptor);
    return synced;
  }

  Status set_mode(const Path& path, std::uint32_t mode) override {
    if (::chmod(path.c_str(), static_cast<mode_t>(mode)) != 0) return failure("chmod", path);
    return {};
  }

  Result<std::uint64_t> free_space(const Path& path) override {
    Path nearest = path.empty() ? Path(".") : path;
    struct statvfs raw;
    while (::statvfs(nearest.c_str(), &raw) != 0) {
      if (errno != ENOENT && errno != ENOTDIR) return failure("statvfs", nearest);
      const Path parent = nearest.has_parent_path() ? nearest.parent_path() : Path(".");
      if (parent == nearest) return failure("statvfs", nearest);
      nearest = parent;
    }
    return static_cast<std::uint64_t>(raw.f_bavail) * raw.f_frsize;
  }
};

}  // namespace

FileSystem& posix_file_system() {
  static auto* instance = new PosixFileSystem;  // outlives every static that may still use it
  return *instance;
}

}  // namespace hubdist
