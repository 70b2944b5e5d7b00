#include <atomic>
#include <latch>
#include <thread>

#include <doctest/doctest.h>

#include "tests/support/memory_backend.h"
#include <hubdist/backend/decorators.h>
#include <hubdist/backend/forwarding.h>
#include <hubdist/backend/registry.h>

namespace hubdist {
namespace {

using testing::MemoryBackend;
using namespace std::chrono_literals;

const Uri kHere = *parse_uri("memory://place/f");

// Counts calls and lets a function look at each read first.
class Watched final : public ForwardingBackend {
 public:
  using ForwardingBackend::ForwardingBackend;
  std::function<Status(ByteRange, const BodySink&)> before_read;
  std::atomic<int> reads = 0;
  std::atomic<int> stats = 0;
  std::vector<ByteRange> ranges;

  Result<ObjectInfo> stat(const Uri& uri, std::stop_token stop) override {
    if (++stats < 3) return unavailable("busy");
    return inner_->stat(uri, stop);
  }
  Status read(const Uri& uri, ByteRange range, const BodySink& sink,
              std::stop_token stop) override {
    ++reads;
    ranges.push_back(range);
    if (before_read) HUBDIST_TRY(before_read(range, sink));
    return inner_->read(uri, range, sink, stop);
  }
};

std::shared_ptr<MemoryBackend> memory() {
  auto backend = std::make_shared<MemoryBackend>();
  backend->set("f", "0123456789");
  return backend;
}

Sleeper no_sleep() {
  return [](Duration, std::stop_token) { return Status(); };
}

struct Sink {
  std::string got;
  BodySink sink() {
    return [this](ByteView bytes) -> Status {
      got += as_text(bytes);
      return {};
    };
  }
};

TEST_CASE("a read goes on at the byte where it broke off") {
  const auto watched = std::make_shared<Watched>(memory());
  watched->before_read = [&](ByteRange range, const BodySink& sink) -> Status {
    if (range.begin >= 6) return {};
    HUBDIST_TRY(sink(as_bytes(std::string_view("0123456789").substr(range.begin, 2))));
    return unavailable("cut");
  };
  const auto backend = make_retrying(watched, {}, no_sleep());
  Sink sink;
  CHECK(backend->read(kHere, {0, 10}, sink.sink(), {}).ok());
  CHECK(sink.got == "0123456789");
  CHECK(watched->ranges == std::vector<ByteRange>{{0, 10}, {2, 10}, {4, 10}, {6, 10}});
}

TEST_CASE("tries count anew after progress, and end without it") {
  const auto watched = std::make_shared<Watched>(memory());
  RetryPolicy policy;
  policy.max_tries = 3;
  int moved = 0;
  watched->before_read = [&](ByteRange range, const BodySink& sink) -> Status {
    if (moved++ % 2 == 0 && range.begin < 5)
      HUBDIST_TRY(sink(as_bytes(std::string_view("0123456789").substr(range.begin, 1))));
    return unavailable("cut");
  };
  Sink sink;
  const Status status =
      make_retrying(watched, policy, no_sleep())->read(kHere, {0, 10}, sink.sink(), {});
  CHECK(status.code() == StatusCode::kUnavailable);
  CHECK(sink.got == "01234");
  // Every second try moves a byte; after the fifth nothing moves, and the third failure since ends.
  CHECK(watched->reads == 11);
}

TEST_CASE("facts are asked again; what will not change is not") {
  const auto watched = std::make_shared<Watched>(memory());
  const auto backend = make_retrying(watched, {}, no_sleep());
  CHECK(backend->stat(kHere, {})->size == 10);
  CHECK(watched->stats == 3);
  CHECK(backend->stat(*parse_uri("memory://place/none"), {}).status().code() ==
        StatusCode::kNotFound);
  CHECK(watched->stats == 4);
}

TEST_CASE("a failure of the sink is final, whatever its code") {
  const auto watched = std::make_shared<Watched>(memory());
  const auto backend = make_retrying(watched, {}, no_sleep());
  const auto full = [](ByteView) -> Status { return unavailable("the sink's own"); };
  CHECK(message(backend->read(kHere, {0, 10}, full, {})) == "the sink's own");
  CHECK(watched->reads == 1);
}

TEST_CASE("a resumed read stays with its version") {
  const auto inner = memory();
  const std::string etag = inner->stat(kHere, {})->etag;
  class Cut final : public ForwardingBackend {
   public:
    using ForwardingBackend::ForwardingBackend;
    std::function<void()> on_cut;
    Status read_version(const Uri& uri, std::string_view wanted, ByteRange range,
                        const BodySink& sink, std::stop_token stop) override {
      if (range.begin > 0) return inner_->read_version(uri, wanted, range, sink, stop);
      HUBDIST_TRY(inner_->read_version(uri, wanted, {0, 4}, sink, stop));
      on_cut();
      return unavailable("cut");
    }
  };
  const auto cut = std::make_shared<Cut>(inner);
  cut->on_cut = [&] { inner->set("f", "ABCDEFGHIJ"); };
  Sink sink;
  CHECK(make_retrying(cut, {}, no_sleep())
            ->read_version(kHere, etag, {0, 10}, sink.sink(), {})
            .code() == StatusCode::kAborted);
  CHECK(sink.got == "0123");
}

TEST_CASE("no more calls at once than allowed, and a waiting call can be stopped") {
  const auto watched = std::make_shared<Watched>(memory());
  std::latch inside(1);
  std::latch leave(1);
  watched->before_read = [&](ByteRange, const BodySink&) -> Status {
    inside.count_down();
    leave.wait();
    return {};
  };
  const auto backend = make_limited(watched, {.parallel_calls = 1, .bytes_per_second = 0});
  std::thread first([&] {
    Sink sink;
    CHECK(backend->read(kHere, {0, 10}, sink.sink(), {}).ok());
  });
  inside.wait();
  std::stop_source source;
  std::thread stopper([&] { source.request_stop(); });
  CHECK(backend->stat(kHere, source.get_token()).status().code() == StatusCode::kCancelled);
  stopper.join();
  leave.count_down();
  first.join();
  CHECK(watched->reads == 1);
  CHECK(watched->stats == 0);
}

TEST_CASE("bytes pass at the pace that was set") {
  const auto inner = std::make_shared<MemoryBackend>();
  inner->set("f", std::string(100'000, 'x'));
  const auto backend = make_limited(inner, {.parallel_calls = 0, .bytes_per_second = 500'000});
  const auto begin = std::chrono::steady_clock::now();
  Sink sink;
  CHECK(backend->read(kHere, {0, 100'000}, sink.sink(), {}).ok());
  const auto took = std::chrono::steady_clock::now() - begin;
  CHECK(took >= 170ms);  // 200 ms less the last delivery, which nobody waits for
  CHECK(sink.got.size() == 100'000);
}

TEST_CASE("the same seed makes the same faults") {
  const auto run = [](std::uint64_t seed) {
    const auto backend = make_faulty(memory(), {.seed = seed, .fail = 300, .cut = 300});
    std::string seen;
    for (int i = 0; i < 100; ++i) {
      Sink sink;
      const Status status = backend->read(kHere, {0, 10}, sink.sink(), {});
      CHECK((status.ok() || status.code() == StatusCode::kUnavailable));
      CHECK(std::string("0123456789").starts_with(sink.got));
      CHECK(status.ok() == (sink.got.size() == 10));
      seen += concat(sink.got.size(), status.ok() ? "+" : "-");
    }
    return seen;
  };
  CHECK(run(1) == run(1));
  CHECK(run(1) != run(2));
  CHECK(run(1).find("0-") != std::string::npos);
  CHECK(run(1).find("10+") != std::string::npos);
}

TEST_CASE("the registry finds by scheme, and says what it knows") {
  BackendRegistry registry;
  const auto backend = memory();
  CHECK(registry.add("", backend).code() == StatusCode::kInvalidArgument);
  CHECK(registry.add("3x", backend).code() == StatusCode::kInvalidArgument);
  CHECK(registry.add("a://", backend).code() == StatusCode::kInvalidArgument);
  CHECK(registry.add("memory", nullptr).code() == StatusCode::kInvalidArgument);
  CHECK(registry.add("memory", backend).ok());
  CHECK(registry.add("x+y-z.1", backend).ok());
  CHECK(*registry.find(kHere) == backend);
  const Status missing = registry.find(*parse_uri("s3://bucket/key")).status();
  CHECK(missing.code() == StatusCode::kUnimplemented);
  CHECK(message(missing).find("s3://") != std::string_view::npos);
  CHECK(message(missing).find("memory://") != std::string_view::npos);
  const auto other = memory();
  CHECK(registry.add("memory", other).ok());
  CHECK(*registry.find(kHere) == other);
}

// A listing that comes back to its own page, one that changes its commit, and one without end.
class BadListing final : public ForwardingBackend {
 public:
  BadListing(std::function<ListPage(const std::string&)> pages)
      : ForwardingBackend(std::make_shared<MemoryBackend>()), pages_(std::move(pages)) {}
  Result<ListPage> list(const Uri&, const std::string& page, std::stop_token) override {
    return pages_(page);
  }

 private:
  std::function<ListPage(const std::string&)> pages_;
};

TEST_CASE("listings that cannot be right end") {
  const auto listed = [](std::function<ListPage(const std::string&)> pages) {
    BadListing backend(std::move(pages));
    return list_snapshot(backend, kHere, {}).status().code();
  };
  CHECK(listed([](const std::string&) {
          return ListPage{{}, "again", ""};
        }) == StatusCode::kDataLoss);
  CHECK(listed([](const std::string& page) {
          return ListPage{{}, page.empty() ? "2" : "", page.empty() ? "one" : "two"};
        }) == StatusCode::kAborted);
  int file = 0;
  CHECK(listed([&](const std::string&) {
          ListPage page;
          for (int i = 0; i < 10'000; ++i)
            page.entries.push_back({concat("f", ++file), 1, {}, "e", false});
          page.next = concat(file);
          return page;
        }) == StatusCode::kFailedPrecondition);
  const std::uint64_t pebibyte = std::uint64_t{1} << 50;
  CHECK(listed([&](const std::string&) {
          return ListPage{{{"a", pebibyte, {}, "", false}}, "", ""};
        }) == StatusCode::kOk);
  CHECK(listed([&](const std::string&) {
          return ListPage{{{"a", pebibyte + 1, {}, "", false}}, "", ""};
        }) == StatusCode::kDataLoss);
}

}  // namespace
}  // namespace hubdist
