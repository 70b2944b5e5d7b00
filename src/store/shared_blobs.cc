#include "store/internal/shared_blobs.h"

#include "store/internal/temporary_name.h"
#include <hubdist/base/log.h>
#include <hubdist/core/merkle.h>
#include <hubdist/store/file_lock.h>

namespace hubdist::internal {
namespace {

constexpr std::string_view kMarkerName = ".huggingface-shared-blobs";
constexpr std::string_view kMarker = "1\n";
// Links and locks are shared by all users of the cache.
constexpr std::uint32_t kSharedMode = 0666;

bool is_shared_store(FileSystem& fs, const Path& folder) {
  const auto info = fs.link_info(folder);
  if (!info.ok() || info->type != FileType::kDirectory) return false;
  const Path marker = folder / kMarkerName;
  const auto marker_info = fs.link_info(marker);
  if (!marker_info.ok() || marker_info->type != FileType::kFile) return false;
  const auto text = read_file(fs, marker, kMarker.size());
  return text.ok() && *text == kMarker;
}

bool is_regular(FileSystem& fs, const Path& path) {
  const auto info = fs.link_info(path);
  return info.ok() && info->type == FileType::kFile;
}

// Refuses a planted symlink: the file is written through.
Result<std::unique_ptr<File>> open_shared(FileSystem& fs, const Path& path) {
  auto made = fs.open(path, OpenMode::kCreateNew, kSharedMode);
  if (made.ok()) {
    (void)fs.set_mode(path, kSharedMode);
    return made;
  }
  if (!is_regular(fs, path)) return failed_precondition(path.native(), " is not a regular file");
  return fs.open(path, OpenMode::kReadWrite);
}

Status add_reference(FileSystem& fs, const Path& manifest, const std::string& line) {
  HUBDIST_ASSIGN(const auto file, open_shared(fs, manifest));
  HUBDIST_ASSIGN(const FileInfo info, file->info());
  HUBDIST_TRY(file->pwrite(as_bytes(line), info.size));
  return file->sync();
}

Status make_link(FileSystem& fs, const Path& root, const Path& link, const Path& blob) {
  const Path temporary = temporary_beside(link);
  const Path target = blob.lexically_relative(link.parent_path());
  HUBDIST_TRY(fs.make_symlink(target.native(), temporary));
  const std::string line = link.lexically_relative(root).generic_string() + '\n';
  Status made = add_reference(fs, Path(blob.native() + ".refs"), line);
  if (made.ok()) made = fs.rename(temporary, link);
  if (!made.ok()) (void)fs.remove(temporary);
  return made;
}

}  // namespace

Result<bool> link_shared_blob(FileSystem& fs, const Path& root, const Path& link,
                              const XetHash& xet, std::uint64_t size) {
  const Path folder = root / "blobs";
  const std::string name = xet_hex(xet);
  const Path blob = folder / name.substr(0, 2) / name;
  if (!is_regular(fs, blob) || !is_shared_store(fs, folder)) return false;
  const Path lock_path = blob.native() + ".lock";
  auto made = open_shared(fs, lock_path);
  if (!made.ok()) return false;
  made->reset();
  // Not waited for: whoever holds it collects or publishes this very blob.
  auto lock = FileLock::try_acquire(fs, lock_path);
  if (!lock.ok() || !*lock) return false;
  const auto info = fs.link_info(blob);
  if (!info.ok() || info->type != FileType::kFile || info->size != size) return false;
  if (!fs.open(blob, OpenMode::kRead).ok()) return false;
  if (const Status linked = make_link(fs, root, link, blob); !linked.ok()) {
    log(LogLevel::kDebug, "cannot use the shared blob ", blob.native(), ": ", message(linked));
    return false;
  }
  return true;
}

}  // namespace hubdist::internal
