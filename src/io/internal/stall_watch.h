// Notices a transfer that has become too slow.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

#include <hubdist/base/clock.h>

namespace hubdist::internal {

// Counts only the time that was spent waiting for the network: a sink that blocks (a slow disk, a
// memory budget) does not make its own server look slow. Pure; not thread-safe.
class StallWatch {
 public:
  StallWatch(Duration limit, std::uint64_t bytes_per_second)
      : limit_(limit), slowest_(bytes_per_second), step_(std::min<Duration>(kStep, limit / 4)) {}

  void add_bytes(std::uint64_t count) { bytes_ += count; }
  // The network was waited for; true when it has been too slow for the whole limit.
  bool waited(Duration time) {
    step_waited_ += time;
    if (step_waited_ < step_) return false;
    const bool slow =
        static_cast<double>(bytes_) < static_cast<double>(slowest_) * seconds(step_waited_);
    slow_for_ = slow ? slow_for_ + step_waited_ : Duration::zero();
    step_waited_ = Duration::zero();
    bytes_ = 0;
    return limit_ > Duration::zero() && slow_for_ >= limit_;
  }
  // How long a wait may last before waited() should be told.
  Duration step() const { return step_ > Duration::zero() ? step_ : kStep; }

 private:
  static constexpr Duration kStep = std::chrono::seconds(1);

  const Duration limit_;
  const std::uint64_t slowest_;
  const Duration step_;
  Duration step_waited_{};
  Duration slow_for_{};
  std::uint64_t bytes_ = 0;
};

}  // namespace hubdist::internal
