// base/: what a program may set for all of hubdist.
#include <array>

#include "bindings.h"
#include "hubdist/base/log.h"

namespace hubdist::python {
namespace {

constexpr std::array<std::pair<std::string_view, LogLevel>, 5> kLevels = {
    {{"debug", LogLevel::kDebug},
     {"info", LogLevel::kInfo},
     {"warning", LogLevel::kWarning},
     {"error", LogLevel::kError},
     {"off", LogLevel::kOff}}};

LogLevel parse_level(std::string_view text) {
  for (const auto& [name, level] : kLevels)
    if (name == text) return level;
  raise_status(
      invalid_argument("\"", text, "\" is no log level: use debug, info, warning, error or off"));
}

}  // namespace

void bind_base(py::module_& m) {
  m.def(
      "set_log_level", [](std::string_view level) { set_log_level(parse_level(level)); },
      py::arg("level"),
      "Which messages hubdist writes to standard error: \"debug\", \"info\", \"warning\" (the "
      "default), \"error\" or \"off\". The environment variable HUBDIST_LOG sets it as well.");
  m.def(
      "log_level", [] { return std::string(kLevels[static_cast<std::size_t>(log_level())].first); },
      "The level that set_log_level() or HUBDIST_LOG set.");
}

}  // namespace hubdist::python
