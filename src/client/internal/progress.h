// Counts what a download moves, and tells its caller.
#pragma once

#include <mutex>
#include <string>

#include <hubdist/base/clock.h>
#include <hubdist/client/client.h>
#include <hubdist/exchange/content.h>

namespace hubdist::internal {

// One call's counts. Thread-safe; calls the sink by one thread at a time.
class Progress {
 public:
  explicit Progress(ProgressSink sink) : sink_(std::move(sink)) {}
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void planned(std::uint64_t bytes, std::uint64_t files);
  // A file that was there before anything moved.
  void held(std::string_view path, std::uint64_t bytes);
  // A file could not be checked against anything.
  void unverified();
  // Fills in the counts.
  void report(DownloadReport& report) const;

 private:
  friend class FileProgress;
  void emit(const ProgressEvent& event);  // under the mutex

  const ProgressSink sink_;
  mutable std::mutex mutex_;
  DownloadReport counts_;
};

// One file of it, from its start to its end. What is fetched a second time counts as moved, but is
// not told twice. Thread-safe.
class FileProgress {
 public:
  FileProgress(Progress& progress, std::string path, std::uint64_t size);
  void start();
  void held(std::uint64_t bytes);
  void moved(std::uint64_t bytes, Source source);
  // Everything is to be fetched again.
  void begin_anew();
  void finish();

 private:
  void tell(bool held, bool now);

  Progress& progress_;
  const std::string path_;
  const std::uint64_t size_;
  std::uint64_t here_ = 0;  // bytes here in this try
  std::uint64_t told_ = 0;  // bytes told so far
  Instant last_;            // when that was
};

}  // namespace hubdist::internal
