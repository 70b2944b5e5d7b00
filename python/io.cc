// io/: how often and how patiently things are tried again.
#include "bindings.h"
#include "hubdist/io/memory_budget.h"
#include "hubdist/io/retry.h"

namespace hubdist::python {
namespace {

double to_seconds(std::chrono::milliseconds time) {
  return std::chrono::duration<double>(time).count();
}

std::chrono::milliseconds to_milliseconds(double seconds) {
  constexpr double kLongest = 1e9;
  if (!(seconds >= 0 && seconds <= kLongest))
    raise_status(invalid_argument("a delay is from 0 to 1e9 seconds"));
  return std::chrono::milliseconds(static_cast<std::int64_t>(seconds * 1000));
}

RetryPolicy make_policy(int max_tries, double base_delay, double max_delay,
                        double max_server_delay) {
  if (max_tries < 1) raise_status(invalid_argument("max_tries is at least 1, not ", max_tries));
  RetryPolicy policy;
  policy.max_tries = max_tries;
  policy.base_delay = to_milliseconds(base_delay);
  policy.max_delay = to_milliseconds(max_delay);
  policy.max_server_delay =
      std::chrono::duration_cast<std::chrono::seconds>(to_milliseconds(max_server_delay));
  return policy;
}

}  // namespace

void bind_io(py::module_& m) {
  const RetryPolicy standard;
  py::class_<RetryPolicy>(
      m, "RetryPolicy",
      "The one policy by which hubdist tries again what is Unavailable or ResourceExhausted, with "
      "full jitter: before try n a random wait in [0, min(max_delay, base_delay * 2**n)]. A "
      "server's Retry-After or RateLimit is a floor: at least that long, up to max_server_delay; a "
      "longer one ends the tries at once. Delays are in seconds.")
      .def(py::init(&make_policy), py::kw_only(), py::arg("max_tries") = standard.max_tries,
           py::arg("base_delay") = to_seconds(standard.base_delay),
           py::arg("max_delay") = to_seconds(standard.max_delay),
           py::arg("max_server_delay") = to_seconds(standard.max_server_delay))
      .def_readonly("max_tries", &RetryPolicy::max_tries)
      .def_property_readonly("base_delay",
                             [](const RetryPolicy& p) { return to_seconds(p.base_delay); })
      .def_property_readonly("max_delay",
                             [](const RetryPolicy& p) { return to_seconds(p.max_delay); })
      .def_property_readonly("max_server_delay",
                             [](const RetryPolicy& p) { return to_seconds(p.max_server_delay); });
  m.def("default_memory_budget", &default_memory_budget,
        "The default budget of a process for buffers, in bytes: 256 MiB, and at most a quarter of "
        "the cgroup's memory limit.");
}

}  // namespace hubdist::python
