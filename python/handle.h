// Handle: owns an object of the library that has threads or sockets, for a Python class.
#pragma once

#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <utility>

#include <unistd.h>

#include "bindings.h"

namespace hubdist::python {

// Lets go of the GIL while it lives, in every call that may take long. Python ends a thread that
// asks for the GIL while the interpreter is torn down, by unwinding through it, which no destructor
// survives. So the end of the interpreter waits for these (up to 5 s), and one that comes later
// stays where it is.
class WithoutGil {
 public:
  WithoutGil();
  ~WithoutGil();
  WithoutGil(const WithoutGil&) = delete;
  WithoutGil& operator=(const WithoutGil&) = delete;

 private:
  PyThreadState* state_;
};

// Everything that must end while callbacks into Python are still possible: before the interpreter
// is torn down. Known to one list, which the GIL guards.
class Closable {
 public:
  Closable();
  virtual ~Closable();
  Closable(const Closable&) = delete;
  Closable& operator=(const Closable&) = delete;
  virtual void close() = 0;
  // Stops the calls under way and returns the rest of close(), which needs no GIL and is to be
  // called without it; empty when there is none.
  virtual std::function<void()> let_go() = 0;
};

// A child made by fork() has none of its parent's threads: there the object is refused by name, and
// left in memory rather than destroyed. close() and the destructor release the GIL while they wait.
// Used under the GIL only.
template <typename T>
class Handle final : public Closable {
 public:
  Handle(const char* name, std::shared_ptr<T> value)
      : name_(name), value_(std::move(value)), pid_(getpid()) {}
  ~Handle() override { close(); }

  // Raises in a child process and after close().
  std::shared_ptr<T> get() const {
    if (forked())
      raise_status(failed_precondition("this ", name_, " was made in process ", pid_,
                                       " and cannot be used in process ", getpid(),
                                       ", which was forked from it: make a new one there"));
    if (!value_) raise_status(failed_precondition("this ", name_, " is closed: make a new one"));
    return value_;
  }
  std::stop_token closing() const { return closing_.get_token(); }
  bool closed() const { return !value_ || forked(); }

  // Stops the calls under way, then destroys the object (the last of those calls does).
  void close() override {
    const std::function<void()> rest = let_go();
    if (!rest) return;
    const WithoutGil released;
    rest();
  }
  std::function<void()> let_go() override {
    if (!value_) return {};
    auto last = std::make_shared<std::shared_ptr<T>>(std::move(value_));
    if (forked()) {
      new auto(std::move(last));  // its threads are not here to be joined
      return {};
    }
    return [last = std::move(last), closing = closing_]() mutable {
      closing.request_stop();
      last->reset();
    };
  }

 private:
  bool forked() const { return getpid() != pid_; }

  const char* name_;
  std::shared_ptr<T> value_;
  std::stop_source closing_;
  pid_t pid_;
};

// close(), closed and the `with` statement.
template <typename T>
void bind_closing(py::class_<Handle<T>>& type, const char* doc) {
  type.def("close", &Handle<T>::close, doc)
      .def_property_readonly("closed", &Handle<T>::closed,
                             "Whether close() was called, or this process was forked.")
      .def(
          "__enter__", [](Handle<T>& self) -> Handle<T>& { return self; },
          py::return_value_policy::reference_internal)
      .def("__exit__", [](Handle<T>& self, const py::args&) { self.close(); });
}

}  // namespace hubdist::python
