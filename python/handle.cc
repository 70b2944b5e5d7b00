#include "handle.h"

#include <set>

namespace hubdist::python {
namespace {

std::set<Closable*>& open_things() {
  static auto* things = new std::set<Closable*>;
  return *things;
}

void close_all() {
  // Closing lets go of the GIL, so the list may change meanwhile.
  while (!open_things().empty()) {
    Closable* thing = *open_things().begin();
    open_things().erase(open_things().begin());
    thing->close();
  }
}

}  // namespace

Closable::Closable() {
  static bool registered = false;
  if (!registered) {
    py::module_::import("atexit").attr("register")(py::cpp_function(&close_all));
    registered = true;
  }
  open_things().insert(this);
}

Closable::~Closable() { open_things().erase(this); }

}  // namespace hubdist::python
