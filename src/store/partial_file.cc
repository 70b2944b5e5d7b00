#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <mutex>

#include "store/internal/chunk_tree.h"
#include "store/internal/prefix_hasher.h"
#include "store/internal/run_recorder.h"
#include <hubdist/store/partial_file.h>

namespace hubdist {
namespace {

// A writer reads back at most this many times what it brought, so that closing a large gap does not
// stall its stream.
constexpr std::uint64_t kCatchUpFactor = 2;
constexpr std::uint64_t kMinCatchUp = 256 * kKiB;

bool is_disk_full(const Status& status) {
  const auto error = detail(status, Detail::kErrno);
  return error && (*error == std::to_string(ENOSPC) || *error == std::to_string(EDQUOT));
}

}  // namespace

class PartialFile::Impl {
 public:
  Impl(FileSystem& fs, PartialOptions options)
      : fs_(fs),
        options_(std::move(options)),
        hasher_(options_.identity, options_.size),
        proves_(IdentityHasher(options_.identity, options_.size).proves()) {}
  ~Impl() { close(); }
  void close();

  Status start(std::stop_token stop);
  // `chunk`: the hash of the bytes, which are a chunk; null for other bytes.
  Status write(std::uint64_t offset, ByteView bytes, const ChunkHash* chunk);
  Status read(std::uint64_t offset, MutableBytes out) const;
  Status verify(std::stop_token stop);
  void doubt();
  Result<RangeSet> compare(const Manifest& manifest, std::stop_token stop);
  Status discard();
  Result<FileInfo> publish(const Path& final_path);
  Status flush() { return recorder_.flush(); }
  bool provable() const { return proves_; }
  std::uint64_t size() const { return options_.size; }
  RangeSet held() const {
    const std::lock_guard lock(mutex_);
    return held_;
  }
  bool complete() const {
    const std::lock_guard lock(mutex_);
    return held_.contains({0, options_.size});
  }

 private:
  bool logged() const { return options_.size > kMaxUnloggedSize; }
  Status make_room();
  void give_back_room();
  Status no_room(const Status& cause);
  Result<std::optional<internal::RecordLog>> open_log();
  Status believe(std::vector<internal::LogRecord> records, std::stop_token stop);
  Status put(File& file, std::uint64_t offset, ByteView bytes, const ChunkHash* chunk,
             bool overlaps);
  Status hash_along(File& file, std::size_t added);
  Result<bool> replace(File& file, std::uint64_t offset, ByteView bytes);
  bool names_our_file();

  FileSystem& fs_;
  const PartialOptions options_;
  internal::PrefixHasher hasher_;
  const bool proves_;
  internal::RunRecorder recorder_{std::nullopt};

  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  std::shared_ptr<File> file_;
  RangeSet held_;
  RangeSet in_flight_;  // no two writers touch one byte at once
  internal::ChunkTree chunks_;
  bool verified_ = false;
  bool published_ = false;
  bool closed_ = false;
};

Status PartialFile::Impl::start(std::stop_token stop) {
  const Path& part = options_.paths.part;
  HUBDIST_TRY(fs_.make_directories(part.parent_path()));
  if (!options_.resume || !logged()) remove_files(fs_, options_.paths);
  HUBDIST_ASSIGN(file_, fs_.open(part, OpenMode::kCreate));
  HUBDIST_ASSIGN(const FileInfo info, file_->info());
  if (info.size > options_.size) HUBDIST_TRY(file_->truncate(0));
  HUBDIST_ASSIGN(auto log, open_log());
  if (log) HUBDIST_TRY(believe(log->take_records(), stop));
  recorder_.restart(std::move(log));
  return make_room();
}

Result<std::optional<internal::RecordLog>> PartialFile::Impl::open_log() {
  if (!logged()) return std::optional<internal::RecordLog>();
  HUBDIST_ASSIGN(auto log, internal::RecordLog::open(fs_, options_.paths.log, options_.size));
  return std::optional(std::move(log));
}

// Hashes what the log records, front to back, and feeds the identity in the same pass.
Status PartialFile::Impl::believe(std::vector<internal::LogRecord> records, std::stop_token stop) {
  Bytes buffer(records.empty() ? 0 : internal::kRecordSpan);
  for (const internal::LogRecord& record : records) {
    if (stop.stop_requested())
      return cancelled("stopped while checking what is there of ", options_.name);
    const auto bytes = std::span(buffer).first(record.range.size());
    const Status found = read_exactly(*file_, bytes, record.range.begin);
    if (found.code() == StatusCode::kOutOfRange) continue;
    HUBDIST_TRY(found);
    if (record.chunk) {
      const Chunk chunk{chunk_hash(bytes), static_cast<std::uint32_t>(bytes.size())};
      if (chunk.hash.bytes != record.hash) continue;
      held_.add(record.range);
      chunks_.add(record.range.begin, chunk);
      continue;
    }
    if (blake3(bytes).bytes != record.hash) continue;
    held_.add(record.range);
    hasher_.offer(record.range.begin, bytes);
  }
  return {};
}

Status PartialFile::Impl::make_room() {
  const std::uint64_t missing = options_.size - held_.size();
  if (missing == 0 || !logged()) return {};
  if (held_.empty()) {
    const auto free = fs_.free_space(options_.paths.part);
    if (free.ok() && *free < missing)
      return no_room(errno_status(ENOSPC, "make room for", options_.paths.part.native()));
  }
  const Status reserved = file_->reserve(options_.size);
  return is_disk_full(reserved) ? no_room(reserved) : reserved;
}

Status PartialFile::Impl::no_room(const Status& cause) {
  const auto free = fs_.free_space(options_.paths.part);
  const std::uint64_t missing = options_.size - held().size();
  const std::string text =
      concat("the disk is full: ", options_.name, " needs ", missing, " more bytes in ",
             options_.paths.part.parent_path().native(), ", where ",
             free.ok() ? concat(*free, " are free") : std::string("an unknown number is free"),
             ". What was received is kept: make room, or choose another folder, and run it again");
  return with_detail(failed_precondition(text), Detail::kErrno,
                     detail(cause, Detail::kErrno).value_or(std::to_string(ENOSPC)));
}

Status PartialFile::Impl::write(std::uint64_t offset, ByteView bytes, const ChunkHash* chunk) {
  if (offset > options_.size || bytes.size() > options_.size - offset)
    return data_loss(options_.name, " is ", options_.size,
                     " bytes long, but bytes came for offset ", offset + bytes.size());
  if (bytes.empty()) return {};
  const ByteRange range{offset, offset + bytes.size()};
  std::shared_ptr<File> file;
  bool overlaps = false;
  {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return !in_flight_.intersects(range); });
    if (closed_ || published_)
      return failed_precondition(options_.name, " takes no more bytes: it is closed");
    in_flight_.add(range);
    overlaps = held_.intersects(range);
    file = file_;
    if (overlaps) verified_ = false;
  }
  Status written = put(*file, offset, bytes, chunk, overlaps);
  {
    const std::lock_guard lock(mutex_);
    if (written.ok()) {
      held_.add(range);
      if (chunk) chunks_.add(offset, {*chunk, static_cast<std::uint32_t>(bytes.size())});
    }
    if (chunk || !written.ok()) in_flight_.remove(range);
  }
  if (!chunk && written.ok()) {
    written = hash_along(*file, bytes.size());
    const std::lock_guard lock(mutex_);
    in_flight_.remove(range);
  }
  changed_.notify_all();
  return is_disk_full(written) ? no_room(written) : written;
}

Status PartialFile::Impl::hash_along(File& file, std::size_t added) {
  std::uint64_t end = 0;
  {
    const std::lock_guard lock(mutex_);
    end = held_.contiguous_end(hasher_.hashed());
  }
  return hasher_.catch_up(file, end, kCatchUpFactor * added + kMinCatchUp);
}

Status PartialFile::Impl::put(File& file, std::uint64_t offset, ByteView bytes,
                              const ChunkHash* chunk, bool overlaps) {
  if (overlaps) {
    HUBDIST_TRY(hasher_.alter(offset, [&] { return replace(file, offset, bytes); }));
  } else {
    HUBDIST_TRY(file.pwrite(bytes, offset));
    if (!chunk) hasher_.offer(offset, bytes);
  }
  return chunk ? recorder_.add_chunk(offset, {*chunk, static_cast<std::uint32_t>(bytes.size())})
               : recorder_.add(offset, bytes);
}

// Writes what differs from the file; whether held bytes did.
Result<bool> PartialFile::Impl::replace(File& file, std::uint64_t offset, ByteView bytes) {
  Bytes there(bytes.size());
  HUBDIST_ASSIGN(const std::size_t count, file.pread(there, offset));
  const bool same = count == bytes.size() && std::equal(there.begin(), there.end(), bytes.begin());
  if (same) return false;
  {
    const std::lock_guard lock(mutex_);
    chunks_.altered({offset, offset + bytes.size()});
  }
  HUBDIST_TRY(file.pwrite(bytes, offset));
  return true;
}

Status PartialFile::Impl::read(std::uint64_t offset, MutableBytes out) const {
  std::shared_ptr<File> file;
  {
    const std::lock_guard lock(mutex_);
    if (!held_.contains({offset, offset + out.size()}))
      return out_of_range(options_.name, " is not there yet at offset ", offset);
    file = file_;
  }
  return read_exactly(*file, out, offset);
}

Status PartialFile::Impl::verify(std::stop_token stop) {
  std::shared_ptr<File> file;
  {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return in_flight_.empty(); });
    if (verified_) return {};
    if (!held_.contains({0, options_.size}))
      return failed_precondition(options_.name, " is not complete: ", held_.size(), " of ",
                                 options_.size, " bytes are here");
    const auto root = options_.identity.xet ? chunks_.root(options_.size) : std::nullopt;
    if (root && *root == *options_.identity.xet) {
      verified_ = true;
      return {};
    }
    file = file_;
  }
  HUBDIST_TRY(with_context(hasher_.finish(*file, stop), options_.name));
  const std::lock_guard lock(mutex_);
  verified_ = true;
  return {};
}

void PartialFile::Impl::doubt() {
  const std::lock_guard lock(mutex_);
  chunks_.reset();
  verified_ = false;
}

Result<RangeSet> PartialFile::Impl::compare(const Manifest& manifest, std::stop_token stop) {
  doubt();
  RangeSet wrong;
  Bytes buffer(kMaxChunkSize);
  std::uint64_t at = 0;
  for (const Chunk& chunk : manifest.chunks) {
    if (stop.stop_requested()) return cancelled("stopped while checking ", options_.name);
    const auto bytes = std::span(buffer).first(chunk.size);
    HUBDIST_TRY(read(at, bytes));
    if (chunk_hash(bytes) != chunk.hash) {
      wrong.add({at, at + chunk.size});
    } else {
      const std::lock_guard lock(mutex_);
      chunks_.add(at, chunk);
    }
    at += chunk.size;
  }
  return wrong;
}

// New files, not emptied ones: where locks are not honoured, another process may have moved the old
// one to its final path already.
Status PartialFile::Impl::discard() {
  {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return in_flight_.empty(); });
    if (closed_ || published_) return failed_precondition(options_.name, " is closed");
    remove_files(fs_, options_.paths);
    HUBDIST_ASSIGN(file_, fs_.open(options_.paths.part, OpenMode::kCreate));
    held_ = {};
    chunks_.reset();
    verified_ = false;
    hasher_.reset();
    HUBDIST_ASSIGN(auto log, open_log());
    recorder_.restart(std::move(log));
  }
  return make_room();
}

void PartialFile::Impl::close() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return in_flight_.empty(); });
  if (std::exchange(closed_, true)) return;
  if (!logged() && file_ && !published_) remove_files(fs_, options_.paths);
  (void)recorder_.flush();
  recorder_.restart(std::nullopt);
  if (logged() && file_ && !published_) give_back_room();
}

// A stopped download takes no more of the disk than it received. (Under the mutex.)
void PartialFile::Impl::give_back_room() {
  for (const ByteRange& gap : held_.gaps({0, options_.size})) (void)file_->release(gap);
}

bool PartialFile::Impl::names_our_file() {
  const auto there = fs_.link_info(options_.paths.part);
  const auto ours = file_->info();
  return there.ok() && ours.ok() && there->inode == ours->inode && there->device == ours->device;
}

Result<FileInfo> PartialFile::Impl::publish(const Path& final_path) {
  if (closed_) return failed_precondition(options_.name, " is closed");
  if (!verified_) return failed_precondition(options_.name, " is not verified");
  // After a crash of the machine a file at its final path must not hold other bytes. A small one
  // goes to disk in one piece, or is short, which its size tells; so thousands of them need not
  // wait for the disk one by one.
  if (logged()) HUBDIST_TRY(file_->sync());
  if (!names_our_file())
    return aborted("another process took away ", options_.paths.part.native(),
                   ", although it is locked: do locks work in this file system?");
  HUBDIST_TRY(fs_.make_directories(final_path.parent_path()));
  HUBDIST_TRY(fs_.rename(options_.paths.part, final_path));
  {
    const std::lock_guard lock(mutex_);
    published_ = true;
  }
  recorder_.restart(std::nullopt);
  if (logged()) (void)fs_.remove(options_.paths.log);
  return file_->info();
}

void PartialFile::remove_files(FileSystem& fs, const PartialPaths& paths) {
  (void)fs.remove(paths.log);
  (void)fs.remove(paths.part);
}

Result<std::unique_ptr<PartialFile>> PartialFile::open(FileSystem& fs, PartialOptions options,
                                                       std::stop_token stop) {
  auto impl = std::make_unique<Impl>(fs, std::move(options));
  HUBDIST_TRY(impl->start(stop));
  return std::unique_ptr<PartialFile>(new PartialFile(std::move(impl)));
}

PartialFile::PartialFile(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
PartialFile::~PartialFile() = default;
std::uint64_t PartialFile::size() const { return impl_->size(); }
RangeSet PartialFile::held() const { return impl_->held(); }
bool PartialFile::complete() const { return impl_->complete(); }
Status PartialFile::write(std::uint64_t offset, ByteView bytes) {
  return impl_->write(offset, bytes, nullptr);
}
Status PartialFile::write_chunk(std::uint64_t offset, const ChunkHash& hash, ByteView bytes) {
  return impl_->write(offset, bytes, &hash);
}
Status PartialFile::read(std::uint64_t offset, MutableBytes out) const {
  return impl_->read(offset, out);
}
Status PartialFile::flush() { return impl_->flush(); }
bool PartialFile::provable() const { return impl_->provable(); }
Status PartialFile::verify(std::stop_token stop) { return impl_->verify(stop); }
void PartialFile::doubt() { impl_->doubt(); }
Result<RangeSet> PartialFile::compare(const Manifest& manifest, std::stop_token stop) {
  return impl_->compare(manifest, std::move(stop));
}
Status PartialFile::discard() { return impl_->discard(); }
void PartialFile::close() { impl_->close(); }
Result<FileInfo> PartialFile::publish(const Path& final_path) { return impl_->publish(final_path); }

}  // namespace hubdist
