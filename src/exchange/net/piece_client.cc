#include "exchange/net/piece_client.h"

#include <algorithm>

#include "exchange/net/piece_server.h"
#include <hubdist/core/hash.h>
#include <hubdist/exchange/wire.h>

namespace hubdist::exchange {
namespace {

constexpr std::chrono::milliseconds kConnectTime{5'000};
constexpr std::chrono::seconds kStallTime{5};
constexpr std::chrono::milliseconds kHoldingsTime{5'000};

// Gathers the bytes of one piece after another, and hands on those that have their hash.
class PieceReceiver {
 public:
  PieceReceiver(const StartTransfer& order, Content& content, const PieceClient::OnPiece& on_piece)
      : order_(order), content_(content), on_piece_(on_piece) {}

  Status take(ByteView bytes) {
    while (!bytes.empty()) {
      if (index_ == order_.pieces.size()) return data_loss("more bytes than were asked for");
      const RangeHash& piece = order_.pieces[index_];
      const std::size_t missing = static_cast<std::size_t>(piece.range.size()) - buffer_.size();
      const ByteView part = bytes.first(std::min(missing, bytes.size()));
      buffer_.insert(buffer_.end(), part.begin(), part.end());
      bytes = bytes.subspan(part.size());
      if (buffer_.size() == piece.range.size()) HUBDIST_TRY(finish(piece));
    }
    return {};
  }

  bool complete() const { return index_ == order_.pieces.size(); }
  // Why take() failed: wrong bytes, or a content that cannot take them.
  FailureKind kind() const { return kind_; }

 private:
  Status finish(const RangeHash& piece) {
    if (blake3(buffer_) != piece.hash) {
      kind_ = FailureKind::kCorrupt;
      return data_loss("bytes ", piece.range.begin, "-", piece.range.end - 1, " of ",
                       order_.unit_id, " from ", order_.address, " do not have their hash");
    }
    kind_ = FailureKind::kDisk;
    HUBDIST_TRY(content_.write(order_.unit_id, piece.range.begin, buffer_, Source::kPeer));
    kind_ = FailureKind::kUnknown;
    buffer_.clear();
    on_piece_(index_++);
    return {};
  }

  const StartTransfer& order_;
  Content& content_;
  const PieceClient::OnPiece& on_piece_;
  Bytes buffer_;
  std::size_t index_ = 0;
  FailureKind kind_ = FailureKind::kUnknown;
};

FailureKind kind_of(const Status& status, int http_status) {
  if (http_status == 404) return FailureKind::kGone;
  if (http_status != 0) return FailureKind::kTimeout;  // it broke off, or is overloaded
  return status.code() == StatusCode::kDeadlineExceeded ? FailureKind::kTimeout
                                                        : FailureKind::kRefused;
}

}  // namespace

PieceClient::PieceClient(const Secret& key, std::shared_ptr<Content> content)
    : signer_(key), content_(std::move(content)) {}

HttpRequest PieceClient::signed_request(const std::string& address, std::string target,
                                        std::string range, std::int64_t time_ms,
                                        std::string& nonce) const {
  HttpRequest request;
  request.url = concat("http://", address, target);
  request.redirects = Redirects::kReturn;
  request.connect_timeout = kConnectTime;
  request.stall_timeout = kStallTime;
  const DataRequest signed_parts{"GET", std::move(target), std::move(range), address};
  request.headers.set("Authorization", signer_.sign(signed_parts, time_ms, nonce));
  if (!signed_parts.range.empty()) request.headers.set("Range", signed_parts.range);
  return request;
}

// Before a byte of an answer is looked at: whether it is a member's at all.
Status PieceClient::check_answer(const HttpResponse& response, std::string_view nonce) const {
  const auto size = response.content_length();
  const auto mac = response.headers.get(kAnswerField);
  if (!mac || !signer_.answer_is_genuine(nonce, response.status, size.value_or(0), *mac))
    return permission_denied("what listens at ", response.url, " is no node of this exchange");
  return {};
}

TransferEnd PieceClient::fetch(const StartTransfer& order, std::int64_t time_ms,
                               const OnPiece& on_piece, std::stop_token stop) {
  const ByteRange range{order.pieces.front().range.begin, order.pieces.back().range.end};
  std::string nonce;
  const HttpRequest request =
      signed_request(order.address, concat(kUnitsPath, percent_encode(order.unit_id)),
                     concat("bytes=", range.begin, "-", range.end - 1), time_ms, nonce);
  PieceReceiver receiver(order, *content_, on_piece);
  int http_status = 0;
  const auto response = client_.stream(
      request,
      [&](const HttpResponse& head) -> Status {
        HUBDIST_TRY(check_answer(head, nonce));
        http_status = head.status;
        if (head.status == 404) return not_found(order.address, " does not give ", order.unit_id);
        if (head.status != 206 || head.content_length() != range.size())
          return unavailable(order.address, " answered ", head.status);
        return {};
      },
      [&](ByteView bytes) { return receiver.take(bytes); }, stop);
  if (response.ok() && receiver.complete()) return {};
  const Status status =
      response.ok() ? unavailable(order.address, " sent too few bytes") : response.status();
  if (receiver.kind() != FailureKind::kUnknown) return {false, receiver.kind(), status};
  return {false, kind_of(status, http_status), status};
}

Result<std::vector<RangeHash>> PieceClient::holdings(const std::string& address,
                                                     const std::string& unit, std::int64_t time_ms,
                                                     std::stop_token stop) {
  std::string nonce;
  HttpRequest request =
      signed_request(address, concat(kHoldingsPath, percent_encode(unit)), "", time_ms, nonce);
  request.total_timeout = kHoldingsTime;
  HUBDIST_ASSIGN(const HttpReply reply, client_.fetch(request, kMaxHoldingsFrame, stop));
  HUBDIST_TRY(check_answer(reply, nonce));
  if (reply.status == 404) return std::vector<RangeHash>();
  HUBDIST_TRY(status_of_http(reply, address));
  auto held = decode_holdings(as_bytes(reply.body));
  if (!held.ok()) return with_context(held.status(), address);
  return held;
}

}  // namespace hubdist::exchange
