// Bodies that come whole: how long each may be, and how much memory they take together.
#include <ctime>

#include "server/internal/hub_api.h"

namespace hubdist::internal {

namespace {

constexpr std::uint64_t kMaxPaths = 8 * kMiB;  // some ten thousand, of paths-info and preupload
constexpr std::uint64_t kMaxParts = 2 * kMiB;  // what clients say of the parts that are joined
constexpr std::uint64_t kMaxOther = 1 * kMiB;  // an LFS batch, a README's head, a long message

// The limits of routes that take more than a small body.
std::optional<std::uint64_t> large_limit(const HttpServerRequest& http) {
  if (http.path.starts_with(kCasPrefix)) return std::nullopt;
  if (http.path.starts_with(kLfsLinkPrefix)) return kMaxParts;
  if (http.path == "/api/validate-yaml") return kMaxOther;
  if (parse_lfs_route(http.path)) return kMaxOther;
  const auto route = parse_api_route(http.path);
  if (route && (route->verb == "paths-info" || route->verb == "preupload")) return kMaxPaths;
  if (route && route->verb == "super-squash") return kMaxOther;
  return std::nullopt;
}

// Collects a body for a handler. The memory counts until the answer is made.
class WholeSink final : public HttpBodySink {
 public:
  WholeSink(HttpHandler& handler, HttpServerRequest request, std::uint64_t size, Gate::Pass memory)
      : handler_(handler), request_(std::move(request)), memory_(std::move(memory)) {
    request_.body.reserve(size);
  }

  std::optional<HttpServerResponse> write(ByteView bytes) override {
    request_.body += as_text(bytes);
    return std::nullopt;
  }
  HttpServerResponse finish() override { return handler_.handle(request_); }

 private:
  HttpHandler& handler_;
  HttpServerRequest request_;
  const Gate::Pass memory_;
};

}  // namespace

// Whoever may not write shows that before their body is read. Those without a token have a room of
// their own, so that they cannot take that of others.
std::optional<HubApi::Plan> HubApi::plan_whole(const HttpServerRequest& http) {
  const auto limit = large_limit(http);
  if (http.method != "POST" || !limit) return std::nullopt;
  const std::uint64_t size = announced_size(http, *limit);
  if (size <= kMaxSmallBody) return std::nullopt;
  return plan_large(http, size, *limit);
}

HubApi::Plan HubApi::plan_large(const HttpServerRequest& http, std::uint64_t size,
                                std::uint64_t limit) {
  bool known = true;
  if (http.path.starts_with(kLfsLinkPrefix)) {
    HUBDIST_TRY(links_.read(http.method, http.path, http.query, std::time(nullptr)).status());
  } else {
    HUBDIST_ASSIGN(const auto login, authenticate(http));
    known = login.has_value();
    const auto route = parse_api_route(http.path);
    if (!known && route && route->verb == "preupload") return not_authenticated();
  }
  if (size > limit)
    return api_error(413, "",
                     concat("A body has at most ", limit, " bytes here: send less at once"));
  auto memory = (known ? body_memory_ : anonymous_memory_)
                    .enter(static_cast<std::size_t>((size + kMiB - 1) / kMiB));
  if (!memory) return too_busy("large requests");
  HttpBodyPlan plan;
  plan.limit = limit;
  plan.sink = std::make_unique<WholeSink>(*this, http, size, *std::move(memory));
  return plan;
}

}  // namespace hubdist::internal
