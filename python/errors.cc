// Between Status and Python's exceptions. Which exception a code stands for is decided in Python
// (hubdist/_translate.py), where classes of huggingface_hub can be joined to ours.
#include <array>
#include <map>
#include <tuple>

#include <absl/strings/cord.h>

#include "bindings.h"

namespace hubdist::python {
namespace {

constexpr const char* kExceptionPayload = "hubdist/python-exception";

struct NamedDetail {
  Detail key;
  const char* name;
};
constexpr std::array<NamedDetail, 4> kDetails = {{{Detail::kHubError, "hub_error"},
                                                  {Detail::kHttpStatus, "http_status"},
                                                  {Detail::kRetryAfter, "retry_after"},
                                                  {Detail::kErrno, "errno"}}};

py::module_ translator() { return py::module_::import("hubdist._translate"); }

}  // namespace

py::str to_str(std::string_view text) {
  PyObject* decoded =
      PyUnicode_DecodeUTF8(text.data(), static_cast<Py_ssize_t>(text.size()), "surrogateescape");
  if (!decoded) throw py::error_already_set();
  return py::reinterpret_steal<py::str>(decoded);
}

void raise_status(const Status& status) {
  py::dict details;
  for (const NamedDetail& named : kDetails)
    if (const auto value = detail(status, named.key)) details[named.name] = to_str(*value);
  py::object cause = py::none();
  if (const auto payload = status.GetPayload(kExceptionPayload))
    cause = to_str(std::string(*payload));
  const py::object exception = translator().attr("from_status")(
      static_cast<int>(status.code()), to_str(message(status)), details, cause);
  PyErr_SetObject(reinterpret_cast<PyObject*>(Py_TYPE(exception.ptr())), exception.ptr());
  throw py::error_already_set();
}

Status status_from_exception(py::error_already_set& error, std::string_view what) {
  try {
    const auto [code, text, details, kept] =
        translator()
            .attr("to_status")(error.value(), to_str(what))
            .cast<std::tuple<int, std::string, std::map<std::string, std::string>, std::string>>();
    Status status = make_status(static_cast<StatusCode>(code), text);
    for (const NamedDetail& named : kDetails)
      if (const auto found = details.find(named.name); found != details.end())
        status = with_detail(std::move(status), named.key, found->second);
    status.SetPayload(kExceptionPayload, absl::Cord(kept));
    return status;
  } catch (py::error_already_set&) {
    return internal_error(what, " raised an exception that cannot be told");
  }
}

SharedObject share(py::object object) {
  return {new py::object(std::move(object)), [](py::object* held) {
            if (!Py_IsInitialized()) return;
            const py::gil_scoped_acquire gil;
            delete held;
          }};
}

}  // namespace hubdist::python
