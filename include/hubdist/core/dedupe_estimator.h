// Estimates what each of several versions adds to those before it, chunk by chunk, as a Xet hub
// would store them, and what an upload by the reference client (hf_xet 1.8) sends.
//
// Pure: the caller cuts and hashes files (core/manifest.h, io/chunk_stream.h), gives chunks in
// order, and compresses those that are stored (core/compression.h). Memory: at most 64 bytes for
// each distinct chunk and 4 for each time that one is stored again, besides the report and some
// hundred bytes for each file.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <hubdist/core/dedupe_report.h>
#include <hubdist/core/merkle.h>

namespace hubdist {

// The client looks at the chunks together that end in the same so many bytes of a file.
inline constexpr std::uint64_t kDedupeBlock = 8'000'000;

// A chunk that goes into a xorb: it is new, or is stored again because it could not be referred to.
struct StoredChunk {
  std::uint32_t index = 0;  // among the chunks given
  // Its compression scheme (choose_compression) is that of the stored chunks from it on, up to the
  // next that chooses.
  bool chooses = false;
};

// Usage: begin_version(), then for each file begin_file(), add_chunks() until its end, end_file();
// end_version(); ...; finish(). Not thread-safe.
class DedupeEstimator {
 public:
  DedupeEstimator();
  ~DedupeEstimator();
  DedupeEstimator(DedupeEstimator&&) noexcept;
  DedupeEstimator& operator=(DedupeEstimator&&) noexcept;

  // `single_file`: the version is one file. Two such versions in a row are states of one file,
  // whatever their names; otherwise files are matched by path, and renamed ones by content.
  void begin_version(std::string name, std::string commit = {}, bool single_file = false);
  // Returns the file's number, for add_compressed().
  std::size_t begin_file(std::string path);
  // The next chunks of the current file, in order: at a time those whose last bytes lie in one
  // kDedupeBlock of it (other divisions change a little which chunks are stored again). Returns
  // which of them the client stores.
  std::vector<StoredChunk> add_chunks(std::span<const Chunk> chunks);
  // Bytes that stored chunks of a file take in xorbs, without their headers; in any order, before
  // end_version().
  void add_compressed(std::size_t file, std::uint64_t bytes);
  // What is known of the file's layout; empty for none.
  void end_file(ContentLayout layout = {});
  void end_version();
  // The report so far, but for its `seconds`; the estimator is as new afterwards.
  DedupeReport finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace hubdist
