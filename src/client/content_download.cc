#include "client/internal/content_download.h"

#include <algorithm>

namespace hubdist::internal {
namespace {
constexpr std::size_t kCopyAtOnce = kMiB;
}  // namespace

ContentDownload::ContentDownload(const Job& job, const WantedContent& content, FileLock lock)
    : job_(job),
      content_(content),
      there_(&content.first()),
      lock_(std::move(lock)),
      progress_(job.progress, content.first().path, content.first().size) {}

// Before the lock goes: others that still read the partial file must not write its log.
ContentDownload::~ContentDownload() {
  if (partial_) partial_->close();
}

Result<std::unique_ptr<ContentDownload>> ContentDownload::begin(const Job& job,
                                                                const WantedContent& content,
                                                                std::stop_token stop) {
  const FileEntry& file = content.first();
  HUBDIST_ASSIGN(FileLock lock, FileLock::acquire(job.fs, job.destination.lock_path(file), stop));
  std::unique_ptr<ContentDownload> self(new ContentDownload(job, content, std::move(lock)));
  if (!job.force) {
    HUBDIST_ASSIGN(const bool here, self->find_here(stop));
    if (here) return self;
  }
  PartialOptions options;
  options.paths = job.destination.partial_paths(file);
  options.size = file.size;
  options.identity = file.identity;
  options.name = file.path;
  options.resume = !job.force && !file.etag.empty();  // else nothing says that it is the same
  HUBDIST_ASSIGN(self->partial_, PartialFile::open(job.fs, std::move(options), stop));
  self->progress_.start();
  if (const std::uint64_t held = self->partial_->held().size(); held > 0)
    self->progress_.held(held);
  return self;
}

Result<bool> ContentDownload::find_here(std::stop_token stop) {
  for (const FileEntry& file : content_.files) {
    bool here = job_.destination.has(file);
    if (!here) {
      HUBDIST_ASSIGN(here, adopt(file, stop));
    }
    if (!here) continue;
    job_.progress.held(file.path, file.size);
    there_ = &file;
    return true;
  }
  return false;
}

// Another file's lock is tried, not waited for: who holds it may wait for ours.
Result<bool> ContentDownload::adopt(const FileEntry& file, std::stop_token stop) {
  const Path path = job_.destination.lock_path(file);
  if (path == lock_.path()) return job_.destination.adopt(file, stop);
  HUBDIST_ASSIGN(const std::optional<FileLock> lock, FileLock::try_acquire(job_.fs, path));
  return lock ? job_.destination.adopt(file, stop) : Result<bool>(false);
}

Status ContentDownload::copy(const Path& path, const FileInfo& info, std::stop_token stop) {
  const auto file = job_.fs.open(path, OpenMode::kRead);
  if (!file.ok()) return {};
  const auto unchanged = [&] {
    const auto now = (*file)->info();
    return now.ok() && now->same_content(info);
  };
  if (!unchanged()) return {};
  Bytes buffer(kCopyAtOnce);
  for (const ByteRange& gap : partial_->held().gaps({0, partial_->size()}))
    for (std::uint64_t at = gap.begin; at < gap.end; at += buffer.size()) {
      if (stop.stop_requested()) return cancelled("stopped while copying ", path.native());
      const auto part = std::span(buffer).first(std::min<std::uint64_t>(kCopyAtOnce, gap.end - at));
      HUBDIST_TRY(read_exactly(**file, part, at));
      HUBDIST_TRY(partial_->write(at, part));
      progress_.held(part.size());
    }
  return unchanged() ? Status() : begin_anew();
}

Status ContentDownload::write(std::uint64_t offset, ByteView bytes, Source source) {
  HUBDIST_TRY(partial_->write(offset, bytes));
  progress_.moved(bytes.size(), source);
  return {};
}

Status ContentDownload::write_chunk(std::uint64_t offset, const ChunkHash& hash, ByteView bytes) {
  HUBDIST_TRY(partial_->write_chunk(offset, hash, bytes));
  progress_.moved(bytes.size(), Source::kOrigin);
  return {};
}

Result<RangeSet> ContentDownload::doubt(const Manifest* manifest, std::stop_token stop) {
  progress_.begin_anew();
  if (manifest) return partial_->compare(*manifest, std::move(stop));
  partial_->doubt();
  return RangeSet({0, partial_->size()});
}

Status ContentDownload::finish(std::stop_token stop) {
  HUBDIST_TRY(partial_->verify(stop));
  HUBDIST_TRY(job_.destination.publish(*partial_, file()));
  if (!partial_->provable()) job_.progress.unverified();
  progress_.finish();
  return {};
}

Status ContentDownload::begin_anew() {
  progress_.begin_anew();
  return partial_->discard();
}

void ContentDownload::give_up() {
  partial_->close();
  PartialFile::remove_files(job_.fs, job_.destination.partial_paths(file()));
}

Status make_others(const Job& job, const WantedContent& content, const FileEntry& there,
                   std::stop_token stop) {
  for (const FileEntry& file : content.files) {
    if (file.path == there.path) continue;
    HUBDIST_ASSIGN(const FileLock lock,
                   FileLock::acquire(job.fs, job.destination.lock_path(file), stop));
    if (job.force || !job.destination.has(file)) {
      if (!job.destination.has(there))
        return aborted(there.path, " was changed while ", file.path, " was to be made of it");
      HUBDIST_TRY(job.destination.duplicate(there, file, stop));
    }
    job.progress.held(file.path, file.size);
  }
  return {};
}

}  // namespace hubdist::internal
