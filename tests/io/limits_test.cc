// Retries, memory and header fields.
#include <atomic>
#include <latch>
#include <thread>

#include <doctest/doctest.h>

#include "src/io/internal/cgroup.h"
#include "tests/support/temp_dir.h"
#include <hubdist/io/http_headers.h>
#include <hubdist/io/memory_budget.h>
#include <hubdist/io/retry.h>

namespace hubdist {
namespace {

using testing::TempDir;
using namespace std::chrono_literals;

struct Naps {
  std::vector<Duration> slept;
  Sleeper sleeper() {
    return [this](Duration delay, std::stop_token) -> Status {
      slept.push_back(delay);
      return {};
    };
  }
};

TEST_CASE("a retrier waits at most twice as long each time, and gives up") {
  Naps naps;
  RetryPolicy policy;
  policy.max_tries = 5;
  policy.base_delay = 100ms;
  policy.max_delay = 500ms;
  Retrier retrier(policy, {}, naps.sleeper());
  for (int i = 0; i < 4; ++i) CHECK(retrier.again(unavailable("down")).ok());
  const Status last = retrier.again(unavailable("down"));
  CHECK(last.code() == StatusCode::kUnavailable);
  CHECK(message(last) == "gave up after 5 tries: down");
  REQUIRE(naps.slept.size() == 4);
  const Duration most[] = {200ms, 400ms, 500ms, 500ms};
  for (int i = 0; i < 4; ++i) {
    CHECK(naps.slept[static_cast<std::size_t>(i)] <= most[i]);
    CHECK(naps.slept[static_cast<std::size_t>(i)] >= Duration::zero());
  }
}

TEST_CASE("jitter is full: waits differ and also fall into the lower half") {
  Naps naps;
  RetryPolicy policy;
  policy.max_tries = 1000;
  policy.base_delay = 1s;
  policy.max_delay = 1s;
  Retrier retrier(policy, {}, naps.sleeper());
  for (int i = 0; i < 200; ++i) CHECK(retrier.again(unavailable("")).ok());
  const auto low =
      std::count_if(naps.slept.begin(), naps.slept.end(), [](Duration d) { return d < 500ms; });
  CHECK(low > 40);
  CHECK(low < 160);
}

TEST_CASE("what will fail again is not tried again") {
  Naps naps;
  Retrier retrier({}, {}, naps.sleeper());
  for (const auto code : {StatusCode::kNotFound, StatusCode::kDataLoss, StatusCode::kAborted,
                          StatusCode::kPermissionDenied, StatusCode::kCancelled})
    CHECK(retrier.again(Status(code, "x")).code() == code);
  CHECK(naps.slept.empty());
}

TEST_CASE("a server's wish is a floor, and one too long ends the tries") {
  Naps naps;
  Retrier retrier({}, {}, naps.sleeper());
  CHECK(retrier.again(with_detail(resource_exhausted("slow"), Detail::kRetryAfter, "7")).ok());
  REQUIRE(naps.slept.size() == 1);
  CHECK(naps.slept[0] >= 7s);
  CHECK(naps.slept[0] <= 8s);
  const Status last =
      retrier.again(with_detail(resource_exhausted("slow"), Detail::kRetryAfter, "3600"));
  CHECK(last.code() == StatusCode::kResourceExhausted);
  CHECK(message(last).find("3600 s") != std::string_view::npos);
  CHECK(naps.slept.size() == 1);
}

TEST_CASE("progress gives all tries back") {
  Naps naps;
  RetryPolicy policy;
  policy.max_tries = 2;
  Retrier retrier(policy, {}, naps.sleeper());
  for (int i = 0; i < 10; ++i) {
    CHECK(retrier.again(unavailable("")).ok());
    retrier.progressed();
  }
  CHECK(retrier.again(unavailable("")).ok());
  CHECK_FALSE(retrier.again(unavailable("")).ok());
}

TEST_CASE("a stop ends a wait") {
  std::stop_source source;
  std::thread stopper([&] { source.request_stop(); });
  CHECK(sleep_for(1h, source.get_token()).code() == StatusCode::kCancelled);
  stopper.join();
  Retrier retrier({}, source.get_token());
  CHECK(retrier.again(unavailable("")).code() == StatusCode::kCancelled);
}

TEST_CASE("retry() returns the first success") {
  RetryPolicy policy;
  policy.base_delay = 0ms;
  int calls = 0;
  const auto result = retry(policy, {}, [&]() -> Result<int> {
    if (++calls < 3) return unavailable("not yet");
    return calls;
  });
  CHECK(*result == 3);
}

TEST_CASE("a memory budget blocks, cuts and cancels") {
  MemoryBudget budget(100);
  auto first = budget.take(60);
  REQUIRE(first.ok());
  CHECK(first->bytes() == 60);
  std::atomic<bool> got = false;
  std::thread waiter([&] {
    auto second = budget.take(1000);  // more than there is: cut to the whole
    CHECK(second->bytes() == 100);
    got = true;
  });
  std::stop_source source;
  source.request_stop();
  CHECK(budget.take(50, source.get_token()).status().code() == StatusCode::kCancelled);
  CHECK_FALSE(got);
  *first = MemoryBudget::Hold();
  waiter.join();
  CHECK(got);
  CHECK(budget.take(100).ok());
}

TEST_CASE("the default budget knows both versions of control groups") {
  const TempDir root;
  const auto put = [&](const Path& path, std::string_view text) {
    REQUIRE(posix_file_system().make_directories((root / path).parent_path()).ok());
    REQUIRE(write_file_atomic(posix_file_system(), root / path, as_bytes(text)).ok());
  };
  const auto limit = [&] {
    return internal::cgroup_memory_limit(posix_file_system(), root.path());
  };
  CHECK_FALSE(limit());
  SUBCASE("version 2: the smallest of the group and those around it") {
    put("proc/self/cgroup", "0::/a/b\n");
    put("sys/fs/cgroup/a/b/memory.max", "max\n");
    CHECK_FALSE(limit());
    put("sys/fs/cgroup/a/memory.max", "1048576\n");
    CHECK(limit() == 1048576u);
    put("sys/fs/cgroup/a/b/memory.max", "4096\n");
    CHECK(limit() == 4096u);
  }
  SUBCASE("version 1 inside a container, where the host's path is not there") {
    put("proc/self/cgroup", "12:cpu,cpuacct:/docker/x\n5:memory:/docker/x\n0::/\n");
    put("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
    CHECK_FALSE(limit());
    put("sys/fs/cgroup/memory/memory.limit_in_bytes", "8192\n");
    CHECK(limit() == 8192u);
  }
  SUBCASE("processor time, rounded up") {
    const auto processors = [&] {
      return internal::cgroup_cpu_limit(posix_file_system(), root.path());
    };
    put("proc/self/cgroup", "0::/a\n");
    put("sys/fs/cgroup/cpu.max", "max 100000\n");
    CHECK_FALSE(processors());
    put("sys/fs/cgroup/cpu.max", "350000 100000\n");
    put("sys/fs/cgroup/a/cpu.max", "max 100000\n");
    CHECK(processors() == 4u);
    put("sys/fs/cgroup/a/cpu.max", "1000 100000\n");
    CHECK(processors() == 1u);
    put("proc/self/cgroup", "12:cpu,cpuacct:/docker/x\n0::/none\n");
    put("sys/fs/cgroup/cpu.max", "max 100000\n");
    put("sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n");
    put("sys/fs/cgroup/cpu/cpu.cfs_quota_us", "-1\n");
    CHECK_FALSE(processors());
    put("sys/fs/cgroup/cpu/cpu.cfs_quota_us", "150000\n");
    CHECK(processors() == 2u);
  }
  CHECK(default_memory_budget() >= kMiB);
  CHECK(default_memory_budget() <= 256 * kMiB);
}

TEST_CASE("header names ignore case") {
  HttpHeaders headers{{"X-One", "1"}, {"x-one", "2"}, {"Other", "o"}};
  CHECK(headers.get("X-ONE") == "1");
  headers.set("x-One", "3");
  CHECK(headers.fields().size() == 2);
  CHECK(headers.get("x-one") == "3");
  headers.remove("OTHER");
  CHECK_FALSE(headers.get("other"));
}

TEST_CASE("links by relation") {
  CHECK(link_target(R"(<https://a/b?c=1,2>; rel="next")", "next") == "https://a/b?c=1,2");
  CHECK(link_target(R"(<a>; rel=prev, <b>;title="x, <c>; rel=next" ; REL = Next)", "next") == "b");
  CHECK(link_target(R"(<a>; rel="xet-auth other")", "other") == "a");
  CHECK_FALSE(link_target(R"(<a>; rel="xet-auth other")", "xet"));
  CHECK_FALSE(link_target(R"(<a>; rel="prev"; rel="next")", "next"));
  CHECK_FALSE(link_target("<a", "next"));
  CHECK_FALSE(link_target("", "next"));
  CHECK_FALSE(link_target(R"(<a>; title="unfinished)", "next"));
}

}  // namespace
}  // namespace hubdist
