// core/: Manifest and Chunk, and the text form of Xet's hashes.
#include "manifest.h"

#include <pybind11/numpy.h>

#include "bindings.h"
#include "buffer.h"

namespace hubdist::python {
namespace {

constexpr py::ssize_t kHashSize = sizeof(ChunkHash);

// An array that shows memory of `owner`, read-only, and keeps it.
template <typename T>
py::array_t<T> array_of(const T* data, py::array::ShapeContainer shape, const py::object& owner,
                        std::string_view what) {
  try {
    py::module_::import("numpy");
  } catch (py::error_already_set& error) {
    const std::string text = concat("Manifest.", what,
                                    " is a NumPy array, and NumPy cannot be imported: run `pip "
                                    "install numpy`, or read Manifest.chunks");
    py::raise_from(error, PyExc_ImportError, text.c_str());
    throw py::error_already_set();
  }
  py::array_t<T> array(std::move(shape), data, owner);
  array.attr("setflags")(py::arg("write") = false);
  return array;
}

py::array_t<std::uint64_t> offsets_of(const py::object& self) {
  const auto& offsets = self.cast<const ManifestColumns&>().offsets;
  return array_of(offsets.data(), {static_cast<py::ssize_t>(offsets.size())}, self, "offsets");
}

py::array_t<std::uint8_t> hashes_of(const py::object& self) {
  const auto& hashes = self.cast<const ManifestColumns&>().hashes;
  return array_of(reinterpret_cast<const std::uint8_t*>(hashes.data()),
                  {static_cast<py::ssize_t>(hashes.size()), kHashSize}, self, "hashes");
}

std::vector<Chunk> chunks_of(const ManifestColumns& self) {
  std::vector<Chunk> chunks;
  chunks.reserve(self.hashes.size());
  for (std::size_t i = 0; i < self.hashes.size(); ++i) chunks.push_back(self.chunk(i));
  return chunks;
}

ManifestColumns from_chunks(const std::vector<Chunk>& chunks) {
  ManifestColumns manifest;
  for (const Chunk& chunk : chunks) manifest.add(chunk);
  manifest.seal();
  return manifest;
}

std::array<std::byte, kHashSize> hash_bytes(const py::buffer& data) {
  const BufferBytes bytes(data);
  std::array<std::byte, kHashSize> hash;
  if (bytes.view().size() != hash.size())
    raise_status(invalid_argument("a hash has ", kHashSize, " bytes, not ", bytes.view().size()));
  std::copy(bytes.view().begin(), bytes.view().end(), hash.begin());
  return hash;
}

ChunkHash parse_hash(const std::string& text) { return unwrap(parse_xet_hex<ChunkHash>(text)); }

void bind_chunk(py::module_& m) {
  py::class_<Chunk>(m, "Chunk", "A chunk of a manifest.")
      .def(py::init([](const std::string& hash, std::uint32_t size) {
             return Chunk{parse_hash(hash), size};
           }),
           py::arg("hash"), py::arg("size"))
      .def_property_readonly(
          "hash", [](const Chunk& c) { return xet_hex(c.hash); }, "In Xet's text form.")
      .def_readonly("size", &Chunk::size, "Bytes before compression.")
      .def("__eq__",
           [](const Chunk& a, const py::object& b) {
             return py::isinstance<Chunk>(b) && a == b.cast<const Chunk&>();
           })
      .def("__hash__",
           [](const Chunk& c) { return py::hash(py::make_tuple(to_bytes(c.hash.bytes), c.size)); })
      .def("__repr__",
           [](const Chunk& c) { return concat("Chunk('", xet_hex(c.hash), "', ", c.size, ")"); })
      .def(py::pickle(
          [](const Chunk& c) { return py::make_tuple(xet_hex(c.hash), c.size); },
          [](const py::tuple& t) {
            return Chunk{parse_hash(t[0].cast<std::string>()), t[1].cast<std::uint32_t>()};
          }));
}

}  // namespace

void ManifestColumns::seal() {
  MerkleHasher tree;
  for (std::size_t i = 0; i < hashes.size(); ++i) tree.update(chunk(i));
  file_hash = tree.file_hash();
}

void bind_manifest(py::module_& m) {
  bind_chunk(m);
  py::class_<ManifestColumns>(
      m, "Manifest",
      "The chunks of one content, in order. Immutable, so that threads may share it; can be "
      "pickled.")
      .def(py::init(&from_chunks), py::arg("chunks"))
      .def_property_readonly(
          "offsets", &offsets_of,
          "A NumPy array of uint64, one longer than the number of chunks: chunk i is the bytes "
          "[offsets[i], offsets[i + 1]) of the content; the first is 0, the last is the content's "
          "size. Read-only, and not a copy: it shows the manifest's own memory and keeps it. "
          "Raises ImportError without NumPy.")
      .def_property_readonly(
          "hashes", &hashes_of,
          "A NumPy array of uint8 and shape (number of chunks, 32): the hash of each chunk as "
          "BLAKE3 gives it; xet_hex(hashes[i]) is its text. Read-only, and not a copy. Raises "
          "ImportError without NumPy.")
      .def_property_readonly("chunks", &chunks_of, "The same as a list, without NumPy.")
      .def_property_readonly(
          "file_hash", [](const ManifestColumns& f) { return xet_hex(f.file_hash); },
          "The Xet file hash, in Xet's text form.")
      .def_property_readonly(
          "size", [](const ManifestColumns& f) { return f.offsets.back(); }, "Bytes.")
      .def("__eq__",
           [](const ManifestColumns& a, const py::object& b) {
             return py::isinstance<ManifestColumns>(b) && a == b.cast<const ManifestColumns&>();
           })
      .def("__hash__",
           [](const ManifestColumns& f) { return py::hash(to_bytes(f.file_hash.bytes)); })
      .def("__repr__",
           [](const ManifestColumns& f) {
             return concat("<Manifest of ", f.hashes.size(), " chunks, ", f.offsets.back(),
                           " bytes, file ", xet_hex(f.file_hash), ">");
           })
      .def(py::pickle(
          [](const ManifestColumns& f) { return py::make_tuple(chunks_of(f)); },
          [](const py::tuple& t) { return from_chunks(t[0].cast<std::vector<Chunk>>()); }));
  m.def(
      "xet_hex", [](const py::buffer& hash) { return xet_hex(hash_bytes(hash)); }, py::arg("hash"),
      "The text form that Xet uses for a hash of 32 bytes: four little-endian words of 64 bits, "
      "each written as a number of 16 hexadecimal digits.");
  m.def(
      "parse_xet_hex", [](const std::string& text) { return to_bytes(parse_hash(text).bytes); },
      py::arg("text"),
      "The 32 bytes of a hash in Xet's text form. Raises InvalidArgumentError (a ValueError).");
}

}  // namespace hubdist::python
