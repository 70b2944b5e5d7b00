#include <algorithm>
#include <array>
#include <random>

#include <hubdist/base/hex.h>
#include <hubdist/io/file.h>

namespace hubdist {
namespace {

constexpr std::size_t kReadStep = 64 * kKiB;
// A file name may have 255 bytes; what is beside the stem of a temporary name takes 26.
constexpr std::size_t kMaxStem = 220;
constexpr int kMaxNameTries = 16;

// 64 random bits: unlike a process id they differ between hosts that share a folder.
std::string random_suffix() {
  std::random_device source;
  std::array<std::byte, 8> bytes;
  for (std::byte& b : bytes) b = static_cast<std::byte>(source());
  return to_hex(bytes);
}

Status fill_and_rename(FileSystem& fs, TemporaryFile& temporary, const Path& path, ByteView content,
                       Durability durability) {
  HUBDIST_TRY(temporary.file->pwrite(content, 0));
  if (durability == Durability::kCrash) HUBDIST_TRY(temporary.file->sync());
  temporary.file.reset();
  return fs.rename(temporary.path, path);
}

bool is_missing(const Status& status) { return status.code() == StatusCode::kNotFound; }

Status remove_entry(FileSystem& fs, const Path& path, FileType type) {
  if (type == FileType::kDirectory) return remove_tree(fs, path);
  Status removed = fs.remove(path);
  return is_missing(removed) ? Status() : removed;
}

}  // namespace

bool exists(FileSystem& fs, const Path& path) { return fs.info(path).ok(); }

Status read_exactly(File& file, MutableBytes out, std::uint64_t offset) {
  HUBDIST_ASSIGN(const std::size_t count, file.pread(out, offset));
  if (count != out.size())
    return out_of_range(file.path().native(), " ends at ", offset + count, ", wanted bytes up to ",
                        offset + out.size());
  return {};
}

Result<std::string> read_file(FileSystem& fs, const Path& path, std::uint64_t limit) {
  HUBDIST_ASSIGN(const auto file, fs.open(path, OpenMode::kRead));
  HUBDIST_ASSIGN(const FileInfo info, file->info());
  if (info.type == FileType::kDirectory)
    return invalid_argument("read ", path.native(), ": it is a folder");
  std::string content;
  // The size is a hint only: files in /proc state 0.
  std::size_t step = static_cast<std::size_t>(std::min(info.size, limit)) + 1;
  while (true) {
    const std::size_t old_size = content.size();
    content.resize(old_size + step);
    HUBDIST_ASSIGN(
        const std::size_t count,
        file->pread(std::as_writable_bytes(std::span(content)).subspan(old_size), old_size));
    content.resize(old_size + count);
    if (content.size() > limit)
      return out_of_range("read ", path.native(), ": it is larger than ", limit, " bytes");
    if (count < step) return content;
    step = kReadStep;
  }
}

Result<TemporaryFile> make_temporary(FileSystem& fs, const Path& beside, std::uint32_t mode) {
  const std::string stem = beside.filename().native().substr(0, kMaxStem);
  for (int tries = 1;; ++tries) {
    Path path = beside.parent_path() / concat(".", stem, ".", random_suffix(), ".tmp");
    auto opened = fs.open(path, OpenMode::kCreateNew, mode);
    if (opened.ok()) return TemporaryFile{std::move(path), *std::move(opened)};
    if (opened.status().code() != StatusCode::kAlreadyExists || tries == kMaxNameTries)
      return opened.status();
  }
}

Status write_file_atomic(FileSystem& fs, const Path& path, ByteView content, Durability durability,
                         std::uint32_t mode) {
  HUBDIST_ASSIGN(TemporaryFile temporary, make_temporary(fs, path, mode));
  if (Status failed = fill_and_rename(fs, temporary, path, content, durability); !failed.ok()) {
    temporary.file.reset();
    fs.remove(temporary.path).IgnoreError();
    return failed;
  }
  if (durability == Durability::kCrash) return fs.sync_directory(path.parent_path());
  return {};
}

Status remove_tree(FileSystem& fs, const Path& folder) {
  const auto info = fs.link_info(folder);
  if (!info.ok()) return is_missing(info.status()) ? Status() : info.status();
  if (info->type == FileType::kDirectory) {
    const auto entries = fs.list(folder);
    if (!entries.ok()) return is_missing(entries.status()) ? Status() : entries.status();
    for (const DirectoryEntry& entry : *entries)
      HUBDIST_TRY(remove_entry(fs, folder / entry.name, entry.type));
  }
  Status removed = fs.remove(folder);
  return is_missing(removed) ? Status() : removed;
}

}  // namespace hubdist
