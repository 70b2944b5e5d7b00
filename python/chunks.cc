// core/: content-defined chunks of a content that comes in pieces.
#include <mutex>

#include "bindings.h"
#include "buffer.h"
#include "handle.h"
#include "manifest.h"
#include <hubdist/core/chunker.h>
#include <hubdist/core/manifest.h>

namespace hubdist::python {
namespace {

// One of core's machines for Python, whose threads must not be able to damage memory: calls come
// one after another.
template <typename Machine>
class Serial {
 public:
  // Calls `f(machine)` without the GIL.
  template <typename F>
  auto run(F&& f) {
    const WithoutGil released;
    const std::lock_guard lock(mutex_);
    return f(machine_);
  }
  // The same with the bytes of a Python buffer: `f(machine, bytes)`.
  template <typename F>
  auto run(const py::buffer& data, F&& f) {
    const BufferBytes bytes(data);
    return run([&](Machine& machine) { return f(machine, bytes.view()); });
  }

 private:
  std::mutex mutex_;
  Machine machine_;
};

// What Python calls ManifestBuilder.
class ColumnsBuilder {
 public:
  void update(ByteView bytes) {
    chunks_.update(bytes, [this](const Chunk& chunk) { found_.add(chunk); });
  }
  ManifestColumns finish() {
    chunks_.finish([this](const Chunk& chunk) { found_.add(chunk); });
    found_.seal();
    return std::exchange(found_, {});
  }

 private:
  ChunkHasher chunks_;
  ManifestColumns found_;
};

void bind_chunker(py::module_& m) {
  m.attr("MIN_CHUNK_SIZE") = kMinChunkSize;
  m.attr("MAX_CHUNK_SIZE") = kMaxChunkSize;
  using Self = Serial<Chunker>;
  py::class_<Self>(m, "Chunker",
                   "Finds the content-defined boundaries (Xet) of one content that is given in "
                   "pieces of any size. ChunkHasher hashes the chunks as well. Keeps no bytes. "
                   "Threads that share one wait for each other.")
      .def(py::init<>())
      .def(
          "update",
          [](Self& self, const py::buffer& data) {
            return self.run(data, [](Chunker& chunker, ByteView bytes) {
              std::vector<std::uint64_t> ends;
              chunker.update(bytes, ends);
              return ends;
            });
          },
          py::arg("data"),
          "Takes bytes; returns the ends of the chunks that end inside them, as offsets from the "
          "beginning of the content.")
      .def(
          "finish",
          [](Self& self) {
            return self.run([](Chunker& chunker) {
              std::vector<std::uint64_t> ends;
              chunker.finish(ends);
              return ends;
            });
          },
          "The content ends here: returns the end of the last chunk, unless it was returned "
          "already. The chunker is as new afterwards.");
  m.def(
      "chunk_ends",
      [](const py::buffer& data) {
        const BufferBytes bytes(data);
        const WithoutGil released;
        return chunk_ends(bytes.view());
      },
      py::arg("data"), "Where each chunk of a whole content ends; nothing for an empty one.");
}

void bind_chunk_hasher(py::module_& m) {
  using Self = Serial<ChunkHasher>;
  py::class_<Self>(m, "ChunkHasher",
                   "Cuts one content that is given in pieces of any size, and hashes each "
                   "chunk. Keeps no bytes. Threads that share one wait for each other.")
      .def(py::init<>())
      .def(
          "update",
          [](Self& self, const py::buffer& data) {
            return self.run(data, [](ChunkHasher& hasher, ByteView bytes) {
              std::vector<Chunk> chunks;
              hasher.update(bytes, [&](const Chunk& chunk) { chunks.push_back(chunk); });
              return chunks;
            });
          },
          py::arg("data"), "Takes bytes; returns the chunks that end inside them, in order.")
      .def(
          "finish",
          [](Self& self) {
            return self.run([](ChunkHasher& hasher) {
              std::vector<Chunk> chunks;
              hasher.finish([&](const Chunk& chunk) { chunks.push_back(chunk); });
              return chunks;
            });
          },
          "The content ends here: returns the last chunk, unless it was returned already. The "
          "hasher is as new afterwards.");
}

void bind_builder(py::module_& m) {
  using Self = Serial<ColumnsBuilder>;
  py::class_<Self>(m, "ManifestBuilder",
                   "Makes the manifest of a content that comes in pieces of any size. "
                   "Keeps no bytes. Threads that share one wait for each other.")
      .def(py::init<>())
      .def(
          "update",
          [](Self& self, const py::buffer& data) {
            self.run(data, [](ColumnsBuilder& builder, ByteView bytes) { builder.update(bytes); });
          },
          py::arg("data"), "Takes bytes.")
      .def(
          "finish",
          [](Self& self) {
            return self.run([](ColumnsBuilder& builder) { return builder.finish(); });
          },
          "The content ends here: returns its Manifest. The builder is as new afterwards.");
  m.def(
      "make_manifest",
      [](const py::buffer& data) {
        const BufferBytes bytes(data);
        const WithoutGil released;
        ColumnsBuilder builder;
        builder.update(bytes.view());
        return builder.finish();
      },
      py::arg("data"),
      "Cuts a whole content and hashes its chunks, on one core and in one go; chunk() uses all "
      "cores, reads files, and stops on Ctrl-C.");
}

}  // namespace

void bind_chunks(py::module_& m) {
  bind_chunker(m);
  bind_chunk_hasher(m);
  bind_builder(m);
}

}  // namespace hubdist::python
