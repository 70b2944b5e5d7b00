// The data plane's giving side: GET /v1/units/{id} with a Range, GET /v1/holdings/{id}.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>

#include "exchange/net/auth.h"
#include <hubdist/exchange/content.h>
#include <hubdist/io/http_server.h>

namespace hubdist::exchange {

inline constexpr std::string_view kUnitsPath = "/v1/units/";
inline constexpr std::string_view kHoldingsPath = "/v1/holdings/";

// What the server asks of its node. Thread-safe.
class PieceOwner {
 public:
  virtual ~PieceOwner() = default;
  virtual std::string data_address() const = 0;
  virtual std::int64_t exchange_time_ms() const = 0;
  // Whether all of `range` may be given away.
  virtual bool serves(const std::string& unit, ByteRange range) = 0;
  // The held pieces of a unit, with their hashes; nothing for a unit that is not offered.
  virtual std::optional<std::vector<RangeHash>> holdings(const std::string& unit) = 0;
  // The content does not give the unit any more.
  virtual void content_lost(const std::string& unit) = 0;
};

// Answers requests that carry a right MAC. What is absent and what is forbidden look the same: 404.
class PieceServer : public HttpHandler {
 public:
  PieceServer(const Secret& key, std::shared_ptr<Content> content, PieceOwner& owner)
      : checker_(key), content_(std::move(content)), owner_(owner) {}

  HttpServerResponse handle(const HttpServerRequest& request) override;
  std::uint64_t bytes_sent() const { return sent_; }

 private:
  HttpServerResponse unit(const HttpServerRequest& request, std::string_view nonce,
                          const std::string& id);
  HttpServerResponse holdings(std::string_view nonce, const std::string& id);
  HttpServerResponse answer(std::string_view nonce, int status, std::uint64_t size) const;

  RequestChecker checker_;
  const std::shared_ptr<Content> content_;
  PieceOwner& owner_;
  std::atomic<std::uint64_t> sent_ = 0;
};

}  // namespace hubdist::exchange
