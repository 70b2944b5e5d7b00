#include <atomic>
#include <condition_variable>
#include <latch>
#include <mutex>
#include <stdexcept>
#include <thread>

#include <doctest/doctest.h>

#include <hubdist/io/executor.h>

namespace hubdist {
namespace {

TEST_CASE("an executor finishes what it was given before it goes") {
  std::atomic<int> done = 0;
  {
    Executor executor(3, 4);
    for (int i = 0; i < 200; ++i) executor.submit([&] { ++done; });
  }
  CHECK(done == 200);
}

TEST_CASE("an executor runs as many tasks at once as it has threads, and no more") {
  Executor executor(4, 100);
  std::latch all_in(4);
  std::atomic<int> now = 0;
  std::atomic<int> most = 0;
  TaskGroup group(executor);
  for (int i = 0; i < 40; ++i) {
    group.run([&, i](std::stop_token) -> Status {
      const int here = ++now;
      for (int seen = most; here > seen && !most.compare_exchange_weak(seen, here);) {
      }
      if (i < 4) all_in.arrive_and_wait();  // passes only when four tasks run together
      --now;
      return {};
    });
  }
  CHECK(group.wait().ok());
  CHECK(most == 4);
}

TEST_CASE("submit waits while the queue is full") {
  Executor executor(1, 1);
  std::latch go(1);
  std::atomic<bool> third_accepted = false;
  executor.submit([&] { go.wait(); });
  executor.submit([] {});
  std::thread caller([&] {
    executor.submit([] {});
    third_accepted = true;
  });
  CHECK_FALSE(third_accepted);
  go.count_down();
  caller.join();
  CHECK(third_accepted);
}

TEST_CASE("the first failure stops the group and is its result") {
  Executor executor(2);
  TaskGroup group(executor);
  std::atomic<int> ran = 0;
  std::latch waiting(1);
  group.run([&](std::stop_token stop) -> Status {
    std::mutex mutex;
    std::condition_variable_any never;
    std::unique_lock lock(mutex);
    waiting.count_down();
    never.wait(lock, stop, [] { return false; });
    return cancelled("told to stop");
  });
  waiting.wait();
  group.run([&](std::stop_token) -> Status { return data_loss("broken"); });
  CHECK(group.wait().code() == StatusCode::kDataLoss);
  group.run([&](std::stop_token) -> Status {
    ++ran;
    return {};
  });
  CHECK(group.wait().code() == StatusCode::kDataLoss);
  CHECK(ran == 0);
}

TEST_CASE("a stop of the parent ends the group as Cancelled") {
  Executor executor(1);
  std::stop_source parent;
  TaskGroup group(executor, parent.get_token());
  std::atomic<int> ran = 0;
  parent.request_stop();
  group.run([&](std::stop_token) -> Status {
    ++ran;
    return {};
  });
  CHECK(group.wait().code() == StatusCode::kCancelled);
  CHECK(ran == 0);
}

TEST_CASE("an exception inside a task becomes its status") {
  Executor executor(1);
  TaskGroup group(executor);
  group.run([](std::stop_token) -> Status { throw std::runtime_error("boom"); });
  const Status result = group.wait();
  CHECK(result.code() == StatusCode::kInternal);
  CHECK(message(result).find("boom") != std::string_view::npos);
}

TEST_CASE("what a task holds is gone when wait() returns") {
  Executor executor(2);
  for (int i = 0; i < 50; ++i) {
    auto held = std::make_shared<int>(1);
    TaskGroup group(executor);
    group.run([held](std::stop_token) -> Status { return {}; });
    CHECK(group.wait().ok());
    CHECK(held.use_count() == 1);
  }
}

}  // namespace
}  // namespace hubdist
