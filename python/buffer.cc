#include "buffer.h"

namespace hubdist::python {
namespace {

// Whether the object would lend its bytes with gaps, or in another order.
bool lends_strided(const py::buffer& object) {
  Py_buffer strided;
  if (PyObject_GetBuffer(object.ptr(), &strided, PyBUF_FULL_RO) != 0) {
    PyErr_Clear();
    return false;
  }
  PyBuffer_Release(&strided);
  return true;
}

}  // namespace

BufferBytes::BufferBytes(const py::buffer& object) {
  // No format is asked for: NumPy has types that it cannot describe in one (datetime64, bfloat16).
  if (PyObject_GetBuffer(object.ptr(), &held_, PyBUF_SIMPLE) == 0) return;
  const py::error_already_set refusal;
  if (!lends_strided(object)) throw refusal;
  raise_status(
      invalid_argument("the buffer is not contiguous in C order: give "
                       "numpy.ascontiguousarray(array), or bytes(view)"));
}

}  // namespace hubdist::python
