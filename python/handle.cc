#include "handle.h"

#include <chrono>
#include <set>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include <unistd.h>

namespace hubdist::python {
namespace {

std::set<Closable*>& open_things() {
  static auto* things = new std::set<Closable*>;
  return *things;
}

int calls_under_way = 0;  // the GIL guards it

bool interpreter_is_ending() {
#if PY_VERSION_HEX >= 0x030D0000
  return Py_IsFinalizing() != 0;
#else
  return _Py_IsFinalizing() != 0;
#endif
}

constexpr std::chrono::seconds kPatienceAtEnd{5};
constexpr std::chrono::milliseconds kPollAtEnd{5};

// Each may wait a while for others: all at once, so that many end as fast as one.
void run_together(const std::vector<std::function<void()>>& tasks) {
  std::vector<std::thread> threads;
  for (const auto& task : tasks) {
    try {
      threads.emplace_back(task);
    } catch (const std::system_error&) {
      task();  // there is no further thread to be had
    }
  }
  for (std::thread& thread : threads) thread.join();
}

void close_all() {
  // Closing lets go of the GIL, so the list may change meanwhile.
  while (!open_things().empty()) {
    std::vector<std::function<void()>> rest;
    for (Closable* thing : std::exchange(open_things(), {}))
      if (auto one = thing->let_go()) rest.push_back(std::move(one));
    const WithoutGil released;
    run_together(rest);
  }
  const auto end = std::chrono::steady_clock::now() + kPatienceAtEnd;
  while (calls_under_way > 0 && std::chrono::steady_clock::now() < end) {
    const py::gil_scoped_release released;
    std::this_thread::sleep_for(kPollAtEnd);
  }
}

// The end of the interpreter, and of a forked child's.
void watch_for_the_end() {
  static bool watching = false;
  if (watching) return;
  py::module_::import("atexit").attr("register")(py::cpp_function(&close_all));
  py::module_::import("os").attr("register_at_fork")(
      py::arg("after_in_child") = py::cpp_function([] { calls_under_way = 0; }));
  watching = true;
}

}  // namespace

WithoutGil::WithoutGil() {
  watch_for_the_end();
  ++calls_under_way;
  state_ = PyEval_SaveThread();
}

WithoutGil::~WithoutGil() {
  while (interpreter_is_ending()) pause();
  PyEval_RestoreThread(state_);
  --calls_under_way;
}

Closable::Closable() {
  watch_for_the_end();
  open_things().insert(this);
}

Closable::~Closable() { open_things().erase(this); }

}  // namespace hubdist::python
