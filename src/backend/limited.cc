#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <utility>

#include <hubdist/backend/decorators.h>
#include <hubdist/backend/forwarding.h>
#include <hubdist/base/clock.h>

namespace hubdist {
namespace {

// Hands out a bounded number of places; a caller waits until one is free.
class Places {
 public:
  explicit Places(std::size_t count) : free_(count) {}

  Status take(std::stop_token stop) {
    std::unique_lock lock(mutex_);
    if (!changed_.wait(lock, stop, [&] { return free_ > 0; }))
      return cancelled("stopped while waiting for a free place at the origin");
    --free_;
    return {};
  }
  void give_back() {
    {
      const std::lock_guard lock(mutex_);
      ++free_;
    }
    changed_.notify_one();
  }

 private:
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::size_t free_;
};

// Spreads bytes over time: each caller books its bytes behind those booked before.
class Pace {
 public:
  explicit Pace(std::uint64_t bytes_per_second) : rate_(bytes_per_second) {}

  Status pass(std::size_t bytes, std::stop_token stop) {
    const auto cost = std::chrono::duration_cast<Duration>(
        std::chrono::duration<double>(static_cast<double>(bytes) / static_cast<double>(rate_)));
    const Instant now = system_clock().now();
    Instant turn;
    {
      const std::lock_guard lock(mutex_);
      turn = std::max(booked_until_, now);
      booked_until_ = turn + cost;
    }
    return turn > now ? sleep_for(turn - now, stop) : Status();
  }

 private:
  const std::uint64_t rate_;
  std::mutex mutex_;
  Instant booked_until_{};
};

class LimitedBackend final : public ForwardingBackend {
 public:
  LimitedBackend(std::shared_ptr<Backend> inner, BackendLimits limits)
      : ForwardingBackend(std::move(inner)),
        limits_(limits),
        places_(limits.parallel_calls),
        pace_(limits.bytes_per_second) {}

  Result<ObjectInfo> stat(const Uri& uri, std::stop_token stop) override {
    return placed<Result<ObjectInfo>>(stop, [&] { return inner_->stat(uri, stop); });
  }
  Result<ListPage> list(const Uri& uri, const std::string& page, std::stop_token stop) override {
    return placed<Result<ListPage>>(stop, [&] { return inner_->list(uri, page, stop); });
  }
  Result<bool> exists(const Uri& uri, std::stop_token stop) override {
    return placed<Result<bool>>(stop, [&] { return inner_->exists(uri, stop); });
  }
  Status put(const Uri& uri, std::uint64_t size, const BodySource& source,
             std::stop_token stop) override {
    return placed<Status>(stop, [&] { return inner_->put(uri, size, source, stop); });
  }
  Status read(const Uri& uri, ByteRange range, const BodySink& sink,
              std::stop_token stop) override {
    return read_version(uri, {}, range, sink, std::move(stop));
  }
  Status read_version(const Uri& uri, std::string_view etag, ByteRange range, const BodySink& sink,
                      std::stop_token stop) override {
    const BodySink paced = [&](ByteView bytes) -> Status {
      if (limits_.bytes_per_second > 0) HUBDIST_TRY(pace_.pass(bytes.size(), stop));
      return sink(bytes);
    };
    return placed<Status>(stop,
                          [&] { return inner_->read_version(uri, etag, range, paced, stop); });
  }

 private:
  template <typename T, typename F>
  T placed(std::stop_token stop, F&& call) {
    if (limits_.parallel_calls == 0) return call();
    HUBDIST_TRY(places_.take(stop));
    T result = call();
    places_.give_back();
    return result;
  }

  const BackendLimits limits_;
  Places places_;
  Pace pace_;
};

}  // namespace

std::shared_ptr<Backend> make_limited(std::shared_ptr<Backend> inner, BackendLimits limits) {
  return std::make_shared<LimitedBackend>(std::move(inner), limits);
}

}  // namespace hubdist
