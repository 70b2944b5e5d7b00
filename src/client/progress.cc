#include "client/internal/progress.h"

#include <algorithm>

namespace hubdist::internal {
namespace {
// How much or how long a file moves before its caller hears of it again.
constexpr std::uint64_t kTellBytes = kMiB;
constexpr auto kTellInterval = std::chrono::milliseconds(50);
}  // namespace

void Progress::emit(const ProgressEvent& event) {
  if (sink_) sink_(event);
}

void Progress::planned(std::uint64_t bytes, std::uint64_t files) {
  const std::lock_guard lock(mutex_);
  counts_.bytes = bytes;
  counts_.files = files;
  emit({ProgressKind::kPlanned, {}, bytes, files});
}

void Progress::held(std::string_view path, std::uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  counts_.bytes_held += bytes;
  emit({ProgressKind::kStarted, path});
  emit({ProgressKind::kBytes, path, bytes, 0, true});
  emit({ProgressKind::kFinished, path});
}

void Progress::unverified() {
  const std::lock_guard lock(mutex_);
  counts_.verified = false;
}

void Progress::report(DownloadReport& report) const {
  const std::lock_guard lock(mutex_);
  report.files = counts_.files;
  report.bytes = counts_.bytes;
  report.bytes_from_origin = counts_.bytes_from_origin;
  report.bytes_from_peers = counts_.bytes_from_peers;
  report.bytes_held = counts_.bytes_held;
  report.verified = counts_.verified;
}

FileProgress::FileProgress(Progress& progress, std::string path, std::uint64_t size)
    : progress_(progress), path_(std::move(path)), size_(size) {}

void FileProgress::start() {
  const std::lock_guard lock(progress_.mutex_);
  progress_.emit({ProgressKind::kStarted, path_});
}

void FileProgress::tell(bool held, bool now) {
  const std::uint64_t here = std::min(here_, size_);
  if (here <= told_) return;
  const Instant time = system_clock().now();
  if (!now && here - told_ < kTellBytes && time - last_ < kTellInterval) return;
  progress_.emit({ProgressKind::kBytes, path_, here - told_, 0, held});
  told_ = here;
  last_ = time;
}

void FileProgress::held(std::uint64_t bytes) {
  const std::lock_guard lock(progress_.mutex_);
  tell(false, true);
  here_ += bytes;
  progress_.counts_.bytes_held += bytes;
  tell(true, true);
}

void FileProgress::moved(std::uint64_t bytes, Source source) {
  const std::lock_guard lock(progress_.mutex_);
  auto& counts = progress_.counts_;
  (source == Source::kOrigin ? counts.bytes_from_origin : counts.bytes_from_peers) += bytes;
  here_ += bytes;
  tell(false, false);
}

void FileProgress::begin_anew() {
  const std::lock_guard lock(progress_.mutex_);
  tell(false, true);
  here_ = 0;
}

void FileProgress::finish() {
  const std::lock_guard lock(progress_.mutex_);
  tell(false, true);
  progress_.emit({ProgressKind::kFinished, path_});
}

}  // namespace hubdist::internal
