#include <algorithm>
#include <array>
#include <atomic>
#include <mutex>
#include <random>
#include <set>

#include <unistd.h>

#include <hubdist/base/log.h>
#include <hubdist/core/hash.h>
#include <hubdist/io/executor.h>
#include <hubdist/store/file_lock.h>
#include <hubdist/store/object_store.h>

namespace hubdist {

namespace {

constexpr std::string_view kTemporaryFolder = ".tmp";
constexpr std::string_view kLockFile = ".lock";
constexpr std::chrono::hours kTemporaryLife{24};
constexpr std::size_t kSyncThreads = 16;

bool is_missing(const Status& status) { return status.code() == StatusCode::kNotFound; }

std::string random_name() {
  std::random_device source;
  std::array<std::byte, 16> bytes;
  for (std::byte& b : bytes) b = static_cast<std::byte>(source());
  return to_hex(bytes);
}

Status missing(std::string_view key) { return not_found("there is no object ", key); }

class FolderReader final : public ObjectReader {
 public:
  FolderReader(std::shared_ptr<File> file, std::uint64_t size)
      : file_(std::move(file)), size_(size) {}
  std::uint64_t size() const override { return size_; }
  Result<std::size_t> read(MutableBytes out, std::uint64_t offset) override {
    return file_->pread(out, offset);
  }
  std::shared_ptr<File> file() const override { return file_; }

 private:
  std::shared_ptr<File> file_;
  std::uint64_t size_;
};

class FolderStore final : public ObjectStore {
 public:
  FolderStore(FileSystem& fs, Path root) : fs_(fs), root_(std::move(root)) {}

  Status prepare();
  Result<StoredObject> head(std::string_view key) override;
  Result<std::unique_ptr<ObjectReader>> open(std::string_view key) override;
  Result<VersionedObject> get(std::string_view key, std::uint64_t limit) override;
  Status put(std::string_view key, ByteView content) override;
  Status put_all(std::span<const NewObject> objects) override;
  Result<std::unique_ptr<ObjectWriter>> create(std::string_view key) override;
  Status settle(std::span<const std::string> keys) override;
  Result<std::string> put_if(std::string_view key, ByteView content,
                             const std::optional<std::string>& expected) override;
  Status remove(std::string_view key) override;
  Path folder() const override { return root_; }
  Result<ObjectPage> list(std::string_view prefix, std::string_view after,
                          std::size_t limit) override;

  // Makes a written and synced temporary the object `key`, durably.
  Status publish(const Path& temporary, std::string_view key);
  // Unless there is one: AlreadyExists.
  Status publish_new(const Path& temporary, std::string_view key);
  FileSystem& fs() { return fs_; }

 private:
  struct Walk {
    std::string_view prefix;
    std::string_view after;
    std::size_t limit;
    ObjectPage page;
    bool full() const { return page.objects.size() >= limit; }
  };

  Path path_of(std::string_view key) const { return root_ / Path(key); }
  // Renames a synced temporary to its key; durable once the folder is synced, too.
  Status place(const Path& temporary, std::string_view key);
  Status write_temporary(const Path& temporary, std::string_view content);
  // A name that no other writer uses, in this process or another.
  Path new_temporary();
  // Makes the root and what is above it, and their names durable.
  Status make_root();
  // Makes a folder and what is above it, up to the root, and the names of all of them durable.
  Status make_folder(const Path& folder);
  Status sync_folders(const std::set<Path>& folders);
  void remove_old_temporaries();
  Status walk_folder(const std::string& folder_key, Walk& walk);
  Status walk_entry(const std::string& key, FileType type, Walk& walk);

  FileSystem& fs_;
  const Path root_;
  const std::string writer_ = random_name();  // drawn once: the system's randomness is slow
  std::atomic<std::uint64_t> temporaries_ = 0;
  std::mutex mutex_;
  std::set<Path> durable_folders_;
  std::mutex swap_mutex_;  // before the file lock, which other threads would have to poll for
};

class FolderWriter final : public ObjectWriter {
 public:
  FolderWriter(FolderStore& store, std::string key, Path temporary, std::unique_ptr<File> file)
      : store_(store),
        key_(std::move(key)),
        temporary_(std::move(temporary)),
        file_(std::move(file)) {}
  FolderWriter(const FolderWriter&) = delete;
  FolderWriter& operator=(const FolderWriter&) = delete;
  ~FolderWriter() override {
    file_.reset();
    if (!published_) store_.fs().remove(temporary_).IgnoreError();
  }
  Status write(ByteView bytes) override {
    HUBDIST_TRY(file_->pwrite(bytes, size_));
    size_ += bytes.size();
    return {};
  }
  Status finish() override {
    HUBDIST_TRY(file_->sync());
    HUBDIST_TRY(store_.publish(temporary_, key_));
    published_ = true;
    return {};
  }
  Status finish_new() override {
    HUBDIST_TRY(file_->sync());
    HUBDIST_TRY(store_.publish_new(temporary_, key_));
    published_ = true;
    return {};
  }

 private:
  FolderStore& store_;
  const std::string key_;
  const Path temporary_;
  std::unique_ptr<File> file_;
  std::uint64_t size_ = 0;
  bool published_ = false;
};

Status FolderStore::make_root() {
  const bool was_there = exists(fs_, root_);
  Path highest = root_;  // of those that are made here
  while (!was_there && highest.parent_path().has_relative_path() &&
         !exists(fs_, highest.parent_path()))
    highest = highest.parent_path();
  HUBDIST_TRY(fs_.make_directories(root_, 0700));
  // Also for a root that is there: who made it may have been killed before its name was durable.
  for (Path made = root_;; made = made.parent_path()) {
    const Status synced = fs_.sync_directory(made.parent_path());
    if (!was_there) HUBDIST_TRY(synced);  // else its parent may be one that we cannot open
    if (made == highest) return {};
  }
}

Status FolderStore::prepare() {
  HUBDIST_TRY(make_root());
  HUBDIST_TRY(fs_.make_directories(root_ / kTemporaryFolder, 0700));
  remove_old_temporaries();
  return {};
}

void FolderStore::remove_old_temporaries() {
  const auto entries = fs_.list(root_ / kTemporaryFolder);
  if (!entries.ok()) return;
  const std::int64_t oldest =
      std::chrono::nanoseconds((system_clock().wall_time() - kTemporaryLife).time_since_epoch())
          .count();
  for (const DirectoryEntry& entry : *entries) {
    const Path path = root_ / kTemporaryFolder / entry.name;
    const auto info = fs_.link_info(path);
    if (info.ok() && info->mtime_ns < oldest) fs_.remove(path).IgnoreError();
  }
}

Result<StoredObject> FolderStore::head(std::string_view key) {
  HUBDIST_TRY(check_object_key(key));
  const auto info = fs_.info(path_of(key));
  if (!info.ok()) return is_missing(info.status()) ? missing(key) : info.status();
  if (info->type != FileType::kFile) return missing(key);
  return StoredObject{std::string(key), info->size};
}

Result<std::unique_ptr<ObjectReader>> FolderStore::open(std::string_view key) {
  HUBDIST_TRY(check_object_key(key));
  auto opened = fs_.open(path_of(key), OpenMode::kRead);
  if (!opened.ok()) return is_missing(opened.status()) ? missing(key) : opened.status();
  std::shared_ptr<File> file = *std::move(opened);
  HUBDIST_ASSIGN(const FileInfo info, file->info());
  if (info.type != FileType::kFile) return missing(key);
  return std::make_unique<FolderReader>(std::move(file), info.size);
}

Result<VersionedObject> FolderStore::get(std::string_view key, std::uint64_t limit) {
  HUBDIST_ASSIGN(const auto reader, open(key));
  if (reader->size() > limit)
    return out_of_range("object ", key, " has ", reader->size(), " bytes, at most ", limit,
                        " were expected");
  VersionedObject object;
  object.content.resize(static_cast<std::size_t>(reader->size()));
  HUBDIST_TRY(read_exactly(*reader->file(), std::as_writable_bytes(std::span(object.content)), 0));
  object.version = sha256(as_bytes(object.content)).hex();
  return object;
}

Status FolderStore::put(std::string_view key, ByteView content) {
  HUBDIST_ASSIGN(const auto writer, create(key));
  HUBDIST_TRY(writer->write(content));
  return writer->finish();
}

Result<std::unique_ptr<ObjectWriter>> FolderStore::create(std::string_view key) {
  HUBDIST_TRY(check_object_key(key));
  Path temporary = new_temporary();
  HUBDIST_ASSIGN(auto file, fs_.open(temporary, OpenMode::kCreateNew));
  return std::make_unique<FolderWriter>(*this, std::string(key), std::move(temporary),
                                        std::move(file));
}

Path FolderStore::new_temporary() {
  return root_ / kTemporaryFolder / concat(writer_, '-', ::getpid(), '-', ++temporaries_);
}

Status FolderStore::place(const Path& temporary, std::string_view key) {
  const Path path = path_of(key);
  HUBDIST_TRY(make_folder(path.parent_path()));
  return fs_.rename(temporary, path);
}

Status FolderStore::publish(const Path& temporary, std::string_view key) {
  HUBDIST_TRY(place(temporary, key));
  return fs_.sync_directory(path_of(key).parent_path());
}

Status FolderStore::publish_new(const Path& temporary, std::string_view key) {
  HUBDIST_TRY(make_folder(path_of(key).parent_path()));  // syncs, so before the locks
  {
    const std::lock_guard mine(swap_mutex_);
    HUBDIST_ASSIGN(const FileLock lock, FileLock::acquire(fs_, root_ / kLockFile));
    const auto known = head(key);
    if (known.ok()) return already_exists("there is an object ", key);
    if (!is_missing(known.status())) return known.status();
    HUBDIST_TRY(place(temporary, key));
  }
  return fs_.sync_directory(path_of(key).parent_path());
}

Status FolderStore::write_temporary(const Path& temporary, std::string_view content) {
  HUBDIST_ASSIGN(const auto file, fs_.open(temporary, OpenMode::kCreateNew));
  HUBDIST_TRY(file->pwrite(as_bytes(content), 0));
  return file->sync();
}

// Syncing takes the time, and a file system does many at once for little more than one.
Status FolderStore::put_all(std::span<const NewObject> objects) {
  if (objects.size() < 2) return ObjectStore::put_all(objects);
  for (const NewObject& object : objects) HUBDIST_TRY(check_object_key(object.key));
  std::vector<Path> temporaries;
  for (std::size_t i = 0; i < objects.size(); ++i) temporaries.push_back(new_temporary());
  std::set<Path> folders;
  Executor executor(std::min(objects.size(), kSyncThreads));
  TaskGroup writes(executor);
  for (std::size_t i = 0; i < objects.size(); ++i)
    writes.run([&, i](const std::stop_token&) {
      return write_temporary(temporaries[i], objects[i].content);
    });
  Status status = writes.wait();
  for (std::size_t i = 0; i < objects.size() && status.ok(); ++i) {
    status = place(temporaries[i], objects[i].key);
    if (!status.ok()) break;
    folders.insert(path_of(objects[i].key).parent_path());
    temporaries[i].clear();
  }
  for (const Path& temporary : temporaries)
    if (!temporary.empty()) fs_.remove(temporary).IgnoreError();
  HUBDIST_TRY(status);
  return sync_folders(folders);
}

Status FolderStore::sync_folders(const std::set<Path>& folders) {
  if (folders.size() == 1) return fs_.sync_directory(*folders.begin());
  Executor executor(std::clamp<std::size_t>(folders.size(), 1, kSyncThreads));
  TaskGroup syncs(executor);
  for (const Path& folder : folders)
    syncs.run([&](const std::stop_token&) { return fs_.sync_directory(folder); });
  return syncs.wait();
}

// An object's content is durable before it has its name.
Status FolderStore::settle(std::span<const std::string> keys) {
  std::set<Path> folders;
  for (const std::string& key : keys) {
    HUBDIST_TRY(check_object_key(key));
    if (folders.insert(path_of(key).parent_path()).second)
      HUBDIST_TRY(make_folder(path_of(key).parent_path()));
  }
  return folders.empty() ? Status() : sync_folders(folders);
}

Status FolderStore::make_folder(const Path& folder) {
  {
    const std::lock_guard lock(mutex_);
    if (durable_folders_.contains(folder)) return {};
  }
  if (folder != root_) {
    HUBDIST_TRY(make_folder(folder.parent_path()));
    HUBDIST_TRY(fs_.make_directories(folder));
    HUBDIST_TRY(fs_.sync_directory(folder.parent_path()));
  }
  const std::lock_guard lock(mutex_);
  durable_folders_.insert(folder);
  return {};
}

Result<std::string> FolderStore::put_if(std::string_view key, ByteView content,
                                        const std::optional<std::string>& expected) {
  HUBDIST_TRY(check_object_key(key));
  const std::lock_guard mine(swap_mutex_);
  HUBDIST_ASSIGN(const FileLock lock, FileLock::acquire(fs_, root_ / kLockFile));
  const auto current = get(key, ~std::uint64_t{0});
  if (!current.ok() && !is_missing(current.status())) return current.status();
  const bool as_expected =
      current.ok() ? expected && *expected == current->version : !expected.has_value();
  if (!as_expected) return aborted("object ", key, " was changed by somebody else meanwhile");
  HUBDIST_TRY(put(key, content));
  return sha256(content).hex();
}

Status FolderStore::remove(std::string_view key) {
  HUBDIST_TRY(check_object_key(key));
  // Not in the middle of a put_if(), which would bring the object back.
  const std::lock_guard mine(swap_mutex_);
  HUBDIST_ASSIGN(const FileLock lock, FileLock::acquire(fs_, root_ / kLockFile));
  const Path path = path_of(key);
  const Status removed = fs_.remove(path);
  if (!removed.ok() && !is_missing(removed)) return removed;
  const Status synced = fs_.sync_directory(path.parent_path());
  return is_missing(removed) && is_missing(synced) ? Status() : synced;
}

Result<ObjectPage> FolderStore::list(std::string_view prefix, std::string_view after,
                                     std::size_t limit) {
  Walk walk{prefix, after, limit, {}};
  const std::size_t slash = prefix.rfind('/');
  std::string start(prefix.substr(0, slash == std::string_view::npos ? 0 : slash));
  if (!start.empty()) HUBDIST_TRY(check_object_key(start));
  HUBDIST_TRY(walk_folder(start, walk));
  return std::move(walk.page);
}

Status FolderStore::walk_folder(const std::string& folder_key, Walk& walk) {
  auto entries = fs_.list(folder_key.empty() ? root_ : path_of(folder_key));
  if (!entries.ok()) return is_missing(entries.status()) ? Status() : entries.status();
  // The order of keys, not of names: "a-b" comes before "a/c".
  const auto sort_name = [](const DirectoryEntry& entry) {
    return entry.type == FileType::kDirectory ? entry.name + '/' : entry.name;
  };
  std::sort(entries->begin(), entries->end(),
            [&](const auto& a, const auto& b) { return sort_name(a) < sort_name(b); });
  for (const DirectoryEntry& entry : *entries) {
    if (!check_object_key(entry.name).ok()) continue;
    const std::string key = folder_key.empty() ? entry.name : concat(folder_key, '/', entry.name);
    HUBDIST_TRY(walk_entry(key, entry.type, walk));
    if (walk.page.more) break;
  }
  return {};
}

Status FolderStore::walk_entry(const std::string& key, FileType type, Walk& walk) {
  if (type == FileType::kDirectory) {
    const std::string inside = key + '/';
    const bool on_the_way = inside.starts_with(walk.prefix) || walk.prefix.starts_with(inside);
    const bool passed = walk.after > inside && !walk.after.starts_with(inside);
    return on_the_way && !passed ? walk_folder(key, walk) : Status();
  }
  if (!key.starts_with(walk.prefix) || key <= walk.after) return {};
  if (walk.full()) {
    walk.page.more = true;
    return {};
  }
  auto info = head(key);
  if (!info.ok()) return is_missing(info.status()) ? Status() : info.status();
  walk.page.objects.push_back(*std::move(info));
  return {};
}

}  // namespace

Result<std::unique_ptr<ObjectStore>> open_folder_store(FileSystem& fs, const Path& root) {
  auto store = std::make_unique<FolderStore>(fs, root);
  if (Status ready = store->prepare(); !ready.ok())
    return with_context(ready, "the hub's folder cannot be used");
  return store;
}

}  // namespace hubdist
