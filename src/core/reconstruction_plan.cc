#include <algorithm>

#include <hubdist/core/reconstruction.h>

namespace hubdist {
namespace {

// Sorts ranges and joins those that touch or overlap: one request brings what two terms need.
void join(std::vector<FetchRange>& ranges) {
  std::sort(ranges.begin(), ranges.end(),
            [](const FetchRange& a, const FetchRange& b) { return a.chunks < b.chunks; });
  std::size_t last = 0;
  for (std::size_t i = 1; i < ranges.size(); ++i) {
    if (ranges[i].chunks.begin > ranges[last].chunks.end) {
      ranges[++last] = ranges[i];
      continue;
    }
    ranges[last].chunks.end = std::max(ranges[last].chunks.end, ranges[i].chunks.end);
    ranges[last].bytes.end = std::max(ranges[last].bytes.end, ranges[i].bytes.end);
  }
  if (!ranges.empty()) ranges.resize(last + 1);
}

std::uint64_t size_of(std::span<const Term> terms) {
  std::uint64_t size = 0;
  for (const Term& term : terms) size += term.raw_size;
  return size;
}

// The range to answer for: within the file.
Result<ByteRange> range_of(std::uint64_t size, std::optional<ByteRange> wanted) {
  if (!wanted || (size == 0 && wanted->begin == 0)) return ByteRange{0, size};
  if (wanted->begin >= size)
    return out_of_range("the range begins at ", wanted->begin, ", the file has ", size, " bytes");
  if (wanted->empty())
    return invalid_argument("the range from ", wanted->begin, " to ", wanted->end, " is empty");
  return ByteRange{wanted->begin, std::min(wanted->end, size)};
}

}  // namespace

// What of a term holds the bytes `inside` of it; `skipped` are its bytes before that.
Result<Term> ReconstructionPlanner::cut(const Term& term, ByteRange inside, std::uint64_t& skipped,
                                        Wanted& wanted) const {
  HUBDIST_ASSIGN(const auto xorb, xorb_of_(term.xorb));
  const auto size = xorb->raw_size_of(term.chunks);
  if (!size.ok() || *size != term.raw_size)
    return data_loss("a term of ", term.raw_size, " bytes, chunks ", term.chunks.begin, " to ",
                     term.chunks.end, ", does not fit xorb ", xet_hex(term.xorb));
  HUBDIST_ASSIGN(const ChunkRange chunks, xorb->chunks_holding(term.chunks, inside));
  HUBDIST_ASSIGN(const ByteRange bytes, xorb->bytes_of(chunks));
  HUBDIST_ASSIGN(const std::uint64_t kept, xorb->raw_size_of(chunks));
  wanted[term.xorb].push_back({chunks, bytes});
  skipped = xorb->raw_begin(chunks.begin) - xorb->raw_begin(term.chunks.begin);
  return Term{term.xorb, chunks, static_cast<std::uint32_t>(kept)};
}

std::map<XorbHash, std::vector<Fetch>> ReconstructionPlanner::fetches(Wanted wanted) const {
  std::map<XorbHash, std::vector<Fetch>> out;
  for (auto& [xorb, ranges] : wanted) {
    join(ranges);
    std::vector<Fetch>& here = out[xorb];
    for (std::size_t at = 0; at < ranges.size(); at += ranges_per_url_) {
      const auto some =
          std::span(ranges).subspan(at, std::min(ranges_per_url_, ranges.size() - at));
      here.push_back({url_of_(xorb, some), {some.begin(), some.end()}});
    }
  }
  return out;
}

Result<Reconstruction> ReconstructionPlanner::plan(std::span<const Term> terms,
                                                   std::optional<ByteRange> wanted) const {
  HUBDIST_ASSIGN(const ByteRange range, range_of(size_of(terms), wanted));
  Reconstruction answer;
  Wanted ranges;
  std::uint64_t begin = 0;  // of the term in the file
  for (const Term& term : terms) {
    const std::uint64_t end = begin + term.raw_size;
    if (end > range.begin && begin < range.end) {
      const ByteRange inside{std::max(begin, range.begin) - begin,
                             std::min(end, range.end) - begin};
      std::uint64_t skipped = 0;
      HUBDIST_ASSIGN(Term cut_term, cut(term, inside, skipped, ranges));
      if (answer.terms.empty()) answer.offset_into_first_range = inside.begin - skipped;
      answer.terms.push_back(std::move(cut_term));
    }
    begin = end;
  }
  answer.xorbs = fetches(std::move(ranges));
  return answer;
}

Result<BatchReconstruction> ReconstructionPlanner::plan_batch(
    const std::map<XetHash, std::vector<Term>>& files) const {
  BatchReconstruction answer;
  Wanted ranges;
  for (const auto& [file, terms] : files) {
    std::vector<Term>& out = answer.files[file];
    for (const Term& term : terms) {
      std::uint64_t skipped = 0;
      HUBDIST_ASSIGN(out.emplace_back(), cut(term, {0, term.raw_size}, skipped, ranges));
    }
  }
  answer.xorbs = fetches(std::move(ranges));
  return answer;
}

}  // namespace hubdist
