// What is to be read of which xorb, and where its chunks belong.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <hubdist/core/reconstruction.h>

namespace hubdist::internal {

// A part of a file that is a run of a xorb's chunks.
struct FetchTarget {
  std::size_t file = 0;
  ChunkRange chunks;
  ByteRange place;  // in the file
};

// One run of chunks of a xorb, read by one request, for every place that wants some of them.
struct FetchUnit {
  XorbHash xorb;
  FetchRange range;
  std::string url;
  std::vector<FetchTarget> targets;
};

// Units that wait to be read, in the order in which they were asked for. A term whose chunks a
// waiting unit has becomes another of its targets, whichever file or answer it comes from; a unit
// that has all chunks of waiting ones takes their place. (A URL is signed for the ranges of one
// answer, so more cannot be joined.) Pure; not thread-safe.
class FetchPlan {
 public:
  // Adds an answer for `wanted` of a file of `size` bytes, and says where what it tells of ends
  // (behind the last whole chunk, so maybe behind wanted.end). DataLoss when the answer has no
  // terms for the beginning of `wanted`, or goes on behind the file's end.
  Result<std::uint64_t> add(std::size_t file, std::uint64_t size, ByteRange wanted,
                            const Reconstruction& answer);
  bool empty() const { return waiting_.empty(); }
  std::uint64_t bytes() const { return bytes_; }  // to be read for what waits
  std::unique_ptr<FetchUnit> take();

 private:
  void append(FetchUnit unit);
  FetchUnit* find(const XorbHash& xorb, ChunkRange chunks) const;

  std::deque<std::unique_ptr<FetchUnit>> waiting_;
  std::map<XorbHash, std::vector<FetchUnit*>> by_xorb_;
  std::uint64_t bytes_ = 0;
};

}  // namespace hubdist::internal
