// Files: the only seam between hubdist and the operating system's file calls.
//
// Everything that touches a file system goes through FileSystem, so that tests can wrap it: to fail
// (a full disk at any byte), and to record (what was written, renamed and synced, in order).
// All paths are taken as bytes. Functions are thread-safe unless said otherwise; every error names
// the operation and the path and carries Detail::kErrno.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include <sys/types.h>

#include <hubdist/base/bytes.h>
#include <hubdist/base/clock.h>

namespace hubdist {

using Path = std::filesystem::path;

enum class FileType { kFile, kDirectory, kSymlink, kPipe, kOther };

struct FileInfo {
  FileType type = FileType::kFile;
  std::uint64_t size = 0;
  std::uint64_t inode = 0;
  std::uint64_t device = 0;
  std::uint64_t links = 0;
  std::uint32_t mode = 0;  // permission bits
  std::int64_t mtime_ns = 0;
  // Whether size, mtime and inode are as they were: the cheap proof that nobody edited the file.
  bool same_content(const FileInfo& o) const {
    return size == o.size && inode == o.inode && device == o.device && mtime_ns == o.mtime_ns;
  }
};

enum class OpenMode {
  kRead,        // must exist
  kReadNoWait,  // kRead, but a named pipe opens before anyone writes to it: read() waits for that
  kReadWrite,   // must exist
  kCreate,      // read and write, made if missing, kept if there
  kCreateNew,   // read and write, AlreadyExists if there
  kTruncate,    // read and write, made or emptied
};

// An open file; closed by its destructor. pread and pwrite may be called by many threads at once.
class File {
 public:
  virtual ~File() = default;
  // Reads up to out.size() bytes at `offset`; fewer only at the end of the file.
  virtual Result<std::size_t> pread(MutableBytes out, std::uint64_t offset) = 0;
  // Reads up to out.size() bytes (at least one) from where the last read() ended: the way to read a
  // pipe. 0 at the end. Waits for bytes; for one thread at a time.
  virtual Result<std::size_t> read(MutableBytes out) = 0;
  // Writes all of `bytes` at `offset`, or fails (a part may be written).
  virtual Status pwrite(ByteView bytes, std::uint64_t offset) = 0;
  virtual Status truncate(std::uint64_t size) = 0;
  // Reserves room for [0, size) without changing the visible size; OK where not supported.
  virtual Status reserve(std::uint64_t size) = 0;
  // Gives back the room that [begin, end) takes; the visible size stays, and what was visible of
  // the range reads as zeros. OK where not supported.
  virtual Status release(ByteRange range) = 0;
  virtual Status sync() = 0;
  virtual Result<FileInfo> info() = 0;
  // flock, exclusive, without waiting: false when another process holds it. Unimplemented where
  // the file system refuses flock. Released by unlock() or by closing.
  virtual Result<bool> try_lock() = 0;
  virtual void unlock() = 0;
  virtual int descriptor() const = 0;
  virtual const Path& path() const = 0;
};

struct DirectoryEntry {
  std::string name;
  FileType type;
};

class FileSystem {
 public:
  virtual ~FileSystem() = default;
  // `mode`: permission bits of a new file, before the umask.
  virtual Result<std::unique_ptr<File>> open(const Path& path, OpenMode open_mode,
                                             std::uint32_t mode = 0666) = 0;
  virtual Result<FileInfo> info(const Path& path) = 0;                       // follows symlinks
  virtual Result<FileInfo> link_info(const Path& path) = 0;                  // does not
  virtual Result<std::vector<DirectoryEntry>> list(const Path& folder) = 0;  // sorted by name
  virtual Status make_directories(const Path& folder, std::uint32_t mode = 0777) = 0;
  virtual Status rename(const Path& from, const Path& to) = 0;  // replaces `to`
  virtual Status remove(const Path& path) = 0;                  // a file, link or empty folder
  virtual Status make_symlink(const std::string& target, const Path& link) = 0;
  virtual Result<std::string> read_symlink(const Path& link) = 0;
  virtual Status make_hard_link(const Path& existing, const Path& link) = 0;
  // Copies a file's content to a new file, sharing extents (reflink) where the file system can.
  // Stopped, it leaves with Cancelled within some 10 ms. A copy that fails leaves no new file.
  virtual Status copy(const Path& from, const Path& to, std::stop_token stop = {}) = 0;
  virtual Status sync_directory(const Path& folder) = 0;
  virtual Status set_mode(const Path& path, std::uint32_t mode) = 0;
  // Bytes that an unprivileged user may still write where `path` (or its nearest parent) lies.
  virtual Result<std::uint64_t> free_space(const Path& path) = 0;
};

// The operating system's own; lives for ever.
FileSystem& posix_file_system();

// --- Conveniences over the seam -----------------------------------------------------------------

bool exists(FileSystem& fs, const Path& path);
// Reads exactly out.size() bytes at `offset`, else OutOfRange.
Status read_exactly(File& file, MutableBytes out, std::uint64_t offset);
// A whole file of at most `limit` bytes.
Result<std::string> read_file(FileSystem& fs, const Path& path, std::uint64_t limit);
// A new, empty file with a name of its own (".{name}.{random}.tmp") in the folder of `beside`.
struct TemporaryFile {
  Path path;
  std::unique_ptr<File> file;
};
Result<TemporaryFile> make_temporary(FileSystem& fs, const Path& beside, std::uint32_t mode = 0666);
enum class Durability { kProcess, kCrash };  // kCrash: file and folder are synced
// Writes a temporary beside `path` and renames it over: readers see the old or the new content.
// `mode`: permission bits before the umask, from the first moment (0600 for a secret is never
// wider).
Status write_file_atomic(FileSystem& fs, const Path& path, ByteView content,
                         Durability durability = Durability::kProcess, std::uint32_t mode = 0666);
Status remove_tree(FileSystem& fs, const Path& folder);

}  // namespace hubdist
