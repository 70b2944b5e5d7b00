#include "exchange/net/piece_server.h"

#include <algorithm>

#include <hubdist/exchange/wire.h>
#include <hubdist/io/http_client.h>
#include <hubdist/io/http_range.h>

namespace hubdist::exchange {
namespace {

// A unit is read in steps of this size, whatever the size of the request.
constexpr std::size_t kReadSize = 1 * kMiB;
constexpr int kOk = 200;
constexpr int kPart = 206;
constexpr int kAbsent = 404;

// The range that a request names: always with begin and end, since the asker knows both.
std::optional<ByteRange> range_of(const HttpServerRequest& request) {
  const RangeRequest asked = parse_range(request.headers.get("Range").value_or(""), kMaxUnitSize);
  if (asked.kind != RangeRequest::Kind::kPart) return std::nullopt;
  return asked.range;
}

}  // namespace

HttpServerResponse PieceServer::handle(const HttpServerRequest& request) {
  HttpServerResponse absent;
  absent.status = kAbsent;
  if (request.method != "GET") return absent;
  const DataRequest signed_request{request.method, request.target,
                                   request.headers.get("Range").value_or(""),
                                   owner_.data_address()};
  const auto nonce = checker_.check(
      signed_request, request.headers.get("Authorization").value_or(""), owner_.exchange_time_ms());
  if (!nonce) return absent;
  for (const std::string_view prefix : {kUnitsPath, kHoldingsPath}) {
    if (!request.path.starts_with(prefix)) continue;
    const auto id = percent_decode(std::string_view(request.path).substr(prefix.size()));
    if (!id.ok()) break;
    return prefix == kUnitsPath ? unit(request, *nonce, *id) : holdings(*nonce, *id);
  }
  return answer(*nonce, kAbsent, 0);
}

HttpServerResponse PieceServer::answer(std::string_view nonce, int status,
                                       std::uint64_t size) const {
  HttpServerResponse response;
  response.status = status;
  response.headers.set(kAnswerField, checker_.sign_answer(nonce, status, size));
  return response;
}

HttpServerResponse PieceServer::unit(const HttpServerRequest& request, std::string_view nonce,
                                     const std::string& id) {
  const auto range = range_of(request);
  if (!range || !owner_.serves(id, *range)) return answer(nonce, kAbsent, 0);
  HttpServerResponse response = answer(nonce, kPart, range->size());
  response.headers.set("Content-Range", concat("bytes ", range->begin, "-", range->end - 1, "/*"));
  const auto read = [this, id, left = *range](MutableBytes out) mutable -> Result<std::size_t> {
    const std::uint64_t most = std::min<std::uint64_t>(kReadSize, left.size());
    const std::size_t size = std::min(out.size(), static_cast<std::size_t>(most));
    if (size == 0) return std::size_t{0};
    if (Status status = content_->read(id, left.begin, out.first(size)); !status.ok()) {
      owner_.content_lost(id);
      return status;
    }
    left.begin += size;
    sent_ += size;
    return size;
  };
  response.body = HttpStreamBody{range->size(), read};
  return response;
}

HttpServerResponse PieceServer::holdings(std::string_view nonce, const std::string& id) {
  const auto held = owner_.holdings(id);
  if (!held) return answer(nonce, kAbsent, 0);
  const Bytes frame = encode_holdings(*held);
  HttpServerResponse response = answer(nonce, kOk, frame.size());
  response.headers.set("Content-Type", "application/octet-stream");
  response.body = std::string(as_text(frame));
  return response;
}

}  // namespace hubdist::exchange
