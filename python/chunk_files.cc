// io/: files and large buffers cut into chunks and hashed.
#include <algorithm>

#include "bindings.h"
#include "blocking.h"
#include "buffer.h"
#include "handle.h"
#include "manifest.h"
#include <hubdist/io/chunk_stream.h>
#include <hubdist/io/hash_file.h>

namespace hubdist::python {
namespace {

// So many bytes take a few milliseconds: nobody needs to interrupt that.
constexpr std::size_t kAtOnce = 8 * kMiB;

Result<ManifestColumns> chunk_bytes(ByteView bytes, const std::stop_token& stop) {
  ManifestColumns manifest;
  ChunkHasher hasher;
  const auto add = [&](const Chunk& chunk) { manifest.add(chunk); };
  while (!bytes.empty()) {
    if (stop.stop_requested()) return cancelled("chunking a buffer was stopped");
    const ByteView next = bytes.first(std::min(bytes.size(), kAtOnce));
    hasher.update(next, add);
    bytes = bytes.subspan(next.size());
  }
  hasher.finish(add);
  manifest.seal();
  return manifest;
}

ManifestColumns chunk_buffer(const py::buffer& data) {
  const BufferBytes bytes(data);
  if (bytes.view().size() > kAtOnce)
    return blocking([&](const std::stop_token& stop) { return chunk_bytes(bytes.view(), stop); });
  const auto quick = [&] {
    const WithoutGil released;
    return chunk_bytes(bytes.view(), {});
  };
  return unwrap(quick());
}

Result<ManifestColumns> chunk_file(const Path& path, const ChunkStreamOptions& options,
                                   std::stop_token stop) {
  HUBDIST_ASSIGN(const auto file, posix_file_system().open(path, OpenMode::kRead));
  ManifestColumns manifest;
  const auto take = [&](const std::shared_ptr<const ChunkBatch>& batch) {
    for (const Chunk& chunk : batch->chunks) manifest.add(chunk);
    return Status();
  };
  HUBDIST_TRY(stream_chunks(*file, take, options, std::move(stop)));
  manifest.seal();
  return manifest;
}

std::vector<std::string> hash_all(const std::vector<Path>& paths,
                                  const ChunkStreamOptions& options) {
  const auto hashes = blocking([&](std::stop_token stop) {
    return hash_files(posix_file_system(), paths, options, std::move(stop));
  });
  std::vector<std::string> texts;
  for (const XetHash& hash : hashes) texts.push_back(xet_hex(hash));
  return texts;
}

void bind_chunk(py::module_& m) {
  m.def(
      "chunk", [](const py::buffer& data, std::size_t) { return chunk_buffer(data); },
      py::arg("data"), py::kw_only(), py::arg("threads") = 0,
      "Cuts a content into Xet's content-defined chunks and hashes them; returns its Manifest.\n\n"
      "`data` is a path (str or os.PathLike) of a file or a pipe, or the content itself in any "
      "buffer that is contiguous in C order: bytes, bytearray, memoryview, mmap, a NumPy array of "
      "any type, writable or not. Nothing is copied; a buffer must not be written to meanwhile. "
      "`threads`: 0 for as many as this process may use. A file takes at most 64 MiB of memory and "
      "16 MiB a thread, whatever its size, and 40 bytes a chunk.\n\n"
      "Raises FileNotFoundError, IsADirectoryError, PermissionError, AbortedError when a file "
      "changes while it is read, InvalidArgumentError (a ValueError) for a buffer with gaps. "
      "Runs without the GIL, stops on Ctrl-C, may be called by many threads.");
  m.def(
      "chunk",
      [](const Path& path, std::size_t threads) {
        return blocking(
            [&](std::stop_token stop) { return chunk_file(path, {threads}, std::move(stop)); });
      },
      py::arg("path"), py::kw_only(), py::arg("threads") = 0);
}

}  // namespace

void bind_chunk_files(py::module_& m) {
  bind_chunk(m);
  m.def(
      "hash_file",
      [](const Path& path, std::size_t threads) {
        return blocking([&](std::stop_token stop) {
          return hash_file(posix_file_system(), path, {threads}, std::move(stop));
        });
      },
      py::arg("path"), py::kw_only(), py::arg("threads") = 0,
      "Reads a file once and returns an Identity with its SHA-256, git and Xet hashes (of a pipe "
      "no git hash). `threads`, memory and errors as chunk() has them. Stops on Ctrl-C.");
  m.def(
      "hash_files",
      [](const std::vector<Path>& paths, std::size_t threads) {
        return hash_all(paths, {threads});
      },
      py::arg("paths"), py::kw_only(), py::arg("threads") = 0,
      "The Xet hashes of files in Xet's text form, in the order of `paths`: the `xet` of "
      "hash_file(), without the other hashes and so faster. Small files are read at the same time, "
      "a big one on all cores. The first error ends it. `threads`, memory and errors as chunk() "
      "has them. Stops on Ctrl-C.");
}

}  // namespace hubdist::python
