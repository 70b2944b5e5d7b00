// core/: chunks and the Xet file hash over them.
#include "bindings.h"
#include "blocking.h"
#include "handle.h"
#include <hubdist/core/chunker.h>
#include <hubdist/core/manifest.h>
#include <hubdist/core/merkle.h>
#include <hubdist/io/file.h>

namespace hubdist::python {
namespace {

constexpr std::size_t kReadSize = 1 * kMiB;

// Calls `f` with the bytes of a Python buffer, without the GIL.
template <typename F>
auto without_gil(const py::buffer& data, F&& f) {
  const py::buffer_info info = contiguous(data);
  const WithoutGil released;
  return f(bytes_of(info));
}

Result<Identity> hash_file(const Path& path, const std::stop_token& stop) {
  HUBDIST_ASSIGN(const auto file, posix_file_system().open(path, OpenMode::kRead));
  HUBDIST_ASSIGN(const FileInfo info, file->info());
  Sha256Hasher sha256_hasher;
  GitSha1Hasher git_hasher(info.size);
  XetHasher xet_hasher;
  Bytes buffer(kReadSize);
  std::uint64_t offset = 0;
  while (true) {
    if (stop.stop_requested()) return cancelled("hashing ", path.native(), " was stopped");
    HUBDIST_ASSIGN(const std::size_t count, file->pread(buffer, offset));
    if (count == 0) break;
    const ByteView read(buffer.data(), count);
    sha256_hasher.update(read);
    git_hasher.update(read);
    xet_hasher.update(read);
    offset += count;
  }
  if (offset != info.size) return aborted(path.native(), " changed while it was read");
  Identity identity;
  identity.sha256 = sha256_hasher.finish();
  identity.git_sha1 = git_hasher.finish();
  identity.xet = xet_hasher.finish();
  return identity;
}

void bind_chunker(py::module_& m) {
  m.attr("MIN_CHUNK_SIZE") = kMinChunkSize;
  m.attr("MAX_CHUNK_SIZE") = kMaxChunkSize;
  py::class_<Chunker>(m, "Chunker",
                      "Finds the content-defined boundaries (Xet) of one content that is given in "
                      "pieces of any size. Not thread-safe.")
      .def(py::init<>())
      .def(
          "update",
          [](Chunker& self, const py::buffer& data) {
            return without_gil(data, [&](ByteView bytes) {
              std::vector<std::uint64_t> ends;
              self.update(bytes, ends);
              return ends;
            });
          },
          py::arg("data"),
          "Takes bytes; returns the ends of the chunks that end inside them, as offsets from the "
          "beginning of the content.")
      .def(
          "finish",
          [](Chunker& self) {
            std::vector<std::uint64_t> ends;
            self.finish(ends);
            return ends;
          },
          "The content ends here: returns the end of the last chunk, unless it was returned "
          "already. The chunker is as new afterwards.");
  m.def(
      "chunk_ends", [](const py::buffer& data) { return without_gil(data, chunk_ends); },
      py::arg("data"), "Where each chunk of a whole content ends; nothing for an empty one.");
}

void bind_manifest(py::module_& m) {
  py::class_<Chunk>(m, "Chunk", "A chunk of a manifest.")
      .def_property_readonly(
          "hash", [](const Chunk& c) { return xet_hex(c.hash); }, "In Xet's text form.")
      .def_readonly("size", &Chunk::size, "Bytes before compression.")
      .def("__eq__",
           [](const Chunk& a, const py::object& b) {
             return py::isinstance<Chunk>(b) && a == b.cast<const Chunk&>();
           })
      .def("__repr__",
           [](const Chunk& c) { return concat("Chunk('", xet_hex(c.hash), "', ", c.size, ")"); });
  py::class_<Manifest>(m, "Manifest", "The chunks of one file, in order.")
      .def_readonly("chunks", &Manifest::chunks)
      .def_property_readonly(
          "file_hash", [](const Manifest& f) { return xet_hex(f.file_hash); },
          "The Xet file hash, in Xet's text form.")
      .def_property_readonly("size", &Manifest::size, "Bytes.");
  py::class_<ManifestBuilder>(m, "ManifestBuilder",
                              "Makes the manifest of a content that comes in pieces of any size. "
                              "Not thread-safe.")
      .def(py::init<>())
      .def(
          "update",
          [](ManifestBuilder& self, const py::buffer& data) {
            without_gil(data, [&](ByteView bytes) { self.update(bytes); });
          },
          py::arg("data"))
      .def("finish", &ManifestBuilder::finish, "The builder is as new afterwards.");
  m.def(
      "make_manifest", [](const py::buffer& data) { return without_gil(data, make_manifest); },
      py::arg("data"), "Cuts a whole content and hashes its chunks.");
  m.def(
      "hash_file",
      [](const Path& path) {
        return blocking([&](const std::stop_token& stop) { return hash_file(path, stop); });
      },
      py::arg("path"),
      "Reads a file once and returns an Identity with its SHA-256, git and Xet hashes. Stops on "
      "Ctrl-C.");
}

}  // namespace

void bind_chunks(py::module_& m) {
  bind_chunker(m);
  bind_manifest(m);
}

}  // namespace hubdist::python
