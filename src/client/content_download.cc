#include "client/internal/content_download.h"

namespace hubdist::internal {
ContentDownload::ContentDownload(const Job& job, const WantedContent& content, FileLock lock)
    : job_(job),
      content_(content),
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
      HUBDIST_ASSIGN(here, job_.destination.adopt(file, stop));
    }
    if (!here) continue;
    job_.progress.held(file.path, file.size);
    HUBDIST_TRY(make_others(file, stop));
    return true;
  }
  return false;
}

Status ContentDownload::make_others(const FileEntry& there, std::stop_token stop) {
  for (const FileEntry& file : content_.files) {
    if (file.path == there.path) continue;
    if (job_.force || !job_.destination.has(file))
      HUBDIST_TRY(job_.destination.duplicate(there, file, stop));
    job_.progress.held(file.path, file.size);
  }
  return {};
}

Status ContentDownload::write(std::uint64_t offset, ByteView bytes, Source source) {
  HUBDIST_TRY(partial_->write(offset, bytes));
  progress_.moved(bytes.size(), source);
  return {};
}

Status ContentDownload::finish(std::stop_token stop) {
  HUBDIST_TRY(partial_->verify(stop));
  HUBDIST_TRY(job_.destination.publish(*partial_, file()));
  if (!partial_->provable()) job_.progress.unverified();
  progress_.finish();
  return make_others(file(), stop);
}

Status ContentDownload::begin_anew() {
  progress_.begin_anew();
  return partial_->discard();
}

}  // namespace hubdist::internal
