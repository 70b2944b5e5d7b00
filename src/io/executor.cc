#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

#include <hubdist/io/executor.h>

namespace hubdist {

struct Executor::Impl {
  Impl(std::size_t threads, std::size_t queue)
      : max_threads(threads ? threads : 1), max_queue(queue ? queue : 1) {}

  void run() {
    std::unique_lock lock(mutex);
    while (true) {
      ++idle;
      changed.wait(lock, [&] { return ending || !tasks.empty(); });
      --idle;
      if (tasks.empty()) return;
      auto task = std::move(tasks.front());
      tasks.pop_front();
      room.notify_one();
      lock.unlock();
      task();
      task = nullptr;  // what it holds goes before the lock is taken
      lock.lock();
    }
  }

  void add_worker() {
    try {
      workers.emplace_back([this] { run(); });
    } catch (const std::system_error&) {
      // Out of threads: those that run already take the task.
    }
  }

  const std::size_t max_threads;
  const std::size_t max_queue;
  std::mutex mutex;
  std::condition_variable changed;  // a task came, or the end
  std::condition_variable room;     // the queue got shorter
  std::deque<std::function<void()>> tasks;
  std::vector<std::thread> workers;
  std::size_t idle = 0;
  bool ending = false;
};

Executor::Executor(std::size_t threads, std::size_t queue)
    : impl_(std::make_unique<Impl>(threads, queue)) {}

Executor::~Executor() {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->ending = true;
  }
  impl_->changed.notify_all();
  for (std::thread& worker : impl_->workers) worker.join();
}

void Executor::submit(std::function<void()> task) {
  std::unique_lock lock(impl_->mutex);
  impl_->room.wait(lock, [&] { return impl_->tasks.size() < impl_->max_queue; });
  impl_->tasks.push_back(std::move(task));
  if (impl_->idle < impl_->tasks.size() && impl_->workers.size() < impl_->max_threads)
    impl_->add_worker();
  if (impl_->workers.empty()) {  // the system gives no thread at all: the caller's must do
    task = std::move(impl_->tasks.front());
    impl_->tasks.pop_front();
    lock.unlock();
    task();
    return;
  }
  impl_->changed.notify_one();
}

std::size_t Executor::threads() const { return impl_->max_threads; }

struct TaskGroup::Impl {
  Impl(Executor& used, std::stop_token parent_token)
      : executor(used), parent(std::move(parent_token)), on_parent(parent, Relay{&source}) {}

  void finish(Status result) {
    if (!result.ok()) {
      {
        const std::lock_guard lock(mutex);
        if (failure.ok()) failure = std::move(result);
      }
      source.request_stop();
    }
    // Under the lock: the waiter may destroy the group as soon as it sees 0.
    const std::lock_guard lock(mutex);
    if (--running == 0) done.notify_all();
  }

  struct Relay {
    std::stop_source* source;
    void operator()() const { source->request_stop(); }
  };

  Executor& executor;
  const std::stop_token parent;
  std::stop_source source;
  std::mutex mutex;
  std::condition_variable done;
  Status failure;
  std::size_t running = 0;
  std::stop_callback<Relay> on_parent;  // last: it uses `source`
};

TaskGroup::TaskGroup(Executor& executor, std::stop_token parent)
    : impl_(std::make_shared<Impl>(executor, std::move(parent))) {}

TaskGroup::~TaskGroup() {
  impl_->source.request_stop();
  std::unique_lock lock(impl_->mutex);
  impl_->done.wait(lock, [&] { return impl_->running == 0; });
}

void TaskGroup::run(std::function<Status(std::stop_token)> task) {
  {
    const std::lock_guard lock(impl_->mutex);
    if (!impl_->failure.ok() || impl_->source.stop_requested()) return;
    ++impl_->running;
  }
  impl_->executor.submit([impl = impl_, task = std::move(task)]() mutable {
    Status result;
    try {
      if (!impl->source.stop_requested()) result = task(impl->source.get_token());
    } catch (const std::exception& error) {
      result = internal_error("a task ended by an exception: ", std::string_view(error.what()));
    }
    task = nullptr;  // what it holds is gone before wait() returns
    impl->finish(std::move(result));
  });
}

Status TaskGroup::wait() {
  std::unique_lock lock(impl_->mutex);
  impl_->done.wait(lock, [&] { return impl_->running == 0; });
  if (!impl_->failure.ok()) return impl_->failure;
  if (impl_->parent.stop_requested()) return cancelled("stopped on request");
  return {};
}

}  // namespace hubdist
