// The module hubdist._core.
#include "bindings.h"
#include <hubdist/base/version.h>

PYBIND11_MODULE(_core, m) {
  using namespace hubdist::python;
  m.doc() = "The compiled part of hubdist; import names from `hubdist` instead.";
  m.attr("__version__") = std::string(hubdist::version());
  bind_base(m);
  bind_io(m);
  bind_core(m);
  bind_manifest(m);
  bind_chunks(m);
  bind_chunk_files(m);
  bind_layout(m);
  bind_dedupe_report(m);
  bind_dedupe_estimator(m);
  bind_xet(m);
  bind_backend(m);
  bind_exchange(m);
  bind_client(m);
  bind_dedupe(m);
  bind_server(m);
}
