// The one policy by which hubdist tries again.
#pragma once

#include <chrono>
#include <functional>
#include <stop_token>
#include <type_traits>

#include <hubdist/base/clock.h>
#include <hubdist/base/status.h>

namespace hubdist {

// Tries again what is Unavailable or ResourceExhausted, with full jitter: before try n a random
// wait in [0, min(max_delay, base_delay * 2^n)]. A server's Retry-After or RateLimit
// (Detail::kRetryAfter) is a floor: at least that long, up to max_server_delay; a longer one ends
// the tries at once. The windows of Hugging Face's rate limits are 5 minutes long.
struct RetryPolicy {
  int max_tries = 6;
  std::chrono::milliseconds base_delay{250};
  std::chrono::milliseconds max_delay{10'000};
  std::chrono::seconds max_server_delay{600};

  // Whether a failure is worth another try at all.
  static bool retryable(const Status& status);
};

// Waits `delay`, or until a stop is asked for: then Cancelled.
using Sleeper = std::function<Status(Duration delay, std::stop_token stop)>;
Status sleep_for(Duration delay, std::stop_token stop);

// Counts tries and waits between them. `progressed()` starts the count anew: a transfer that moved
// bytes deserves its full number of tries. Each wait is logged, one of 10 s and more as a warning.
// Not thread-safe.
class Retrier {
 public:
  explicit Retrier(RetryPolicy policy, std::stop_token stop = {}, Sleeper sleeper = sleep_for);
  // After a failure: OK when another try should be made now (it has waited), else the status to
  // give up with (`failure` with the number of tries in its message, or Cancelled).
  Status again(const Status& failure);
  void progressed() { tries_ = 0; }

 private:
  RetryPolicy policy_;
  std::stop_token stop_;
  Sleeper sleeper_;
  int tries_ = 0;
};

// Calls `f` (which returns a Status or a Result) until it succeeds or the policy gives up.
template <typename F>
auto retry(const RetryPolicy& policy, std::stop_token stop, F&& f) -> decltype(f()) {
  Retrier retrier(policy, stop);
  while (true) {
    auto result = f();
    if (result.ok()) return result;
    Status failure;
    if constexpr (std::is_same_v<decltype(f()), Status>)
      failure = result;
    else
      failure = result.status();
    if (Status again = retrier.again(failure); !again.ok()) return again;
  }
}

}  // namespace hubdist
