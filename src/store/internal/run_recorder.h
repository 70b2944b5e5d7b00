// Turns the writes of several streams into log records.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <vector>

#include "store/internal/record_log.h"
#include <hubdist/core/merkle.h>

namespace hubdist::internal {

// Follows each run of bytes that arrive one after another and appends a record for every aligned
// kRecordSpan of it. Thread-safe; hashing is done outside the lock.
class RunRecorder {
 public:
  explicit RunRecorder(std::optional<RecordLog> log) : log_(std::move(log)) {}

  // `bytes` are in the file at `offset`. Without a log nothing is done.
  Status add(std::uint64_t offset, ByteView bytes);
  // The same for one chunk of Xet storage: its hash is the record's, so nothing is hashed here.
  // Records are written kRecordSpan bytes of content at a time.
  Status add_chunk(std::uint64_t offset, const Chunk& chunk);
  // Records the runs that are still short.
  Status flush();
  // Forgets the runs and goes on with another log.
  void restart(std::optional<RecordLog> log);

 private:
  struct Run {
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
    Blake3Hasher hasher;
  };
  Run take_run(std::uint64_t offset);
  Status append(const Run& run);
  Status append_chunks();
  Status flush_locked();

  std::mutex mutex_;
  std::optional<RecordLog> log_;
  std::map<std::uint64_t, Run> runs_;  // by their end
  std::vector<LogRecord> chunks_;      // that are not in the log
  std::uint64_t chunk_bytes_ = 0;      // in them
};

}  // namespace hubdist::internal
