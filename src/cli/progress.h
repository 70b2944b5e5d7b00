// Shows long work while it runs: a bar on a terminal, lines elsewhere, JSON for programs.
#pragma once

#include <cstdio>
#include <mutex>
#include <string_view>
#include <thread>

#include "cli/progress_state.h"
#include <hubdist/client/client.h>

namespace hubdist::cli {

enum class ProgressMode { kBar, kLines, kJson, kQuiet };

// The mode for standard error: a bar where it is a terminal that can move its cursor.
ProgressMode progress_mode(bool quiet, bool json);

// Thread-safe. The bar and the lines go to standard error, JSON events to standard output, one
// object a line:
//   {"event":"planned","files":12,"bytes":960000000}
//   {"event":"started","path":"model.safetensors"}
//   {"event":"progress","files":3,"bytes":412000000,"bytes_moved":412000000,"rate":312000000}
//   {"event":"finished","path":"model.safetensors","bytes":90868376}
// "progress" comes at most twice a second; rate is in bytes a second. Work without files to count
// (kPlanned says 0) leaves "files" and "bytes_moved" out.
class ProgressReport {
 public:
  explicit ProgressReport(ProgressMode mode);
  ~ProgressReport();  // finish()
  ProgressReport(const ProgressReport&) = delete;
  ProgressReport& operator=(const ProgressReport&) = delete;

  // What follows is counted anew, under this name: {"event":"phase","phase":...,"source":...}, the
  // source only where there is one.
  void begin(std::string_view phase, std::string_view source = {});
  ProgressSink sink();
  // A line for people, above the bar where there is one.
  void note(std::string_view line);
  // Takes the bar away; later events show nothing.
  void finish();
  std::uint64_t bytes_here() const;

 private:
  void apply(const ProgressEvent& event);
  void draw();
  void clear_bar();
  void run(std::stop_token stop);
  void write_json(const ProgressEvent& event);
  void write_line(const ProgressEvent& event);

  const ProgressMode mode_;
  mutable std::mutex mutex_;
  ProgressState state_;
  std::string phase_;
  std::uint64_t drawn_bytes_ = 0;
  bool bar_drawn_ = false;
  bool plan_told_ = false;  // a pipe is planned again and again
  bool finished_ = false;
  std::jthread ticker_;
};

// While it lives, what the library logs is shown above the bar.
class LogThroughProgress {
 public:
  explicit LogThroughProgress(ProgressReport& progress);
  ~LogThroughProgress();
  LogThroughProgress(const LogThroughProgress&) = delete;
  LogThroughProgress& operator=(const LogThroughProgress&) = delete;
};

}  // namespace hubdist::cli
