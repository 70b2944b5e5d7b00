#include "cli/signals.h"

#include <unistd.h>

namespace hubdist::cli {
namespace {

constexpr int kFarewell = SIGUSR2;  // how the destructor ends the waiting thread

bool is_ignored(int number) {
  struct sigaction now = {};
  return sigaction(number, nullptr, &now) == 0 && now.sa_handler == SIG_IGN;
}

// A blocked signal reaches sigwait() even when it is ignored, so those must not be in the set.
sigset_t awaited() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, kFarewell);
  for (const int number : {SIGINT, SIGTERM, SIGHUP})
    if (!is_ignored(number)) sigaddset(&set, number);
  return set;
}

}  // namespace

SignalStop::SignalStop() : awaited_(awaited()) {
  std::signal(SIGPIPE, SIG_IGN);
  pthread_sigmask(SIG_BLOCK, &awaited_, nullptr);
  thread_ = std::thread([this] { wait(); });
}

SignalStop::~SignalStop() {
  pthread_kill(thread_.native_handle(), kFarewell);
  thread_.join();
}

void SignalStop::wait() {
  while (true) {
    int number = 0;
    if (sigwait(&awaited_, &number) != 0) continue;
    if (number == kFarewell) return;
    if (received_.load() != 0) _exit(128 + number);
    received_ = number;
    source_.request_stop();
  }
}

}  // namespace hubdist::cli
