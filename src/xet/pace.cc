#include "xet/internal/pace.h"

#include <algorithm>

namespace hubdist::internal {
namespace {

constexpr std::size_t kFirst = 4;
constexpr Duration kWindow = std::chrono::milliseconds(500);
// What more requests must bring to be worth it, and how long they are not tried when they are not.
constexpr double kWorthIt = 1.1;
constexpr std::size_t kPatience = 10;
// Failures that come together are one.
constexpr Duration kOneFailure = std::chrono::seconds(1);

}  // namespace

Pace::Pace(std::size_t most)
    : most_(std::max<std::size_t>(most, 1)), limit_(std::min(kFirst, most_)), before_(limit_) {}

void Pace::moved(std::uint64_t bytes, bool full, Instant now) {
  if (!begun_) {
    begun_ = true;
    begin_ = now;
    bytes_ = 0;
    full_ = true;
  }
  bytes_ += bytes;
  full_ = full_ && full;
  if (now - begin_ >= kWindow) end_window(now);
}

void Pace::end_window(Instant now) {
  const double rate = static_cast<double>(bytes_) / seconds(now - begin_);
  begun_ = false;
  if (!full_) return;  // more leave would change nothing
  if (patience_ > 0) {
    --patience_;
    return;
  }
  if (rate > best_ * kWorthIt) {
    best_ = rate;
    before_ = limit_;
    limit_ = std::min(most_, limit_ + std::max<std::size_t>(limit_ / 2, 1));
  } else {
    limit_ = before_;  // the last growth brought nothing
    best_ = 0;
    patience_ = kPatience;
  }
}

void Pace::failed(Instant now) {
  begun_ = false;
  best_ = 0;
  patience_ = kPatience;
  if (has_failed_ && now - failed_ < kOneFailure) return;
  has_failed_ = true;
  failed_ = now;
  limit_ = std::max<std::size_t>(limit_ / 2, 1);
  before_ = limit_;
}

}  // namespace hubdist::internal
