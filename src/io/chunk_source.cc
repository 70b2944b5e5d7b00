#include "io/internal/chunk_source.h"

#include <cerrno>
#include <utility>

#include <poll.h>

namespace hubdist::internal {
namespace {

constexpr int kPollMilliseconds = 100;  // how soon a stop request is seen

Status changed(const Path& path) {
  return aborted(path.native(), " changed while it was read; try again when nothing writes to it");
}

}  // namespace

Status ChunkSource::check_type(const FileInfo& info, const Path& path) {
  if (info.type == FileType::kFile || info.type == FileType::kPipe) return {};
  if (info.type == FileType::kDirectory)
    return invalid_argument(path.native(), " is a folder; name the files in it");
  return invalid_argument(path.native(),
                          " is a device or a socket; only files and pipes have "
                          "chunks");
}

Result<ChunkSource> ChunkSource::of(File& file, std::stop_token stop) {
  HUBDIST_ASSIGN(const FileInfo info, file.info());
  HUBDIST_TRY(check_type(info, file.path()));
  return ChunkSource(file, info, std::move(stop));
}

Status ChunkSource::check_wanted() const {
  if (!stop_.stop_requested() && !unwanted_.stop_requested()) return {};
  return cancelled("reading ", file_->path().native(), " was stopped on request");
}

Status ChunkSource::wait_for_pipe() {
  pollfd waited{file_->descriptor(), POLLIN, 0};
  while (true) {
    HUBDIST_TRY(check_wanted());
    const int ready = ::poll(&waited, 1, kPollMilliseconds);
    if (ready > 0) return {};
    if (ready < 0 && errno != EINTR) return errno_status(errno, "wait for", file_->path().native());
  }
}

Result<std::size_t> ChunkSource::read(MutableBytes out, std::uint64_t offset) {
  HUBDIST_TRY(check_wanted());
  if (!is_pipe()) return file_->pread(out, offset);
  HUBDIST_TRY(wait_for_pipe());
  return file_->read(out);
}

Status ChunkSource::read_all(MutableBytes out, std::uint64_t offset) {
  HUBDIST_ASSIGN(const std::size_t got, read(out, offset));
  return got == out.size() ? Status() : changed(file_->path());
}

Status ChunkSource::check_unchanged() {
  if (is_pipe()) return {};
  HUBDIST_ASSIGN(const FileInfo now, file_->info());
  return now.same_content(info_) ? Status() : changed(file_->path());
}

}  // namespace hubdist::internal
