// How far long work is: a pure account of its events, and how one line shows it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <utility>

#include <hubdist/base/clock.h>
#include <hubdist/client/client.h>

namespace hubdist::cli {

// Not thread-safe.
class ProgressState {
 public:
  void apply(const ProgressEvent& event, Instant now);

  bool planned() const { return planned_; }
  std::uint64_t total_bytes() const { return total_bytes_; }
  std::uint64_t total_files() const { return total_files_; }
  std::uint64_t done_files() const { return done_files_; }
  // Here by now, received or held; a file that was read again counts once.
  std::uint64_t done_bytes() const;
  // That moved for this download, again or not.
  std::uint64_t moved_bytes() const { return moved_bytes_; }
  // Of one file; 0 for a file that was not started.
  std::uint64_t file_bytes(std::string_view path) const;
  // Bytes a second over the last seconds; 0 when nothing moves.
  double rate(Instant now) const;

 private:
  bool planned_ = false;
  std::uint64_t total_bytes_ = 0;
  std::uint64_t total_files_ = 0;
  std::uint64_t done_files_ = 0;
  std::uint64_t arrived_bytes_ = 0;
  std::uint64_t moved_bytes_ = 0;
  std::map<std::string, std::uint64_t, std::less<>> files_;
  std::deque<std::pair<Instant, std::uint64_t>> samples_;  // moved_bytes_ at a moment
};

// One line of at most `width` columns, without an end: what is done (where there is room), then
// percentage, bar, bytes, rate, time left, and files where they are counted.
std::string progress_line(const ProgressState& state, Instant now, std::size_t width,
                          std::string_view phase = {});

}  // namespace hubdist::cli
