// File locks that the Python clients of the hubs honour as well.
#pragma once

#include <memory>
#include <optional>
#include <stop_token>

#include <hubdist/base/clock.h>
#include <hubdist/io/file.h>

namespace hubdist {

// An exclusive lock on a path, as Python's `filelock` takes it: flock on the file, which stays
// where it is afterwards; and where the file system refuses flock, a file that exists or not
// (O_EXCL, holding "<pid>\n<host>\n", unlinked on release).
//
// Held until destroyed, against other processes and other threads alike. Movable; the functions may
// be called by many threads, one object belongs to one thread at a time.
class FileLock {
 public:
  // Waits for the lock, trying about twenty times a second, so that a stop request ends the wait
  // with Cancelled. Makes the file (mode 0664, so that users of a shared cache can wait for each
  // other) and its folder. A message at level info says every 10 s what is waited for.
  static Result<FileLock> acquire(FileSystem& fs, const Path& path, std::stop_token stop = {});
  // One try: nothing when somebody else holds the lock.
  static Result<std::optional<FileLock>> try_acquire(FileSystem& fs, const Path& path);

  FileLock(FileLock&& other) noexcept;
  FileLock& operator=(FileLock&& other) noexcept;
  ~FileLock();

  const Path& path() const { return path_; }
  // Whether the file system refused flock.
  bool soft() const { return file_ == nullptr; }

 private:
  FileLock(FileSystem& fs, Path path, std::unique_ptr<File> file);
  void release();

  FileSystem* fs_ = nullptr;  // null: moved from
  Path path_;
  std::unique_ptr<File> file_;  // null: a soft lock
};

}  // namespace hubdist
