// Tasks on an executor whose results are wanted in the order in which they were started.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <stop_token>
#include <utility>

#include <hubdist/base/status.h>
#include <hubdist/io/executor.h>

namespace hubdist::internal {

// For one thread; the tasks run on the executor's. When it goes, it asks running tasks to stop and
// waits for them.
template <typename T>
class TaskQueue {
 public:
  // Gets a token that asks it to stop when nobody wants its result any more.
  using Task = std::function<Result<T>(std::stop_token)>;

  explicit TaskQueue(Executor& executor) : executor_(executor) {}
  TaskQueue(const TaskQueue&) = delete;
  TaskQueue& operator=(const TaskQueue&) = delete;
  ~TaskQueue() {
    unwanted_.request_stop();
    for (const auto& task : started_) wait(*task);
  }

  bool empty() const { return started_.empty(); }
  std::size_t size() const { return started_.size(); }

  void start(Task task) {
    started_.push_back(std::make_shared<Started>());
    executor_.submit([started = started_.back(), task = std::move(task),
                      stop = unwanted_.get_token()]() mutable {
      Result<T> result = stop.stop_requested() ? cancelled("not wanted any more") : task(stop);
      task = nullptr;  // what it holds goes before anybody goes on
      const std::lock_guard lock(started->mutex);
      started->result = std::move(result);
      started->done = true;
      started->changed.notify_all();
    });
  }

  // The result of the oldest task; waits for it. There must be one.
  Result<T> next() {
    const std::shared_ptr<Started> task = std::move(started_.front());
    started_.pop_front();
    wait(*task);
    return std::move(task->result);
  }

 private:
  struct Started {
    std::mutex mutex;
    std::condition_variable changed;
    bool done = false;
    Result<T> result = cancelled("not done");
  };
  static void wait(Started& task) {
    std::unique_lock lock(task.mutex);
    task.changed.wait(lock, [&] { return task.done; });
  }

  Executor& executor_;
  std::stop_source unwanted_;
  std::deque<std::shared_ptr<Started>> started_;
};

}  // namespace hubdist::internal
