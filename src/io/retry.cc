#include <algorithm>
#include <charconv>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <random>

#include <hubdist/base/log.h>
#include <hubdist/io/retry.h>

namespace hubdist {
namespace {

// The operating system's own randomness: a generator with a state would be copied by fork, and the
// children of one process would then all come back at the same moment.
Duration random_up_to(Duration most) {
  if (most <= Duration::zero()) return Duration::zero();
  std::random_device source;
  return Duration(std::uniform_int_distribution<Duration::rep>(0, most.count())(source));
}

// min(max_delay, base_delay * 2^tries), without overflow.
Duration ceiling(const RetryPolicy& policy, int tries) {
  Duration delay = policy.base_delay;
  for (int i = 0; i < tries && delay < policy.max_delay; ++i) delay *= 2;
  return std::min<Duration>(delay, policy.max_delay);
}

std::optional<std::chrono::seconds> server_delay(const Status& failure) {
  const auto text = detail(failure, Detail::kRetryAfter);
  if (!text) return std::nullopt;
  long long value = 0;
  const auto parsed = std::from_chars(text->data(), text->data() + text->size(), value);
  if (parsed.ec != std::errc() || value < 0) return std::nullopt;
  return std::chrono::seconds(value);
}

// From here on a person wonders what is going on.
constexpr std::chrono::seconds kLongWait{10};

void tell(const Status& failure, Duration delay) {
  const auto tenths = std::chrono::ceil<std::chrono::duration<int, std::deci>>(delay).count();
  log(delay >= kLongWait ? LogLevel::kWarning : LogLevel::kInfo, message(failure),
      "; trying again in ", tenths / 10, ".", tenths % 10, " s");
}

Status after_tries(const Status& failure, int tries) {
  return tries < 2 ? failure : with_context(failure, concat("gave up after ", tries, " tries"));
}

}  // namespace

bool RetryPolicy::retryable(const Status& status) {
  return status.code() == StatusCode::kUnavailable ||
         status.code() == StatusCode::kResourceExhausted;
}

Status sleep_for(Duration delay, std::stop_token stop) {
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock(mutex);
  never.wait_for(lock, stop, delay, [] { return false; });
  if (stop.stop_requested()) return cancelled("stopped while waiting to try again");
  return {};
}

Retrier::Retrier(RetryPolicy policy, std::stop_token stop, Sleeper sleeper)
    : policy_(policy), stop_(std::move(stop)), sleeper_(std::move(sleeper)) {}

Status Retrier::again(const Status& failure) {
  if (stop_.stop_requested()) return cancelled("stopped on request");
  ++tries_;
  if (!RetryPolicy::retryable(failure) || tries_ >= policy_.max_tries)
    return after_tries(failure, tries_);
  Duration delay = random_up_to(ceiling(policy_, tries_));
  if (const auto floor = server_delay(failure)) {
    if (*floor > policy_.max_server_delay)
      return with_context(
          failure, concat("the server asks to wait ", floor->count(),
                          " s, longer than the limit of ", policy_.max_server_delay.count(), " s"));
    // The jitter goes on top: clients that were told the same second come back apart.
    delay = *floor + random_up_to(std::min<Duration>(ceiling(policy_, tries_), *floor / 10));
  }
  tell(failure, delay);
  return sleeper_(delay, stop_);
}

}  // namespace hubdist
