// Bytes that a Python object lends by the buffer protocol.
#pragma once

#include "bindings.h"

namespace hubdist::python {

// Holds the bytes of bytes, bytearray, memoryview, mmap, a NumPy array of any type, ... without
// copying them, writable or not. While it lives the object cannot be resized or closed. Made and
// destroyed under the GIL; the bytes may be read without it.
class BufferBytes {
 public:
  // Raises InvalidArgumentError when they do not lie in one piece in C order.
  explicit BufferBytes(const py::buffer& object);
  ~BufferBytes() { PyBuffer_Release(&held_); }
  BufferBytes(const BufferBytes&) = delete;
  BufferBytes& operator=(const BufferBytes&) = delete;

  ByteView view() const {
    return {static_cast<const std::byte*>(held_.buf), static_cast<std::size_t>(held_.len)};
  }

 private:
  Py_buffer held_{};
};

}  // namespace hubdist::python
