// Reads files out of Xet storage: every range of a xorb once, chunk by chunk, in any order.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include <hubdist/core/range_set.h>
#include <hubdist/io/memory_budget.h>
#include <hubdist/xet/cas_client.h>

namespace hubdist {

// A run of chunks that was read for a file, and whose hashes do not tell by themselves whether they
// are right.
struct DoubtfulRange {
  XorbHash xorb;
  ByteRange bytes;  // in the serialized xorb
};

// A file to be read. Its fields stay as they are during the call, but for what the call fills in.
struct XetDownload {
  std::string name;  // for messages
  XetHash hash;
  std::uint64_t size = 0;  // not 0
  RangeSet held;           // what is not to be read
  // Takes a chunk at its place. Called by many threads at once; an error ends the whole reading.
  // Where a part that is held does not end with a chunk, the chunk is given whole.
  std::function<Status(std::uint64_t offset, const ChunkHash& hash, ByteView bytes)> write;

  // Filled in: the store does not know the file, and nothing of it was read.
  bool unknown = false;
  // Filled in: what was read and is not a whole xorb with the hash of its name.
  std::vector<DoubtfulRange> doubtful;
};

// Reads files from one store. Thread-safe: calls share the number of requests under way, which
// grows while that brings more bytes a second, and shrinks when requests fail.
class XetDownloader {
 public:
  // `budget` must outlive the reader. At most `most_requests` (at least 1) are under way.
  XetDownloader(std::shared_ptr<CasClient> cas, MemoryBudget& budget, std::size_t most_requests);
  ~XetDownloader();

  // Brings what is missing of `files`. A range of a xorb that several of them refer to is read
  // once, as far as their reconstructions are known before it is read. A range that does not decode
  // is read once more, from a fresh URL; what is still wrong is a DataLoss that names file, xorb
  // and range. That chunks are right is only known when the Merkle root over a whole file is. The
  // first failure ends the call; what was written by then is right as far as is known.
  Status read(std::span<XetDownload> files, std::stop_token stop);

 private:
  struct Shared;
  const std::unique_ptr<Shared> shared_;
};

}  // namespace hubdist
