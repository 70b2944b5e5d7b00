// A bounded pool of threads, and groups of tasks that fail together.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <stop_token>

#include <hubdist/base/status.h>

namespace hubdist {

// Threads start when first needed and end with the executor, which waits for its tasks.
// Thread-safe. A task must not wait for another task of the same executor.
class Executor {
 public:
  // At most `threads` tasks run and `queue` wait; submit() blocks its caller when both are full.
  explicit Executor(std::size_t threads, std::size_t queue = 1024);
  ~Executor();
  Executor(const Executor&) = delete;
  Executor& operator=(const Executor&) = delete;
  void submit(std::function<void()> task);
  std::size_t threads() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Tasks on an executor of which the first failure stops the others. run() and wait() belong to one
// thread, but a task of the group may run() others; the tasks run on the executor's threads.
class TaskGroup {
 public:
  // Stops when `parent` does.
  TaskGroup(Executor& executor, std::stop_token parent = {});
  ~TaskGroup();  // stops and waits
  // Starts a task; skipped when the group has failed or stopped already.
  void run(std::function<Status(std::stop_token)> task);
  // Waits for all tasks: the first failure, or Cancelled when the parent stopped, or OK.
  Status wait();

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace hubdist
