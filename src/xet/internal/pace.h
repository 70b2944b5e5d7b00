// How many requests are under way at once.
#pragma once

#include <cstddef>
#include <cstdint>

#include <hubdist/base/clock.h>

namespace hubdist::internal {

// Grows while more requests bring more bytes a second, and shrinks when the server or the way to it
// is overloaded. Pure: it is told the time. Not thread-safe.
class Pace {
 public:
  // At least 1.
  explicit Pace(std::size_t most);

  std::size_t limit() const { return limit_; }
  std::size_t most() const { return most_; }
  // Bytes came, with as many requests under way as the limit allows, or with fewer.
  void moved(std::uint64_t bytes, bool full, Instant now);
  // A request failed, or was told to slow down.
  void failed(Instant now);

 private:
  void end_window(Instant now);

  const std::size_t most_;
  std::size_t limit_;
  std::size_t before_;  // the limit before it grew the last time
  Instant begin_{};     // of the window; none without bytes
  bool begun_ = false;
  bool full_ = true;          // the limit was used up during the window
  std::uint64_t bytes_ = 0;   // in the window
  double best_ = 0;           // bytes a second, with a lower limit
  std::size_t patience_ = 0;  // windows to go before more is tried again
  Instant failed_{};
  bool has_failed_ = false;
};

}  // namespace hubdist::internal
