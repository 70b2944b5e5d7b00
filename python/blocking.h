// How a blocking call of the library is made from Python: without the GIL, stopped by Ctrl-C, with
// progress told in the thread that called.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <type_traits>
#include <vector>

#include "bindings.h"
#include "hubdist/client/client.h"

namespace hubdist::python {

// A ProgressEvent that owns its text.
struct Progress {
  ProgressKind kind;
  std::string path;
  std::uint64_t bytes = 0;
  std::uint64_t files = 0;
  bool held = false;
};

// What the threads of a call have to tell, for the thread that called.
class Teller {
 public:
  virtual ~Teller() = default;
  // Needs the GIL; throws what a callable raises.
  virtual void deliver() = 0;
};

// Collects the events of many threads without the GIL, joins those that count bytes of one file,
// and hands them to a Python callable in the calling thread. So a slow callable slows no transfer.
class ProgressQueue final : public Teller {
 public:
  explicit ProgressQueue(py::object callable) : callable_(share(std::move(callable))) {}
  // May be called by any thread and outlives no call.
  ProgressSink sink(const std::shared_ptr<ProgressQueue>& self);
  void deliver() override;

 private:
  void add(const ProgressEvent& event);

  SharedObject callable_;
  std::mutex mutex_;
  std::vector<Progress> events_;
  std::map<std::pair<std::string, bool>, std::size_t> counting_;  // (path, held) -> events_
};

using SharedProgress = std::shared_ptr<ProgressQueue>;
SharedProgress progress_queue(const py::object& callable_or_none);

// Runs `call` on a thread of its own and waits without the GIL. Every 50 ms at most it runs
// Python's signal handlers (in the main thread) and delivers progress. An exception from either
// asks the call to stop, waits for its end and is thrown. `closing` stops the call as well. Where
// neither is needed (another thread, no progress) the call runs on the calling thread. Needs the
// GIL.
void run_blocking(const std::function<void(std::stop_token)>& call, std::stop_token closing,
                  Teller* progress);

// As run_blocking(), for a function that returns a Status or a Result: raises or returns the value.
template <typename F>
auto blocking(F&& f, std::stop_token closing = {}, Teller* progress = nullptr) {
  using Return = std::invoke_result_t<F, std::stop_token>;
  std::optional<Return> result;
  run_blocking([&](std::stop_token stop) { result.emplace(f(std::move(stop))); },
               std::move(closing), progress);
  if constexpr (std::is_same_v<Return, Status>)
    check(*result);
  else
    return unwrap(*std::move(result));
}

// Seconds as Python has them; none or negative for "no limit".
std::optional<Duration> seconds_of(std::optional<double> seconds);

}  // namespace hubdist::python
