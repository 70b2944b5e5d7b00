// The data plane's asking side. Blocking; one call a thread.
#pragma once

#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "exchange/net/auth.h"
#include <hubdist/exchange/content.h>
#include <hubdist/exchange/node_machine.h>
#include <hubdist/io/http_client.h>

namespace hubdist::exchange {

// Thread-safe: connections to peers are kept and used again.
class PieceClient {
 public:
  PieceClient(const Secret& key, std::shared_ptr<Content> content);

  // Called for each piece that has its hash and went into the content.
  using OnPiece = std::function<void(std::size_t index)>;
  // Brings neighbouring pieces of a unit from a peer.
  TransferEnd fetch(const StartTransfer& order, std::int64_t time_ms, const OnPiece& on_piece,
                    std::stop_token stop);
  // What a peer holds of a unit, by its own word.
  Result<std::vector<RangeHash>> holdings(const std::string& address, const std::string& unit,
                                          std::int64_t time_ms, std::stop_token stop);

 private:
  HttpRequest signed_request(const std::string& address, std::string target, std::string range,
                             std::int64_t time_ms, std::string& nonce) const;
  Status check_answer(const HttpResponse& response, std::string_view nonce) const;

  const RequestSigner signer_;
  const std::shared_ptr<Content> content_;
  HttpClient client_;
};

}  // namespace hubdist::exchange
