#include "store/internal/run_recorder.h"

#include <algorithm>

namespace hubdist::internal {
namespace {
// What a kill can lose of one file, in units of kRecordSpan.
constexpr std::size_t kMaxOpenRuns = 8;
}  // namespace

RunRecorder::Run RunRecorder::take_run(std::uint64_t offset) {
  const std::lock_guard lock(mutex_);
  const auto found = runs_.find(offset);
  if (found == runs_.end()) return {offset, offset, {}};
  Run run = std::move(found->second);
  runs_.erase(found);
  return run;
}

Status RunRecorder::append(const Run& run) {
  const LogRecord record{{run.begin, run.end}, run.hasher.finish().bytes};
  return log_ ? log_->append({&record, 1}) : Status();
}

Status RunRecorder::add(std::uint64_t offset, ByteView bytes) {
  {
    const std::lock_guard lock(mutex_);
    if (!log_) return {};
  }
  Run run = take_run(offset);
  while (!bytes.empty()) {
    const std::uint64_t boundary = (run.end / kRecordSpan + 1) * kRecordSpan;
    const ByteView part = bytes.first(std::min<std::uint64_t>(bytes.size(), boundary - run.end));
    run.hasher.update(part);
    run.end += part.size();
    bytes = bytes.subspan(part.size());
    if (run.end == boundary) {
      const std::lock_guard lock(mutex_);
      HUBDIST_TRY(append(run));
      run = {boundary, boundary, {}};
    }
  }
  if (run.begin == run.end) return {};
  const std::lock_guard lock(mutex_);
  if (const auto other = runs_.find(run.end); other != runs_.end()) {
    HUBDIST_TRY(append(other->second));
    runs_.erase(other);
  }
  runs_.emplace(run.end, std::move(run));
  return runs_.size() > kMaxOpenRuns ? flush_locked() : Status();
}

Status RunRecorder::add_chunk(std::uint64_t offset, const Chunk& chunk) {
  const std::lock_guard lock(mutex_);
  if (!log_) return {};
  chunks_.push_back({{offset, offset + chunk.size}, chunk.hash.bytes, true});
  chunk_bytes_ += chunk.size;
  return chunk_bytes_ < kRecordSpan ? Status() : append_chunks();
}

Status RunRecorder::append_chunks() {
  if (log_ && !chunks_.empty()) HUBDIST_TRY(log_->append(chunks_));
  chunks_.clear();
  chunk_bytes_ = 0;
  return {};
}

Status RunRecorder::flush_locked() {
  HUBDIST_TRY(append_chunks());
  for (const auto& [end, run] : runs_) HUBDIST_TRY(append(run));
  runs_.clear();
  return {};
}

Status RunRecorder::flush() {
  const std::lock_guard lock(mutex_);
  return flush_locked();
}

void RunRecorder::restart(std::optional<RecordLog> log) {
  const std::lock_guard lock(mutex_);
  runs_.clear();
  chunks_.clear();
  chunk_bytes_ = 0;
  log_ = std::move(log);
}

}  // namespace hubdist::internal
