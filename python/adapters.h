// Interfaces of the library that are implemented in Python.
#pragma once

#include <memory>
#include <string>

#include "bindings.h"
#include "hubdist/backend/backend.h"
#include "hubdist/exchange/content.h"

namespace hubdist::python {

// A Backend whose methods are those of a Python object (hubdist.Backend). Every call takes the GIL;
// an exception becomes the Status that it stands for, and the cause of the error that comes of it.
std::shared_ptr<Backend> adapt_backend(py::object backend);

// Likewise for hubdist.Content.
std::shared_ptr<Content> adapt_content(py::object content);

// Hands what a Python iterable of bytes-like objects yields to `sink`, up to `limit` bytes, and
// asks `stop` between them. Runs with the GIL; lets go of it while `sink` works. `what` names the
// iterable in errors.
Status drain(const py::object& chunks, std::uint64_t limit, const BodySink& sink,
             const std::stop_token& stop, std::string_view what);

}  // namespace hubdist::python
