// Time, behind an interface, so that state machines and tests can run in time of their own.
#pragma once

#include <chrono>

namespace hubdist {

using Duration = std::chrono::nanoseconds;
// A point on a clock that never goes back; unrelated to the time of day.
using Instant = std::chrono::time_point<std::chrono::steady_clock, Duration>;
using WallTime = std::chrono::time_point<std::chrono::system_clock>;

// Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual Instant now() const = 0;
  virtual WallTime wall_time() const = 0;
};

// The machine's own clock; lives for ever.
const Clock& system_clock();

inline double seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

}  // namespace hubdist
