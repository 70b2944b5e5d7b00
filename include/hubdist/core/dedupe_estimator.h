// Estimates what each of several versions adds to those before it, chunk by chunk, as a Xet hub
// would store them.
//
// Pure: the caller cuts and hashes files (core/manifest.h, io/chunk_stream.h) and gives chunks in
// order; the estimator keeps at most 64 bytes for each distinct chunk.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <hubdist/core/dedupe_report.h>
#include <hubdist/core/merkle.h>

namespace hubdist {

// Usage: begin_version(), then for each file begin_file(), add_chunks() until its end, end_file();
// end_version(); ...; finish(). Not thread-safe.
class DedupeEstimator {
 public:
  DedupeEstimator();
  ~DedupeEstimator();
  DedupeEstimator(DedupeEstimator&&) noexcept;
  DedupeEstimator& operator=(DedupeEstimator&&) noexcept;

  void begin_version(std::string name, std::string commit = {});
  void begin_file(std::string path);
  // The next chunks of the current file, in order. Returns which of them are new, as indices into
  // `chunks`, with what the caller needs to compress each as an upload would; the caller tells
  // their compressed sizes with add_compressed(), in any order, before end_version().
  std::vector<std::size_t> add_chunks(std::span<const Chunk> chunks);
  // Bytes that new chunks of the current version take in xorbs, without their headers.
  void add_compressed(std::uint64_t bytes);
  // What is known of the file's layout; empty for none.
  void end_file(const ContentLayout& layout = {});
  void end_version();
  DedupeReport finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace hubdist
