// What the parts of the Python module share: one function for each folder of the library, and the
// way from a Status to a Python exception and back.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include <pybind11/pybind11.h>
#include <pybind11/stl.h>
#include <pybind11/stl/filesystem.h>

#include <hubdist/base/bytes.h>
#include <hubdist/base/status.h>

namespace hubdist::python {

namespace py = pybind11;

void bind_base(py::module_& m);
void bind_core(py::module_& m);
void bind_manifest(py::module_& m);          // of core/
void bind_chunks(py::module_& m);            // of core/
void bind_layout(py::module_& m);            // of core/
void bind_dedupe_report(py::module_& m);     // of core/
void bind_dedupe_estimator(py::module_& m);  // of core/
void bind_xet(py::module_& m);               // of core/
void bind_io(py::module_& m);
void bind_chunk_files(py::module_& m);  // of io/
void bind_backend(py::module_& m);
void bind_exchange(py::module_& m);
void bind_client(py::module_& m);
void bind_dedupe(py::module_& m);  // of client/
void bind_server(py::module_& m);

// Raises the exception that a failure stands for (hubdist.errors); an exception that came out of a
// Python callback on the way becomes its cause. Needs the GIL.
[[noreturn]] void raise_status(const Status& status);

// The Status that a Python exception in a callback stands for. The exception itself is kept, and
// raise_status() finds it again. `what` names the callback. Needs the GIL.
Status status_from_exception(py::error_already_set& error, std::string_view what);

inline void check(const Status& status) {
  if (!status.ok()) raise_status(status);
}

template <typename T>
T unwrap(Result<T> result) {
  if (!result.ok()) raise_status(result.status());
  return *std::move(result);
}

// Text that may not be UTF-8 (paths, messages): bytes that are not become surrogates, as Python's
// own file functions have it.
py::str to_str(std::string_view text);

inline py::bytes to_bytes(ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// Keeps a Python object for C++ threads: released under the GIL, leaked when the interpreter is
// gone.
using SharedObject = std::shared_ptr<py::object>;
SharedObject share(py::object object);

}  // namespace hubdist::python
