#include "client/internal/destination.h"

namespace hubdist::internal {
namespace {

constexpr std::size_t kReadAtOnce = 256 * kKiB;

class LocalDestination final : public Destination {
 public:
  LocalDestination(FileSystem& fs, Path root, std::string commit, const HfCache* cache, Repo repo)
      : fs_(fs),
        dir_(fs, std::move(root)),
        commit_(std::move(commit)),
        cache_(cache),
        repo_(std::move(repo)) {}

  // A repository must not write the folder's own bookkeeping.
  Status check(const FileEntry& file) const override {
    HUBDIST_TRY(check_relative_path(file.path));
    if (!file.path.starts_with(".cache/huggingface/")) return {};
    return invalid_argument("the file ", file.path,
                            " would lie among the notes that a local folder keeps of its files");
  }
  Status prepare() override { return dir_.prepare(); }
  Path path_of(const FileEntry& file) const override { return dir_.file_path(file.path); }
  Path lock_path(const FileEntry& file) const override { return dir_.lock_path(file.path); }
  PartialPaths partial_paths(const FileEntry& file) const override {
    return dir_.partial_paths(file.path, file.etag);
  }
  bool has(const FileEntry& file) const override {
    const auto known = dir_.metadata(file);
    return known && !file.etag.empty() && known->etag == file.etag && known->commit == commit_;
  }

  bool is_near(const FileEntry& file) const override {
    const auto info = fs_.info(path_of(file));
    return info.ok() && info->size == file.size;
  }

  Result<bool> adopt(const FileEntry& file, std::stop_token stop) override {
    if (file.etag.empty()) return false;
    const auto known = dir_.metadata(file);
    bool same = known && known->etag == file.etag;
    if (!known) {
      HUBDIST_ASSIGN(same, is_content(fs_, path_of(file), file, stop));
    }
    if (same) {
      PartialFile::remove_files(fs_, partial_paths(file));
      HUBDIST_TRY(dir_.write_metadata(file.path, commit_, file.etag));
      return true;
    }
    return copy_from_cache(file, stop);
  }

  Status publish(PartialFile& partial, const FileEntry& file) override {
    HUBDIST_TRY(partial.publish(path_of(file)).status());
    return dir_.write_metadata(file.path, commit_, file.etag);
  }

  Status duplicate(const FileEntry& there, const FileEntry& file, std::stop_token stop) override {
    return copy_here(path_of(there), file, stop);
  }

 private:
  Status copy_here(const Path& from, const FileEntry& file, std::stop_token stop) {
    const Path temporary = partial_paths(file).part;
    HUBDIST_TRY(fs_.make_directories(temporary.parent_path()));
    HUBDIST_TRY(fs_.make_directories(path_of(file).parent_path()));
    PartialFile::remove_files(fs_, partial_paths(file));
    HUBDIST_TRY(fs_.copy(from, temporary, stop));
    HUBDIST_TRY(fs_.rename(temporary, path_of(file)));
    return dir_.write_metadata(file.path, commit_, file.etag);
  }

  Result<bool> copy_from_cache(const FileEntry& file, std::stop_token stop) {
    if (!cache_ || !cache_->has_blob(repo_, file)) return false;
    const Path blob = cache_->blob_path(repo_, file.etag);
    HUBDIST_ASSIGN(const bool same, is_content(fs_, blob, file, stop));
    if (!same) return false;
    HUBDIST_TRY(copy_here(blob, file, stop));
    return true;
  }

  FileSystem& fs_;
  LocalDir dir_;
  const std::string commit_;
  const HfCache* cache_;
  const Repo repo_;
};

}  // namespace

std::unique_ptr<Destination> make_local_destination(FileSystem& fs, Path root, std::string commit,
                                                    const HfCache* cache, Repo repo) {
  return std::make_unique<LocalDestination>(fs, std::move(root), std::move(commit), cache,
                                            std::move(repo));
}

Result<bool> is_content(FileSystem& fs, const Path& path, const FileEntry& file,
                        std::stop_token stop) {
  const auto info = fs.info(path);
  if (!info.ok() || info->type != FileType::kFile || info->size != file.size) return false;
  IdentityHasher hasher(file.identity, file.size);
  if (!hasher.proves()) return false;
  HUBDIST_ASSIGN(const auto opened, fs.open(path, OpenMode::kRead));
  Bytes buffer(kReadAtOnce);
  for (std::uint64_t at = 0; at < file.size;) {
    if (stop.stop_requested()) return cancelled("stopped while hashing ", path.native());
    HUBDIST_ASSIGN(const std::size_t count, opened->pread(buffer, at));
    if (count == 0) return false;
    hasher.update(ByteView(buffer).first(count));
    at += count;
  }
  return hasher.finish().ok();
}

}  // namespace hubdist::internal
