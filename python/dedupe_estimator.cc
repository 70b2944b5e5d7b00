// core/: the engine of comparisons, chunk by chunk, and how chunks are compressed.
#include <array>

#include "bindings.h"
#include "buffer.h"
#include "handle.h"
#include "manifest.h"
#include <hubdist/core/compression.h>
#include <hubdist/core/dedupe_estimator.h>

namespace hubdist::python {
namespace {

// A DedupeEstimator that says when its methods come in a wrong order. Used under the GIL.
class Estimator {
 public:
  void begin_version(std::string name, std::string commit, bool single_file) {
    expect(Place::kOutside, "begin_version");
    estimator_.begin_version(std::move(name), std::move(commit), single_file);
    place_ = Place::kVersion;
    files_ = 0;
  }
  std::size_t begin_file(std::string path) {
    expect(Place::kVersion, "begin_file");
    place_ = Place::kFile;
    ++files_;
    return estimator_.begin_file(std::move(path));
  }
  std::vector<StoredChunk> add_chunks(const std::vector<Chunk>& chunks) {
    expect(Place::kFile, "add_chunks");
    for (const Chunk& chunk : chunks)
      if (chunk.size == 0 || chunk.size > kMaxChunkSize)
        raise_status(invalid_argument("a chunk has ", chunk.size, " bytes, allowed are 1 to ",
                                      kMaxChunkSize));
    return estimator_.add_chunks(chunks);
  }
  void add_compressed(std::size_t file, std::uint64_t bytes) {
    if (place_ == Place::kOutside) expect(Place::kVersion, "add_compressed");
    if (file >= files_)
      raise_status(invalid_argument("add_compressed: this version has no file number ", file));
    estimator_.add_compressed(file, bytes);
  }
  void end_file(ContentLayout layout) {
    expect(Place::kFile, "end_file");
    estimator_.end_file(std::move(layout));
    place_ = Place::kVersion;
  }
  void end_version() {
    expect(Place::kVersion, "end_version");
    estimator_.end_version();
    place_ = Place::kOutside;
  }
  DedupeReport finish() {
    expect(Place::kOutside, "finish");
    return estimator_.finish();
  }

 private:
  enum class Place { kOutside, kVersion, kFile };

  void expect(Place place, std::string_view method) const {
    constexpr std::array kPlaces = {"outside of a version", "inside a version, outside of a file",
                                    "inside a file"};
    if (place_ != place)
      raise_status(failed_precondition(method, "() belongs ",
                                       kPlaces[static_cast<std::size_t>(place)], ", and this is ",
                                       kPlaces[static_cast<std::size_t>(place_)]));
  }

  DedupeEstimator estimator_;
  Place place_ = Place::kOutside;
  std::size_t files_ = 0;  // of the current version
};

CompressionScheme scheme_of(const std::string& text) {
  for (const auto scheme :
       {CompressionScheme::kNone, CompressionScheme::kLz4, CompressionScheme::kByteGroupedLz4})
    if (name(scheme) == text) return scheme;
  raise_status(invalid_argument("no compression scheme is \"", text,
                                "\"; there are \"none\", \"lz4\" and \"bg4-lz4\""));
}

void bind_compression(py::module_& m) {
  m.def(
      "choose_compression",
      [](const py::buffer& chunk) {
        const BufferBytes bytes(chunk);
        return std::string(name(choose_compression(bytes.view())));
      },
      py::arg("chunk"),
      "The scheme that the reference client takes: \"lz4\", or \"bg4-lz4\" where the four byte "
      "places of words differ in how many bits are set.");
  m.def(
      "compress_chunk",
      [](const py::buffer& chunk, const std::string& wanted) {
        const BufferBytes bytes(chunk);
        ChunkCompressor compressor;
        const auto stored = compressor.compress(bytes.view(), scheme_of(wanted));
        return py::make_tuple(std::string(name(stored.scheme)), to_bytes(stored.bytes));
      },
      py::arg("chunk"), py::arg("scheme"),
      "How a chunk lies in a xorb, as (scheme, bytes): by `scheme`, or as it is (\"none\") where "
      "that is not smaller or the chunk has more than MAX_CHUNK_SIZE bytes.");
  m.def(
      "decompress_chunk",
      [](const std::string& scheme, const py::buffer& stored, std::size_t raw_size) {
        const BufferBytes bytes(stored);
        return to_bytes(unwrap(decompress_chunk(scheme_of(scheme), bytes.view(), raw_size)));
      },
      py::arg("scheme"), py::arg("stored"), py::arg("raw_size"),
      "The chunk of `raw_size` bytes that was stored as `stored`. Raises DataLossError when it is "
      "damaged, has another size or bytes after its end; InvalidArgumentError when raw_size is not "
      "1 to MAX_CHUNK_SIZE.");
}

}  // namespace

void bind_dedupe_estimator(py::module_& m) {
  bind_compression(m);
  m.attr("DEDUPE_BLOCK") = kDedupeBlock;
  py::class_<StoredChunk>(m, "StoredChunk",
                          "A chunk that goes into a xorb: it is new, or is stored again because it "
                          "could not be referred to.")
      .def_readonly("index", &StoredChunk::index, "Among the chunks given.")
      .def_readonly("chooses", &StoredChunk::chooses,
                    "Its compression scheme (choose_compression) is that of the stored chunks from "
                    "it on, up to the next that chooses.")
      .def("__repr__", [](const StoredChunk& s) {
        return concat("<StoredChunk ", s.index, s.chooses ? ", chooses>" : ">");
      });
  py::class_<Estimator>(
      m, "DedupeEstimator",
      "Estimates what each of several versions adds to those before it, chunk by chunk, and what "
      "an upload by the reference client sends. It reads nothing: estimate_dedupe() does that.\n\n"
      "Usage: begin_version(), then for each file begin_file(), add_chunks() until its end, "
      "end_file(); end_version(); ...; finish(). Methods in another order raise "
      "FailedPreconditionError. Memory: at most 64 bytes for each distinct chunk, besides the "
      "report and some hundred bytes for each file. Threads that share one wait for each other.")
      .def(py::init<>())
      .def("begin_version", &Estimator::begin_version, py::arg("name"), py::arg("commit") = "",
           py::kw_only(), py::arg("single_file") = false,
           "`single_file`: the version is one file. Two such versions in a row are states of one "
           "file, whatever their names; otherwise files are matched by path, and renamed ones by "
           "content.")
      .def("begin_file", &Estimator::begin_file, py::arg("path"),
           "Returns the file's number, for add_compressed().")
      .def("add_chunks", &Estimator::add_chunks, py::arg("chunks"),
           "The next chunks of the current file, in order: at a time those whose last bytes lie in "
           "one DEDUPE_BLOCK of it (other divisions change a little which chunks are stored "
           "again). Returns which of them the client stores.")
      .def("add_compressed", &Estimator::add_compressed, py::arg("file"), py::arg("bytes"),
           "Bytes that stored chunks of a file take in xorbs, without their headers; in any order, "
           "before end_version().")
      .def(
          "end_file",
          [](Estimator& self, const std::optional<ContentLayout>& layout) {
            self.end_file(layout.value_or(ContentLayout{}));
          },
          py::arg("layout") = py::none(),
          "`layout`: what is known of what lies where in the file (read_layout).")
      .def("end_version", &Estimator::end_version)
      .def("finish", &Estimator::finish,
           "The report so far, but for its `seconds`; the estimator is as new afterwards.");
}

}  // namespace hubdist::python
