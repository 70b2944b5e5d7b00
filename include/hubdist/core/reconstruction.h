// Reconstructions: how a client is told where the bytes of a file, or of a range of it, are.
//
// The answer names the file's terms and, for each xorb, URLs from which ranges of its chunks are
// read. Version 1 of the answer has a URL for each range ("fetch_info"), version 2 one for several
// ("xorbs"); both are one type here.
//
// Source: the Xet protocol specification 1.1, "API" and "Download protocol"
// (https://github.com/huggingface/hub-docs/tree/main/docs/xet).
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <hubdist/core/shard_check.h>
#include <hubdist/core/term.h>

namespace hubdist {

// Bytes of an answer. One for a file of 1 TiB whose terms have 8 chunks each, the fewest that
// clients aim at, would have more: such are asked for in ranges.
inline constexpr std::size_t kMaxReconstructionSize = 64 * kMiB;
// Bytes of a URL in an answer.
inline constexpr std::size_t kMaxFetchUrlSize = 64 * kKiB;

// A run of chunks of a xorb and where it lies in the serialized xorb.
struct FetchRange {
  ChunkRange chunks;
  ByteRange bytes;
  friend bool operator==(const FetchRange&, const FetchRange&) = default;
  friend auto operator<=>(const FetchRange&, const FetchRange&) = default;
};

// Ranges of one xorb that are read from one URL.
struct Fetch {
  std::string url;
  std::vector<FetchRange> ranges;  // rising
  friend bool operator==(const Fetch&, const Fetch&) = default;
};

// A value; const calls are thread-safe.
struct Reconstruction {
  // Bytes of the first term that come before the range that was asked for.
  std::uint64_t offset_into_first_range = 0;
  std::vector<Term> terms;  // none for an empty file
  std::map<XorbHash, std::vector<Fetch>> xorbs;

  // Bytes in the terms from offset_into_first_range on. What was asked for may end before: the last
  // chunk is whole.
  std::uint64_t size() const;
  // What to read for a term, nullptr when nothing covers it: a fetch of its xorb and which of its
  // ranges.
  struct Place {
    const Fetch* fetch = nullptr;
    const FetchRange* range = nullptr;
  };
  Place find(const Term& term) const;

  friend bool operator==(const Reconstruction&, const Reconstruction&) = default;
};

// Whether an answer is possible: numbers within the bounds of chunks and xorbs, ranges of a xorb
// rising and not overlapping, each term inside one range, an offset inside the first term.
// InvalidArgument naming what is wrong.
Status check_reconstruction(const Reconstruction& answer);

// Reads an answer of either version; it is checked. InvalidArgument for everything that is wrong
// with it.
Result<Reconstruction> parse_reconstruction(std::string_view json);
std::string write_reconstruction_v1(const Reconstruction& answer);
std::string write_reconstruction_v2(const Reconstruction& answer);

// Answers for several files at once; `xorbs` serve all of them. Version 1 alone.
struct BatchReconstruction {
  std::map<XetHash, std::vector<Term>> files;
  std::map<XorbHash, std::vector<Fetch>> xorbs;
};
std::string write_batch_reconstruction(const BatchReconstruction& answer);

// Makes answers from the terms that a shard states.
class ReconstructionPlanner {
 public:
  // The URL from which a client reads these ranges of a xorb.
  using UrlOf = std::function<std::string(const XorbHash&, std::span<const FetchRange>)>;

  // `ranges_per_url` is at least 1, which version 1 needs; clients send all ranges of a URL in one
  // request. Both functions are called during plan() alone.
  ReconstructionPlanner(XorbLookup xorb_of, UrlOf url_of, std::size_t ranges_per_url)
      : xorb_of_(std::move(xorb_of)), url_of_(std::move(url_of)), ranges_per_url_(ranges_per_url) {}

  // The answer for the bytes `wanted` of a file (all when absent): the fewest chunks that hold
  // them. An end beyond the file's end is cut to it. OutOfRange when `wanted` begins at or after
  // the end (and is not the empty beginning of an empty file); InvalidArgument when it is empty
  // otherwise; DataLoss when a term does not fit its xorb; errors of `xorb_of` are passed on.
  Result<Reconstruction> plan(std::span<const Term> terms, std::optional<ByteRange> wanted) const;
  // Likewise for whole files.
  Result<BatchReconstruction> plan_batch(const std::map<XetHash, std::vector<Term>>& files) const;

 private:
  using Wanted = std::map<XorbHash, std::vector<FetchRange>>;
  Result<Term> cut(const Term& term, ByteRange inside, std::uint64_t& skipped,
                   Wanted& wanted) const;
  std::map<XorbHash, std::vector<Fetch>> fetches(Wanted wanted) const;

  XorbLookup xorb_of_;
  UrlOf url_of_;
  std::size_t ranges_per_url_;
};

}  // namespace hubdist
