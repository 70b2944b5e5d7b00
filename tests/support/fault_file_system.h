// A FileSystem for tests: it records every operation, in order, and fails those that it is told to.
#pragma once

#include <algorithm>
#include <cerrno>
#include <functional>
#include <limits>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <hubdist/io/file.h>

namespace hubdist::testing {

// One call, named as the method of FileSystem or File is.
struct FileOperation {
  std::string name;
  Path path;
  std::string other;         // rename, copy, make_hard_link: the new name; make_symlink: the target
  std::uint64_t offset = 0;  // pread, pwrite
  std::uint64_t size = 0;    // pread, pwrite, truncate, reserve
  std::optional<OpenMode> mode;  // open
};

// Thread-safe. Files that it opened may outlive it.
class FaultFileSystem final : public FileSystem {
 public:
  // Looks at an operation before it runs; an error is returned instead of running it.
  using Hook = std::function<Status(const FileOperation&)>;
  static constexpr int kAlways = std::numeric_limits<int>::max();

  explicit FaultFileSystem(FileSystem& inner = posix_file_system())
      : state_(std::make_shared<State>(inner)) {}

  // The disk is full after `bytes` more bytes of pwrite and copy: the write that passes the limit
  // is cut there, and fails with ENOSPC, as all after it do.
  void fill_after(std::uint64_t bytes) {
    const std::lock_guard lock(state_->mutex);
    state_->room = bytes;
  }
  void make_room() { fill_after(std::numeric_limits<std::uint64_t>::max()); }

  // The `kth` operation from now (1 is the next) of that name, and the `times` - 1 after it, fail
  // with `error`. An empty name means any operation.
  void fail(std::string name, int error, int kth = 1, int times = 1) {
    const std::lock_guard lock(state_->mutex);
    state_->faults.push_back({std::move(name), error, kth, times});
  }
  void set_hook(Hook hook) {
    const std::lock_guard lock(state_->mutex);
    state_->hook = std::move(hook);
  }
  std::vector<FileOperation> operations() const {
    const std::lock_guard lock(state_->mutex);
    return state_->operations;
  }
  std::size_t count(std::string_view name) const {
    const std::lock_guard lock(state_->mutex);
    return static_cast<std::size_t>(std::count_if(state_->operations.begin(),
                                                  state_->operations.end(),
                                                  [&](const auto& o) { return o.name == name; }));
  }
  // Forgets records, faults and the hook.
  void reset() {
    const std::lock_guard lock(state_->mutex);
    state_->operations.clear();
    state_->faults.clear();
    state_->hook = nullptr;
    state_->room = std::numeric_limits<std::uint64_t>::max();
  }

  Result<std::unique_ptr<File>> open(const Path& path, OpenMode mode,
                                     std::uint32_t permissions = 0666) override {
    HUBDIST_TRY(state_->before({"open", path, "", 0, 0, mode}));
    HUBDIST_ASSIGN(auto file, state_->inner.open(path, mode, permissions));
    return std::make_unique<FaultFile>(std::move(file), state_);
  }
  Result<FileInfo> info(const Path& path) override {
    HUBDIST_TRY(state_->before({"info", path, "", 0, 0, {}}));
    return state_->inner.info(path);
  }
  Result<FileInfo> link_info(const Path& path) override {
    HUBDIST_TRY(state_->before({"link_info", path, "", 0, 0, {}}));
    return state_->inner.link_info(path);
  }
  Result<std::vector<DirectoryEntry>> list(const Path& folder) override {
    HUBDIST_TRY(state_->before({"list", folder, "", 0, 0, {}}));
    return state_->inner.list(folder);
  }
  Status make_directories(const Path& folder, std::uint32_t mode) override {
    HUBDIST_TRY(state_->before({"make_directories", folder, "", 0, 0, {}}));
    return state_->inner.make_directories(folder, mode);
  }
  Status rename(const Path& from, const Path& to) override {
    HUBDIST_TRY(state_->before({"rename", from, to.native(), 0, 0, {}}));
    return state_->inner.rename(from, to);
  }
  Status remove(const Path& path) override {
    HUBDIST_TRY(state_->before({"remove", path, "", 0, 0, {}}));
    return state_->inner.remove(path);
  }
  Status make_symlink(const std::string& target, const Path& link) override {
    HUBDIST_TRY(state_->before({"make_symlink", link, target, 0, 0, {}}));
    return state_->inner.make_symlink(target, link);
  }
  Result<std::string> read_symlink(const Path& link) override {
    HUBDIST_TRY(state_->before({"read_symlink", link, "", 0, 0, {}}));
    return state_->inner.read_symlink(link);
  }
  Status make_hard_link(const Path& existing, const Path& link) override {
    HUBDIST_TRY(state_->before({"make_hard_link", existing, link.native(), 0, 0, {}}));
    return state_->inner.make_hard_link(existing, link);
  }
  Status copy(const Path& from, const Path& to) override {
    HUBDIST_TRY(state_->before({"copy", from, to.native(), 0, 0, {}}));
    HUBDIST_ASSIGN(const FileInfo source, state_->inner.info(from));
    if (state_->take_room(source.size) < source.size) return full("copy", to);
    return state_->inner.copy(from, to);
  }
  Status sync_directory(const Path& folder) override {
    HUBDIST_TRY(state_->before({"sync_directory", folder, "", 0, 0, {}}));
    return state_->inner.sync_directory(folder);
  }
  Status set_mode(const Path& path, std::uint32_t mode) override {
    HUBDIST_TRY(state_->before({"set_mode", path, "", 0, 0, {}}));
    return state_->inner.set_mode(path, mode);
  }
  Result<std::uint64_t> free_space(const Path& path) override {
    HUBDIST_TRY(state_->before({"free_space", path, "", 0, 0, {}}));
    HUBDIST_ASSIGN(const std::uint64_t free, state_->inner.free_space(path));
    const std::lock_guard lock(state_->mutex);
    return std::min(free, state_->room);
  }

 private:
  static Status full(std::string_view what, const Path& path) {
    return errno_status(ENOSPC, what, path.native());
  }

  struct Fault {
    std::string name;
    int error;
    int skip;  // operations of that name until it strikes, this one included
    int times;
  };

  struct State {
    explicit State(FileSystem& wrapped) : inner(wrapped) {}

    Status before(const FileOperation& operation) {
      Hook look;
      {
        const std::lock_guard lock(mutex);
        operations.push_back(operation);
        if (const int error = strike(operation.name))
          return errno_status(error, operation.name, operation.path.native());
        look = hook;
      }
      return look ? look(operation) : Status();
    }
    int strike(const std::string& name) {
      for (Fault& fault : faults) {
        if (!fault.name.empty() && fault.name != name) continue;
        if (--fault.skip > 0 || fault.times <= 0) continue;
        if (fault.times != kAlways) --fault.times;
        fault.skip = 1;
        return fault.error;
      }
      return 0;
    }
    // How many of `wanted` bytes still find room.
    std::uint64_t take_room(std::uint64_t wanted) {
      const std::lock_guard lock(mutex);
      const std::uint64_t taken = std::min(wanted, room);
      if (room != std::numeric_limits<std::uint64_t>::max()) room -= taken;
      return taken;
    }

    FileSystem& inner;
    std::mutex mutex;
    std::vector<FileOperation> operations;
    std::vector<Fault> faults;
    Hook hook;
    std::uint64_t room = std::numeric_limits<std::uint64_t>::max();
  };

  class FaultFile final : public File {
   public:
    FaultFile(std::unique_ptr<File> file, std::shared_ptr<State> state)
        : file_(std::move(file)), state_(std::move(state)) {}

    Result<std::size_t> pread(MutableBytes out, std::uint64_t offset) override {
      HUBDIST_TRY(state_->before({"pread", path(), "", offset, out.size(), {}}));
      return file_->pread(out, offset);
    }
    Result<std::size_t> read(MutableBytes out) override {
      HUBDIST_TRY(state_->before({"read", path(), "", 0, out.size(), {}}));
      return file_->read(out);
    }
    Status pwrite(ByteView bytes, std::uint64_t offset) override {
      HUBDIST_TRY(state_->before({"pwrite", path(), "", offset, bytes.size(), {}}));
      const auto fits = static_cast<std::size_t>(state_->take_room(bytes.size()));
      HUBDIST_TRY(file_->pwrite(bytes.first(fits), offset));
      return fits < bytes.size() ? full("write", path()) : Status();
    }
    Status truncate(std::uint64_t size) override {
      HUBDIST_TRY(state_->before({"truncate", path(), "", 0, size, {}}));
      return file_->truncate(size);
    }
    Status reserve(std::uint64_t size) override {
      HUBDIST_TRY(state_->before({"reserve", path(), "", 0, size, {}}));
      return file_->reserve(size);
    }
    Status sync() override {
      HUBDIST_TRY(state_->before({"sync", path(), "", 0, 0, {}}));
      return file_->sync();
    }
    Result<FileInfo> info() override {
      HUBDIST_TRY(state_->before({"info", path(), "", 0, 0, {}}));
      return file_->info();
    }
    Result<bool> try_lock() override {
      HUBDIST_TRY(state_->before({"try_lock", path(), "", 0, 0, {}}));
      return file_->try_lock();
    }
    void unlock() override { file_->unlock(); }
    int descriptor() const override { return file_->descriptor(); }
    const Path& path() const override { return file_->path(); }

   private:
    std::unique_ptr<File> file_;
    std::shared_ptr<State> state_;
  };

  std::shared_ptr<State> state_;
};

}  // namespace hubdist::testing
