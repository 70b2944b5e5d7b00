// Reads one unit of a plan to its end, whatever it takes.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>

#include "xet/internal/fetch_plan.h"
#include <hubdist/core/xorb_verifier.h>
#include <hubdist/xet/download.h>

namespace hubdist::internal {

// Not thread-safe. Decodes and hashes each chunk as it arrives and gives it to the files that want
// it, so that a request that breaks off goes on at the chunk where it stopped.
class UnitReader {
 public:
  // Told of bytes that came, and of failures (true: slow down).
  struct Watch {
    std::function<void(std::uint64_t bytes)> moved;
    std::function<void()> failed;
  };
  UnitReader(CasClient& cas, std::span<XetDownload> files, FetchUnit unit, Watch watch);

  Status run(std::stop_token stop);
  // After run(): whether the chunks were the whole xorb, and hash to its name.
  bool proved() const { return proved_; }
  const FetchUnit& unit() const { return unit_; }

 private:
  // How far a target's part of the file is written.
  struct Progress {
    FetchTarget target;
    std::uint64_t at = 0;  // in the file
    bool done() const { return at == target.place.end; }
  };

  bool done() const;
  Status step(std::stop_token stop);
  Status begin_body(const HttpResponse& head);
  Status take_body(ByteView bytes);
  Status take_chunks(ByteView bytes);
  Status take_chunk(const PackedChunk& chunk);
  Status write(ByteView raw);
  Status wrong(Status status);
  Status renew(std::stop_token stop);
  Status after(const Status& failure, class Attempts& attempts, std::stop_token stop);
  const std::string& name() const { return files_[progress_.front().target.file].name; }
  std::string what() const;

  CasClient& cas_;
  const std::span<XetDownload> files_;
  FetchUnit unit_;
  const Watch watch_;
  std::vector<Progress> progress_;

  std::uint32_t next_ = 0;      // chunks before it are written
  std::uint32_t chunk_ = 0;     // the chunk of the xorb that comes next in the stream
  std::uint64_t offset_ = 0;    // and where it begins in the xorb
  std::uint64_t skip_ = 0;      // bytes of the body before it
  ByteRange body_;              // of the xorb, in this answer
  std::uint64_t received_ = 0;  // of them
  ChunkSplitter splitter_;
  ChunkDecompressor decompressor_;
  Bytes raw_;
  std::optional<MerkleHasher> tree_;  // while all chunks from the xorb's first on were seen
  bool proved_ = false;
  bool enough_ = false;  // the answer goes on behind what is wanted
  bool wrong_ = false;   // the bytes of this answer cannot be what was asked for
  Status sink_failure_;
};

}  // namespace hubdist::internal
