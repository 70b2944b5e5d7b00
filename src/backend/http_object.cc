#include "backend/internal/http_object.h"

#include <algorithm>
#include <charconv>

namespace hubdist::internal {
namespace {

std::optional<std::uint64_t> parse_number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// Passes on the bytes of one range out of a body that begins at some offset.
class RangeFilter {
 public:
  RangeFilter(ByteRange range, const BodySink& sink, std::string_view what)
      : range_(range), sink_(sink), what_(what) {}

  // Called with the headers: where the body begins, and whether it may go on behind the range.
  Status begin(const HttpResponse& response) {
    if (response.status == 206) {
      const auto field = response.headers.get("Content-Range");
      const auto sent = field ? parse_content_range(*field) : std::nullopt;
      if (!sent || sent->range != range_)
        return data_loss(what_, ": bytes ", range_.begin, "-", range_.end - 1,
                         " were asked for, the server sent ", field.value_or("no Content-Range"));
      offset_ = range_.begin;
      whole_ = false;
      return {};
    }
    offset_ = 0;
    whole_ = true;
    const auto length = response.content_length();
    if (length && *length <= range_.begin)
      return out_of_range(what_, " has ", *length, " bytes, none at ", range_.begin);
    if (length && *length < range_.end)
      return data_loss(what_, ": the server announces ", *length, " bytes, but ", range_.end,
                       " are expected");
    return {};
  }

  Status take(ByteView bytes) {
    const std::uint64_t end = offset_ + bytes.size();
    if (!whole_ && end > range_.end)
      return data_loss(what_, ": the server sent more than the ", range_.size(),
                       " bytes asked for");
    const std::uint64_t from = std::max(offset_, range_.begin);
    const std::uint64_t to = std::min(end, range_.end);
    if (from < to) {
      HUBDIST_TRY(sink_(bytes.subspan(static_cast<std::size_t>(from - offset_),
                                      static_cast<std::size_t>(to - from))));
    }
    offset_ = end;
    // What a server that ignores ranges sends behind the range is of no use: leave the transfer.
    if (whole_ && end > range_.end) return cancelled("enough");
    return {};
  }

  bool done() const { return offset_ >= range_.end; }
  bool left_early() const { return whole_ && offset_ > range_.end; }
  std::uint64_t offset() const { return offset_; }

 private:
  const ByteRange range_;
  const BodySink& sink_;
  const std::string_view what_;
  std::uint64_t offset_ = 0;
  bool whole_ = false;
};

}  // namespace

std::string normalise_etag(std::string_view etag) {
  if (etag.starts_with("W/")) etag.remove_prefix(2);
  if (etag.size() >= 2 && etag.front() == '"' && etag.back() == '"')
    etag = etag.substr(1, etag.size() - 2);
  return std::string(etag);
}

std::optional<ContentRange> parse_content_range(std::string_view field) {
  constexpr std::string_view kUnit = "bytes ";
  const std::size_t dash = field.find('-');
  const std::size_t slash = field.find('/');
  if (!field.starts_with(kUnit) || dash == field.npos || slash == field.npos || dash > slash)
    return std::nullopt;
  const auto first = parse_number(field.substr(kUnit.size(), dash - kUnit.size()));
  const auto last = parse_number(field.substr(dash + 1, slash - dash - 1));
  const auto size = parse_number(field.substr(slash + 1));
  if (!first || !last || *last < *first || *last == ~std::uint64_t{0}) return std::nullopt;
  return ContentRange{{*first, *last + 1}, size};
}

std::string etag_field(const HttpResponse& response) {
  return normalise_etag(response.headers.get("ETag").value_or(""));
}

Status read_http_range(HttpClient& client, RangeRead read, const BodySink& sink,
                       std::stop_token stop) {
  if (read.range.empty()) return {};
  read.request.headers.set("Range", concat("bytes=", read.range.begin, "-", read.range.end - 1));
  RangeFilter filter(read.range, sink, read.what);
  const auto on_headers = [&](const HttpResponse& head) -> Status {
    if (head.status != 200 && head.status != 206) return read.map_error(head, read.what);
    const std::string etag = read.etag.empty() ? std::string() : read.etag_of(head);
    if (!etag.empty() && etag != read.etag)
      return aborted(read.what, " was replaced: its etag is ", etag, ", no longer ", read.etag);
    return filter.begin(head);
  };
  const auto response = client.stream(
      read.request, on_headers, [&](ByteView bytes) { return filter.take(bytes); }, stop);
  if (filter.left_early()) return {};
  HUBDIST_TRY(response.status());
  // A success other than 200 and 206 is no file.
  if (response->status != 200 && response->status != 206)
    return failed_precondition(read.what, ": the server answered HTTP ", response->status,
                               " without content");
  if (!filter.done())
    return unavailable(read.what, ": the server sent ", filter.offset(), " of ", read.range.end,
                       " bytes");
  return {};
}

}  // namespace hubdist::internal
