// Signals that ask the program to stop.
#pragma once

#include <atomic>
#include <csignal>
#include <stop_token>
#include <thread>

namespace hubdist::cli {

// Turns SIGINT, SIGTERM and SIGHUP into a stop request; a second one ends the process at once.
// Made in main() before any other thread, so that every thread inherits the blocked mask; a signal
// that the parent had ignored (nohup, a background job) stays ignored. SIGPIPE is ignored: writing
// to a closed pipe is an error of that write.
class SignalStop {
 public:
  SignalStop();
  ~SignalStop();
  SignalStop(const SignalStop&) = delete;
  SignalStop& operator=(const SignalStop&) = delete;

  std::stop_token token() const { return source_.get_token(); }
  // The signal that asked, or 0.
  int received() const { return received_.load(); }

 private:
  void wait();

  const sigset_t awaited_;
  std::stop_source source_;
  std::atomic<int> received_{0};
  std::thread thread_;
};

}  // namespace hubdist::cli
