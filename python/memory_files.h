// Buffers that are read like files.
#pragma once

#include <map>
#include <memory>

#include <hubdist/io/file.h>

namespace hubdist::python {

// The machine's files, and contents in memory beside them at paths that no file can have. The
// contents are borrowed. Contents are added before others use it; then it is thread-safe.
class MemoryFiles final : public FileSystem {
 public:
  // The path under which `bytes` are read; its last part is the last part of `name`.
  Path add(ByteView bytes, const std::string& name);

  Result<std::unique_ptr<File>> open(const Path& path, OpenMode open_mode,
                                     std::uint32_t mode) override;
  Result<FileInfo> info(const Path& path) override;
  Result<FileInfo> link_info(const Path& path) override;
  Result<std::vector<DirectoryEntry>> list(const Path& folder) override;
  Status make_directories(const Path& folder, std::uint32_t mode) override;
  Status rename(const Path& from, const Path& to) override;
  Status remove(const Path& path) override;
  Status make_symlink(const std::string& target, const Path& link) override;
  Result<std::string> read_symlink(const Path& link) override;
  Status make_hard_link(const Path& existing, const Path& link) override;
  Status copy(const Path& from, const Path& to) override;
  Status sync_directory(const Path& folder) override;
  Status set_mode(const Path& path, std::uint32_t mode) override;
  Result<std::uint64_t> free_space(const Path& path) override;

 private:
  FileSystem& disk_ = posix_file_system();
  std::map<Path, ByteView> contents_;
};

}  // namespace hubdist::python
