#include "cli/signals.h"

#include <csignal>

#include <unistd.h>

namespace hubdist::cli {
namespace {

constexpr int kFarewell = SIGUSR2;  // how the destructor ends the waiting thread

sigset_t awaited() {
  sigset_t set;
  sigemptyset(&set);
  for (const int number : {SIGINT, SIGTERM, SIGHUP, kFarewell}) sigaddset(&set, number);
  return set;
}

}  // namespace

SignalStop::SignalStop() {
  std::signal(SIGPIPE, SIG_IGN);
  const sigset_t set = awaited();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  thread_ = std::thread([this] { wait(); });
}

SignalStop::~SignalStop() {
  pthread_kill(thread_.native_handle(), kFarewell);
  thread_.join();
}

void SignalStop::wait() {
  const sigset_t set = awaited();
  while (true) {
    int number = 0;
    if (sigwait(&set, &number) != 0) continue;
    if (number == kFarewell) return;
    if (received_.load() != 0) _exit(128 + number);
    received_ = number;
    source_.request_stop();
  }
}

}  // namespace hubdist::cli
