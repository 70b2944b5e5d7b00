#include "client/internal/destination.h"

namespace hubdist::internal {
namespace {

class CacheDestination final : public Destination {
 public:
  CacheDestination(HfCache& cache, FileSystem& fs, Repo repo, std::string commit)
      : cache_(cache), fs_(fs), repo_(std::move(repo)), commit_(std::move(commit)) {}

  Status check(const FileEntry& file) const override {
    HUBDIST_TRY(check_blob_name(file.etag));
    return check_relative_path(file.path);
  }
  // The snapshot's folder comes first: a ref without one counts as corrupt.
  Status prepare() override {
    HUBDIST_TRY(cache_.prepare());
    return fs_.make_directories(cache_.snapshot_path(repo_, commit_));
  }
  Path path_of(const FileEntry& file) const override {
    return cache_.pointer_path(repo_, commit_, file.path);
  }
  Path lock_path(const FileEntry& file) const override {
    return cache_.lock_path(repo_, file.etag);
  }
  PartialPaths partial_paths(const FileEntry& file) const override {
    return cache_.partial_paths(repo_, file.etag);
  }
  bool has(const FileEntry& file) const override { return cache_.has_file(repo_, commit_, file); }

  bool is_near(const FileEntry& file) const override { return cache_.has_blob(repo_, file); }

  Result<bool> adopt(const FileEntry& file, std::stop_token stop) override {
    if (!cache_.has_blob(repo_, file)) {
      HUBDIST_ASSIGN(const bool shared, cache_.adopt_shared_blob(repo_, file));
      if (!shared) return false;
    }
    HUBDIST_TRY(cache_.link_file(repo_, commit_, file, false, stop));
    cache_.remove_leftovers(repo_, file.etag);
    return true;
  }

  Status publish(PartialFile& partial, const FileEntry& file) override {
    HUBDIST_TRY(partial.publish(cache_.blob_path(repo_, file.etag)).status());
    return cache_.link_file(repo_, commit_, file, true);
  }

  Status duplicate(const FileEntry& there, const FileEntry& file, std::stop_token stop) override {
    if (cache_.has_blob(repo_, file)) return cache_.link_file(repo_, commit_, file, false, stop);
    // Without symlinks the blob was moved into the snapshot.
    const Path target = path_of(file);
    HUBDIST_TRY(fs_.make_directories(target.parent_path()));
    (void)fs_.remove(target);
    return fs_.copy(path_of(there), target, stop);
  }

 private:
  HfCache& cache_;
  FileSystem& fs_;
  const Repo repo_;
  const std::string commit_;
};

}  // namespace

std::unique_ptr<Destination> make_cache_destination(HfCache& cache, FileSystem& fs, Repo repo,
                                                    std::string commit) {
  return std::make_unique<CacheDestination>(cache, fs, std::move(repo), std::move(commit));
}

}  // namespace hubdist::internal
