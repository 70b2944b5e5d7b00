#include "blocking.h"

#include <chrono>
#include <condition_variable>
#include <csignal>
#include <exception>
#include <thread>

#include "handle.h"

namespace hubdist::python {
namespace {

constexpr std::chrono::milliseconds kPoll{50};

bool on_main_thread() {
  const py::object main = py::module_::import("threading").attr("main_thread")();
  return main.attr("ident").cast<unsigned long>() == PyThread_get_thread_ident();
}

// Threads that are made while this lives take no signals but those that a fault raises: Python's
// main thread is to be woken, and no system call of the library to be interrupted.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t all;
    sigfillset(&all);
    for (const int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGPROF})
      sigdelset(&all, fault);
    pthread_sigmask(SIG_BLOCK, &all, &before_);
  }
  ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;

 private:
  sigset_t before_{};
};

// A call under way on a thread of its own.
class Running {
 public:
  Running(const std::function<void(std::stop_token)>& call, std::stop_source& stop) {
    const SignalsBlocked blocked;
    thread_ = std::thread([this, &call, &stop] {
      try {
        call(stop.get_token());
      } catch (...) {
        failure_ = std::current_exception();
      }
      const std::lock_guard lock(mutex_);
      done_ = true;
      changed_.notify_all();
    });
  }
  ~Running() {
    if (thread_.joinable()) thread_.join();
  }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

  // Whether the call ended within `patience`.
  bool wait(std::chrono::milliseconds patience) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, patience, [&] { return done_; });
  }
  void join() { thread_.join(); }
  void rethrow() const {
    if (failure_) std::rethrow_exception(failure_);
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool done_ = false;
  std::exception_ptr failure_;
  std::thread thread_;
};

}  // namespace

ProgressSink ProgressQueue::sink(const std::shared_ptr<ProgressQueue>& self) {
  return [self](const ProgressEvent& event) { self->add(event); };
}

void ProgressQueue::add(const ProgressEvent& event) {
  const std::lock_guard lock(mutex_);
  if (event.kind == ProgressKind::kBytes) {
    const auto [place, fresh] =
        counting_.try_emplace({std::string(event.path), event.held}, events_.size());
    if (!fresh) {
      events_[place->second].bytes += event.bytes;
      return;
    }
  }
  events_.push_back({event.kind, std::string(event.path), event.bytes, event.files, event.held});
}

void ProgressQueue::deliver() {
  std::vector<Progress> events;
  {
    const std::lock_guard lock(mutex_);
    events.swap(events_);
    counting_.clear();
  }
  for (Progress& event : events) (*callable_)(std::move(event));
}

SharedProgress progress_queue(const py::object& callable_or_none) {
  if (callable_or_none.is_none()) return nullptr;
  if (!PyCallable_Check(callable_or_none.ptr()))
    throw py::type_error("progress must be callable, or None");
  return std::make_shared<ProgressQueue>(callable_or_none);
}

void run_blocking(const std::function<void(std::stop_token)>& call, std::stop_token closing,
                  Teller* progress) {
  std::stop_source stop;
  const std::stop_callback link(std::move(closing), [&] { stop.request_stop(); });
  const bool signals = on_main_thread();
  if (!signals && !progress) {
    const WithoutGil released;
    call(stop.get_token());
    return;
  }
  std::exception_ptr interruption;
  const auto attend = [&] {
    if (interruption) return;
    try {
      if (signals && PyErr_CheckSignals() != 0) throw py::error_already_set();
      if (progress) progress->deliver();
    } catch (...) {
      interruption = std::current_exception();
      stop.request_stop();
    }
  };
  Running running(call, stop);
  while (true) {
    bool done = false;
    {
      const WithoutGil released;
      done = running.wait(kPoll);
      if (done) running.join();
    }
    attend();
    if (done) break;
  }
  if (interruption) std::rethrow_exception(interruption);
  running.rethrow();
}

std::optional<Duration> seconds_of(std::optional<double> seconds) {
  if (!seconds || *seconds < 0) return std::nullopt;
  constexpr double kLongest = 1e9;  // what a Duration holds with room to add
  return std::chrono::duration_cast<Duration>(
      std::chrono::duration<double>(std::min(*seconds, kLongest)));
}

}  // namespace hubdist::python
