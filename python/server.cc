// server/: a hub in process.
#include "bindings.h"

namespace hubdist::python {

void bind_server(py::module_&) {}

}  // namespace hubdist::python
