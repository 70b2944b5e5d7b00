#include <algorithm>

#include <hubdist/core/reconstruction.h>

namespace hubdist {
namespace {

// Whether a range's bytes can be so many chunks, where a xorb can have them.
Status check_fetch_range(const FetchRange& range) {
  const auto [chunks, bytes] = range;
  const std::uint64_t count = chunks.size();
  if (chunks.empty() || chunks.end > kMaxXorbChunks)
    return invalid_argument("a range has the chunks ", chunks.begin, " to ", chunks.end,
                            ": a xorb has 1 to ", kMaxXorbChunks);
  if (bytes.empty() || bytes.end > kMaxXorbPackedSize)
    return invalid_argument("a range has the bytes ", bytes.begin, " to ", bytes.end,
                            ": a xorb has at most ", kMaxXorbPackedSize);
  if (bytes.size() <= count * kChunkHeaderSize ||
      bytes.size() > count * (kChunkHeaderSize + kMaxPackedChunkSize))
    return invalid_argument("a range has ", bytes.size(), " bytes for ", count, " chunks");
  if (bytes.begin < chunks.begin * (kChunkHeaderSize + 1))
    return invalid_argument("a range has the byte ", bytes.begin, " as the beginning of chunk ",
                            chunks.begin);
  return {};
}

Status check_order(const FetchRange& before, const FetchRange& range) {
  if (range.chunks.begin < before.chunks.end || range.bytes.begin < before.bytes.end)
    return invalid_argument("the ranges of chunks ", before.chunks.begin, " to ", before.chunks.end,
                            " and ", range.chunks.begin, " to ", range.chunks.end,
                            " overlap or do not rise");
  if ((range.chunks.begin == before.chunks.end) != (range.bytes.begin == before.bytes.end))
    return invalid_argument("the ranges of chunks ", before.chunks.begin, " to ", before.chunks.end,
                            " and ", range.chunks.begin, " to ", range.chunks.end,
                            " leave a gap in bytes or in chunks alone");
  return {};
}

Status check_fetches(const std::vector<Fetch>& fetches) {
  const FetchRange* before = nullptr;
  for (const Fetch& fetch : fetches) {
    if (fetch.url.empty() || fetch.url.size() > kMaxFetchUrlSize)
      return invalid_argument("a URL has ", fetch.url.size(), " bytes, allowed are 1 to ",
                              kMaxFetchUrlSize);
    if (fetch.ranges.empty()) return invalid_argument("a URL is given for no range");
    for (const FetchRange& range : fetch.ranges) {
      HUBDIST_TRY(check_fetch_range(range));
      if (before) HUBDIST_TRY(check_order(*before, range));
      before = &range;
    }
  }
  return {};
}

// The first range that ends after `chunk`, in fetches whose ranges rise.
Reconstruction::Place find_range(const std::vector<Fetch>& fetches, std::uint32_t chunk) {
  const auto fetch =
      std::partition_point(fetches.begin(), fetches.end(), [chunk](const Fetch& candidate) {
        return candidate.ranges.empty() || candidate.ranges.back().chunks.end <= chunk;
      });
  if (fetch == fetches.end()) return {};
  const auto range =
      std::partition_point(fetch->ranges.begin(), fetch->ranges.end(),
                           [chunk](const FetchRange& r) { return r.chunks.end <= chunk; });
  return {&*fetch, &*range};
}

}  // namespace

std::uint64_t Reconstruction::size() const {
  std::uint64_t size = 0;
  for (const Term& term : terms) size += term.raw_size;
  return size - std::min(size, offset_into_first_range);
}

Reconstruction::Place Reconstruction::find(const Term& term) const {
  const auto xorb = xorbs.find(term.xorb);
  if (xorb == xorbs.end()) return {};
  const Place place = find_range(xorb->second, term.chunks.begin);
  return place.range && place.range->chunks.contains(term.chunks) ? place : Place{};
}

Status check_reconstruction(const Reconstruction& answer) {
  for (const auto& [hash, fetches] : answer.xorbs) {
    if (const Status wrong = check_fetches(fetches); !wrong.ok())
      return with_context(wrong, concat("a reconstruction, xorb ", xet_hex(hash)));
  }
  for (std::size_t i = 0; i < answer.terms.size(); ++i) {
    const Term& term = answer.terms[i];
    if (const Status wrong = check_term(term); !wrong.ok())
      return with_context(wrong, concat("a reconstruction, term ", i));
    if (!answer.find(term).range)
      return invalid_argument("a reconstruction leaves a gap: no range of xorb ",
                              xet_hex(term.xorb), " holds the chunks ", term.chunks.begin, " to ",
                              term.chunks.end, " of term ", i);
  }
  const std::uint64_t first = answer.terms.empty() ? 1 : answer.terms.front().raw_size;
  if (answer.offset_into_first_range >= first)
    return invalid_argument("a reconstruction begins ", answer.offset_into_first_range,
                            " bytes into its first term, which has ",
                            answer.terms.empty() ? 0 : first);
  return {};
}

}  // namespace hubdist
