#include "xet/internal/unit_reader.h"

#include <algorithm>

#include <hubdist/base/log.h>
#include <hubdist/io/url.h>

namespace hubdist::internal {
namespace {

// How often a URL may be refused one after another.
constexpr int kMaxRefusals = 3;

// Answers that a fresh URL may change: it expired, or the object moved.
bool is_refusal(const Status& status) {
  const auto code = detail(status, Detail::kHttpStatus);
  return code && (*code == "400" || *code == "401" || *code == "403" || *code == "404" ||
                  *code == "410" || *code == "416");
}

}  // namespace

// What was tried so far.
class Attempts {
 public:
  Attempts(const RetryPolicy& policy, std::stop_token stop) : retrier(policy, std::move(stop)) {}
  void progressed() {
    retrier.progressed();
    refusals = 0;
  }
  Retrier retrier;
  int refusals = 0;
  bool read_again = false;  // bytes were wrong once
};

UnitReader::UnitReader(CasClient& cas, std::span<XetDownload> files, FetchUnit unit, Watch watch)
    : cas_(cas), files_(files), unit_(std::move(unit)), watch_(std::move(watch)) {
  for (const FetchTarget& target : unit_.targets) progress_.push_back({target, target.place.begin});
  next_ = unit_.range.chunks.begin;
  chunk_ = next_;
  offset_ = unit_.range.bytes.begin;
  if (next_ == 0) tree_.emplace();
  raw_.resize(kMaxChunkSize);
}

bool UnitReader::done() const {
  return std::all_of(progress_.begin(), progress_.end(),
                     [](const Progress& p) { return p.done(); });
}

std::string UnitReader::what() const {
  return concat(name(), ": xorb ", xet_hex(unit_.xorb), ", bytes ", unit_.range.bytes.begin, " to ",
                unit_.range.bytes.end);
}

Status UnitReader::run(std::stop_token stop) {
  Attempts attempts(cas_.retry_policy(), stop);
  while (!done()) {
    if (offset_ == unit_.range.bytes.end || unit_.url.empty()) HUBDIST_TRY(renew(stop));
    const std::uint32_t before = next_;
    const Status status = step(stop);
    if (next_ > before) attempts.progressed();
    if (!status.ok()) HUBDIST_TRY(after(status, attempts, stop));
  }
  proved_ = tree_ && tree_->xorb_hash() == unit_.xorb;
  return {};
}

// What is to be done when an answer failed: OK to go on.
Status UnitReader::after(const Status& failure, Attempts& attempts, std::stop_token stop) {
  if (!sink_failure_.ok()) return sink_failure_;
  if (stop.stop_requested()) return cancelled("stopped while reading ", name());
  if (wrong_) {
    if (std::exchange(attempts.read_again, true))
      return data_loss(what(), ": ", message(failure), ", in two readings");
    log(LogLevel::kWarning, what(), ": ", message(failure), "; it is read once more");
    unit_.url.clear();
    return {};
  }
  if (is_refusal(failure)) {
    unit_.url.clear();
    return ++attempts.refusals < kMaxRefusals ? Status() : failure;
  }
  if (RetryPolicy::retryable(failure) && watch_.failed) watch_.failed();
  return attempts.retrier.again(failure);
}

// One request, from the next chunk on.
Status UnitReader::step(std::stop_token stop) {
  HUBDIST_ASSIGN(HttpRequest request,
                 cas_.xorb_request(unit_.url, {offset_, unit_.range.bytes.end}));
  splitter_ = {};
  wrong_ = enough_ = false;
  received_ = 0;
  body_ = {offset_, unit_.range.bytes.end};
  const auto response = cas_.http().stream(
      request, [&](const HttpResponse& head) { return begin_body(head); },
      [&](ByteView bytes) { return take_body(bytes); }, stop);
  if (enough_) return {};
  const bool told = wrong_ || !sink_failure_.ok();
  if (!response.ok()) return told ? response.status() : with_context(response.status(), what());
  if (chunk_ == unit_.range.chunks.end) return {};
  if (received_ == body_.size())
    return wrong(data_loss("its bytes end inside chunk ", chunk_, " of ", unit_.range.chunks.end));
  return unavailable(what(), ": the answer ended at byte ", body_.begin + received_);
}

Status UnitReader::begin_body(const HttpResponse& head) {
  if (!head.ok()) return status_of_http(head, "the store");
  skip_ = 0;
  if (head.status == 200) {  // the whole xorb, from a server that knows no ranges
    skip_ = body_.begin;
    return {};
  }
  const auto field = head.headers.get("Content-Range");
  const std::string expected = concat("bytes ", body_.begin, "-", body_.end - 1, "/");
  if (head.status != 206 || (field && !field->starts_with(expected)))
    return wrong(
        data_loss("the server answered HTTP ", head.status, " with ", field.value_or("no range")));
  const auto length = head.content_length();
  if (length && *length != body_.size())
    return wrong(data_loss("the server announces ", *length, " bytes instead of ", body_.size()));
  return {};
}

Status UnitReader::take_body(ByteView bytes) {
  if (watch_.moved) watch_.moved(bytes.size());
  const std::uint64_t skipped = std::min<std::uint64_t>(skip_, bytes.size());
  skip_ -= skipped;
  received_ += bytes.size() - skipped;
  return take_chunks(bytes.subspan(static_cast<std::size_t>(skipped)));
}

Status UnitReader::take_chunks(ByteView bytes) {
  while (!bytes.empty()) {
    if (chunk_ == unit_.range.chunks.end) {
      enough_ = true;
      return cancelled("enough");
    }
    const auto next = splitter_.next(bytes);
    if (!next.ok()) return wrong(next.status());
    if (next->footer) return wrong(data_loss("it ends after ", chunk_, " chunks"));
    if (next->chunk) HUBDIST_TRY(take_chunk(*next->chunk));
    bytes = bytes.subspan(next->taken);
  }
  return {};
}

Status UnitReader::take_chunk(const PackedChunk& chunk) {
  const std::uint64_t end = offset_ + kChunkHeaderSize + chunk.header.packed_size;
  const bool last = chunk_ + 1 == unit_.range.chunks.end;
  if (last ? end != unit_.range.bytes.end : end >= unit_.range.bytes.end)
    return wrong(data_loss("chunk ", chunk_, " ends at byte ", end));
  const bool wanted = std::any_of(progress_.begin(), progress_.end(), [&](const Progress& p) {
    return p.target.chunks.begin <= chunk_ && chunk_ < p.target.chunks.end;
  });
  if (chunk_ >= next_) {
    if (wanted) {
      ByteView raw = chunk.packed;
      if (chunk.header.scheme != CompressionScheme::kNone) {
        const auto out = MutableBytes(raw_).first(chunk.header.raw_size);
        const Status unpacked = decompressor_.decompress(chunk.header.scheme, chunk.packed, out);
        if (!unpacked.ok()) return wrong(with_context(unpacked, concat("chunk ", chunk_)));
        raw = out;
      }
      HUBDIST_TRY(write(raw));
    } else {
      tree_.reset();
    }
    next_ = chunk_ + 1;
  }
  ++chunk_;
  offset_ = end;
  return {};
}

Status UnitReader::write(ByteView raw) {
  const ChunkHash hash = chunk_hash(raw);
  for (const Progress& p : progress_) {
    if (chunk_ < p.target.chunks.begin || chunk_ >= p.target.chunks.end) continue;
    const bool last = chunk_ + 1 == p.target.chunks.end;
    const std::uint64_t end = p.at + raw.size();
    if (last ? end != p.target.place.end : end >= p.target.place.end)
      return wrong(data_loss("chunk ", chunk_, " has ", raw.size(),
                             " bytes, which the file has no place for"));
  }
  for (Progress& p : progress_) {
    if (chunk_ < p.target.chunks.begin || chunk_ >= p.target.chunks.end) continue;
    sink_failure_ = files_[p.target.file].write(p.at, hash, raw);
    HUBDIST_TRY(sink_failure_);
    p.at += raw.size();
  }
  if (tree_) tree_->update({hash, static_cast<std::uint32_t>(raw.size())});
  return {};
}

Status UnitReader::wrong(Status status) {
  wrong_ = true;
  return status;
}

// Asks where the rest is of the first part that is not whole: as near to the chunk that comes next
// as the store can tell.
Status UnitReader::renew(std::stop_token stop) {
  const auto needs = [&](const Progress& p) {
    return p.done() ? kMaxXorbChunks : std::max(next_, p.target.chunks.begin);
  };
  const auto first =
      std::min_element(progress_.begin(), progress_.end(),
                       [&](const Progress& a, const Progress& b) { return needs(a) < needs(b); });
  const XetDownload& file = files_[first->target.file];
  HUBDIST_ASSIGN(
      const Reconstruction answer,
      cas_.reconstruct(file.hash, ByteRange{first->at, first->target.place.end}, file.name, stop));
  const std::uint32_t from = needs(*first);
  const ChunkRange rest{from, first->target.chunks.end};
  const auto place = answer.find(Term{unit_.xorb, rest, 0});
  if (!place.range)
    return data_loss(what(), ": asked again, the store no longer names this xorb for the file");
  if (from > next_) tree_.reset();
  unit_.url = place.fetch->url;
  unit_.range = *place.range;
  chunk_ = unit_.range.chunks.begin;
  offset_ = unit_.range.bytes.begin;
  next_ = from;
  return {};
}

}  // namespace hubdist::internal
