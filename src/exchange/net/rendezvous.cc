#include <array>
#include <cstdlib>
#include <mutex>
#include <optional>
#include <utility>

#include <openssl/rand.h>

#include <hubdist/base/hex.h>
#include <hubdist/base/log.h>
#include <hubdist/exchange/net/rendezvous.h>
#include <hubdist/exchange/net/tracker.h>
#include <hubdist/store/file_lock.h>

namespace hubdist {
namespace {

constexpr std::size_t kKeySize = 32;
constexpr std::uint64_t kMaxSmallFile = 4 * kKiB;
constexpr std::uint32_t kPrivateFile = 0600;
constexpr std::uint32_t kPrivateFolder = 0700;
constexpr std::uint32_t kOthersBits = 0077;

Result<Path> home_path() {
  const auto variable = [](const char* name) -> std::string_view {
    const char* value = std::getenv(name);
    return value ? value : "";
  };
  if (const auto home = variable("HUBDIST_HOME"); !home.empty()) return Path(home);
  if (const auto state = variable("XDG_STATE_HOME"); !state.empty()) return Path(state) / "hubdist";
  if (const auto home = variable("HOME"); !home.empty()) return Path(home) / ".local/state/hubdist";
  return failed_precondition("neither HUBDIST_HOME nor HOME is set: set one of them to a folder");
}

Result<Secret> new_key() {
  std::array<std::byte, kKeySize> bytes;
  if (RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()), kKeySize) != 1)
    return internal_error("the machine gives no random bytes for a key");
  return Secret(to_hex(bytes));
}

Result<Secret> read_key(FileSystem& fs, const Path& path) {
  HUBDIST_ASSIGN(const FileInfo info, fs.info(path));
  if (info.mode & kOthersBits)
    return failed_precondition(path.native(),
                               " can be read by others, who could then take part in the exchange: "
                               "remove it (a new one is made) and keep its mode 0600");
  HUBDIST_ASSIGN(std::string text, read_file(fs, path, kMaxSmallFile));
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  if (!is_hex(text, 2 * kKeySize))
    return failed_precondition(path.native(),
                               " is no key of hubdist's: remove it, a new one is made");
  return Secret(std::move(text));
}

}  // namespace

Result<Path> hubdist_home(FileSystem& fs) {
  HUBDIST_ASSIGN(Path home, home_path());
  HUBDIST_TRY(fs.make_directories(home, kPrivateFolder));
  return home;
}

// Two processes may start at once: the key is written to a file of its own and linked into place,
// which fails for the second; both then read the first one's.
Result<Secret> exchange_key(FileSystem& fs, const Path& home) {
  const Path path = home / "exchange.key";
  if (auto key = read_key(fs, path); key.ok() || key.status().code() != StatusCode::kNotFound)
    return key;
  HUBDIST_TRY(fs.make_directories(home, kPrivateFolder));
  HUBDIST_ASSIGN(const Secret key, new_key());
  HUBDIST_ASSIGN(auto temporary, make_temporary(fs, path, kPrivateFile));
  Status made = temporary.file->pwrite(as_bytes(concat(key.reveal(), '\n')), 0);
  if (made.ok()) made = fs.make_hard_link(temporary.path, path);
  (void)fs.remove(temporary.path);
  if (!made.ok() && made.code() != StatusCode::kAlreadyExists) return made;
  return read_key(fs, path);
}

class AutoTracker::Impl {
 public:
  Impl(FileSystem& fs, Path home, Secret key)
      : fs_(fs), home_(std::move(home)), key_(std::move(key)) {}

  // The last one out leaves nothing behind, so that the next one begins afresh; with members left,
  // the address stays and tells whoever takes over that it is a successor.
  ~Impl() {
    if (tracker_ && tracker_->members() == 0) (void)fs_.remove(address_file());
  }

  Result<std::string> locate() {
    const std::lock_guard guard(mutex_);
    if (tracker_) return tracker_->address();
    HUBDIST_TRY(fs_.make_directories(home_, kPrivateFolder));
    HUBDIST_ASSIGN(auto lock, FileLock::try_acquire(fs_, home_ / "tracker.lock"));
    if (!lock) return read_address();
    if (lock->soft())
      return failed_precondition(home_.native(),
                                 " lies in a file system without flock: set HUBDIST_HOME to a "
                                 "folder on a local disk, or start `hubdist tracker` and name it");
    return take_over(*std::move(lock));
  }

  bool carries() const {
    const std::lock_guard guard(mutex_);
    return tracker_ != nullptr;
  }

 private:
  Path address_file() const { return home_ / "tracker.address"; }

  Result<std::string> read_address() {
    auto text = read_file(fs_, address_file(), kMaxSmallFile);
    if (text.status().code() == StatusCode::kNotFound)
      return unavailable("the process that holds ", (home_ / "tracker.lock").native(),
                         " has not written its address: it is just starting");
    return text;
  }

  Result<std::string> take_over(FileLock lock) {
    TrackerOptions options;
    options.key = key_;
    options.successor = exists(fs_, address_file());
    HUBDIST_ASSIGN(auto tracker, Tracker::start(std::move(options)));
    HUBDIST_TRY(write_file_atomic(fs_, address_file(), as_bytes(tracker->address()),
                                  Durability::kProcess, kPrivateFile));
    lock_ = std::move(lock);
    tracker_ = std::move(tracker);
    log(LogLevel::kInfo, "carries the tracker at ", tracker_->address());
    return tracker_->address();
  }

  FileSystem& fs_;
  const Path home_;
  const Secret key_;
  mutable std::mutex mutex_;
  std::optional<FileLock> lock_;  // outlives the tracker
  std::unique_ptr<Tracker> tracker_;
};

AutoTracker::AutoTracker(FileSystem& fs, Path home, Secret key)
    : impl_(std::make_unique<Impl>(fs, std::move(home), std::move(key))) {}
AutoTracker::~AutoTracker() = default;
Result<std::string> AutoTracker::locate() { return impl_->locate(); }
bool AutoTracker::carries() const { return impl_->carries(); }

}  // namespace hubdist
