#include <algorithm>
#include <array>
#include <cstdlib>
#include <set>
#include <utility>

#include "io/internal/curl_pool.h"
#include "io/internal/transfer.h"
#include <hubdist/base/version.h>
#include <hubdist/io/http_client.h>
#include <hubdist/io/url.h>

namespace hubdist {
namespace {

using internal::BodyUse;
using internal::CurlPool;
using internal::Transfer;
using internal::TransferRequest;

constexpr std::array<std::string_view, 3> kCredentialHeaders = {"Authorization", "Cookie",
                                                                "Proxy-Authorization"};
// What a request keeps when it is redirected to another origin: what it asks for, not who asks. Any
// other field may be a credential of the first origin's own invention.
constexpr std::array<std::string_view, 13> kTravellingHeaders = {
    "Accept",        "Accept-Encoding",   "Accept-Language",     "Content-Encoding", "Content-Type",
    "If-Match",      "If-Modified-Since", "If-None-Match",       "If-Range",         "Range",
    "Cache-Control", "User-Agent",        "If-Unmodified-Since",
};

template <std::size_t N>
bool names_one_of(const std::array<std::string_view, N>& names, std::string_view name) {
  return std::any_of(names.begin(), names.end(),
                     [&](std::string_view n) { return equal_ignoring_case(n, name); });
}

bool is_token(std::string_view text) {
  constexpr std::string_view kSymbols = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           kSymbols.find(c) != kSymbols.npos;
  });
}

bool is_field_value(std::string_view text) {
  return text.find_first_of(std::string_view("\r\n\0", 3)) == text.npos;
}

Status check_request(const HttpRequest& request) {
  if (!is_token(request.method)) return invalid_argument("not an HTTP method: a token is wanted");
  for (const auto& [name, value] : request.headers.fields()) {
    if (!is_token(name)) return invalid_argument("not a header name: a token is wanted");
    if (!is_field_value(value))
      return invalid_argument("the header field ", name, " holds a line break or NUL");
  }
  if (!is_field_value(request.bearer.reveal()))
    return invalid_argument("the token holds a line break or NUL");
  return {};
}

bool has_credential(const HttpRequest& request) {
  const auto& fields = request.headers.fields();
  return !request.bearer.empty() || std::any_of(fields.begin(), fields.end(), [](const auto& f) {
    return names_one_of(kCredentialHeaders, f.first);
  });
}

// A hop of a call: where it goes and what it carries there.
struct Hop {
  HttpUrl url;
  std::string method;
  bool with_body = false;
  bool with_credential = true;  // still at the origin that the caller named
};

bool has_body(const HttpRequest& request) {
  return !request.body.empty() || request.method == "POST" || request.method == "PUT" ||
         request.method == "PATCH";
}

Status check_credential(const HttpRequest& request, const Hop& hop) {
  if (!hop.with_credential || hop.url.scheme == "https" || hop.url.is_loopback() ||
      request.allow_insecure_credential || !has_credential(request))
    return {};
  return failed_precondition(
      hop.url.without_query(),
      ": a token is not sent over plain http to another host, where anyone on the way can read it. "
      "Use https, send no token, or allow it where the network is trusted "
      "(HUBDIST_ALLOW_INSECURE_TOKEN=1)");
}

HttpHeaders headers_for(const HttpRequest& request, const Hop& hop, std::string_view user_agent) {
  HttpHeaders headers;
  for (const auto& [name, value] : request.headers.fields())
    if (hop.with_credential || names_one_of(kTravellingHeaders, name)) headers.add(name, value);
  if (hop.with_credential && !request.bearer.empty())
    headers.set("Authorization", concat("Bearer ", request.bearer.reveal()));
  if (!headers.get("User-Agent")) headers.add("User-Agent", std::string(user_agent));
  return headers;
}

bool is_redirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

// The same origin, or the same host's change from http to https on the usual ports.
bool keeps_credential(const HttpUrl& from, const HttpUrl& to) {
  return from.same_origin(to) || (from.host == to.host && from.scheme == "http" &&
                                  to.scheme == "https" && from.port == "80" && to.port == "443");
}

// Where a call goes on after `response`; nothing when that is its answer.
Result<std::optional<Hop>> next_hop(const HttpRequest& request, const Hop& hop,
                                    const HttpResponse& response) {
  const auto location = response.headers.get("Location");
  if (request.redirects == Redirects::kReturn || !is_redirect(response.status) || !location)
    return std::nullopt;
  auto url = resolve_http_url(hop.url, *location);
  if (!url.ok())
    return failed_precondition(hop.url.without_query(),
                               " redirects to what cannot be followed: ", message(url.status()));
  if (request.redirects == Redirects::kFollowSameOrigin && !url->same_origin(hop.url))
    return std::nullopt;
  if (hop.url.scheme == "https" && url->scheme == "http")
    return permission_denied(hop.url.without_query(), " redirects from https to ",
                             url->without_query(),
                             ", which is not followed: anyone could change the answer on its way");
  Hop next{*std::move(url), hop.method, hop.with_body, false};
  next.with_credential = hop.with_credential && keeps_credential(hop.url, next.url);
  const bool to_get = (response.status == 303 && hop.method != "HEAD") ||
                      (response.status < 303 && hop.method == "POST");
  if (to_get) {
    next.method = "GET";
    next.with_body = false;
  }
  return next;
}

std::string ca_path_of(const HttpClientOptions& options) {
  if (!options.ca_file.empty()) return options.ca_file;
  for (const char* variable : {"SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"})
    if (const char* value = std::getenv(variable); value && *value) return value;
  return {};
}

Instant deadline_of(const HttpRequest& request) {
  return request.total_timeout.count() > 0 ? system_clock().now() + request.total_timeout
                                           : Instant::max();
}

}  // namespace

struct HttpClient::Impl {
  explicit Impl(HttpClientOptions options)
      : user_agent(options.user_agent.empty() ? concat("hubdist/", version()) : options.user_agent),
        ca_path(ca_path_of(options)),
        pool(options.max_idle_connections) {}

  const std::string user_agent;
  const std::string ca_path;
  CurlPool pool;
  std::atomic<std::uint64_t> received = 0;
};

HttpClient::HttpClient(HttpClientOptions options)
    : impl_(std::make_unique<Impl>(std::move(options))) {}
HttpClient::~HttpClient() = default;

Result<HttpResponse> HttpClient::stream(const HttpRequest& request, const HeaderSink& on_headers,
                                        const BodySink& on_body, std::stop_token stop) {
  HUBDIST_TRY(check_request(request));
  Hop hop{{}, request.method, has_body(request), true};
  HUBDIST_ASSIGN(hop.url, parse_http_url(request.url));
  const Instant deadline = deadline_of(request);
  std::set<std::string> visited;
  while (true) {
    HUBDIST_TRY(check_credential(request, hop));
    if (stop.stop_requested()) return cancelled("stopped on request");
    std::optional<Hop> next;
    const auto decide = [&](const HttpResponse& response) -> Result<BodyUse> {
      HUBDIST_ASSIGN(next, next_hop(request, hop, response));
      if (next) return BodyUse::kDrop;
      if (on_headers) HUBDIST_TRY(on_headers(response));
      return BodyUse::kDeliver;
    };
    const TransferRequest part{
        request,       hop.method,     hop.url, headers_for(request, hop, impl_->user_agent),
        hop.with_body, impl_->ca_path, deadline};
    HUBDIST_ASSIGN(auto item, impl_->pool.take(hop.url.origin()));
    Transfer transfer(part, decide, on_body, impl_->received, stop);
    auto response = transfer.run(*item);
    impl_->pool.give_back(std::move(item));
    if (!response.ok() || !next) return response;
    if (visited.size() >= kMaxRedirects || !visited.insert(hop.method + hop.url.text).second ||
        visited.contains(next->method + next->url.text))
      return failed_precondition(request.url.substr(0, request.url.find('?')),
                                 " redirects without end (", visited.size(), " times)");
    hop = *std::move(next);
  }
}

Result<HttpReply> HttpClient::fetch(const HttpRequest& request, std::uint64_t limit,
                                    std::stop_token stop) {
  std::string body;
  const auto too_long = [&] {
    return out_of_range(request.url.substr(0, request.url.find('?')),
                        ": the answer is longer than the ", limit, " bytes that are taken");
  };
  const auto on_headers = [&](const HttpResponse& response) -> Status {
    const auto length = response.content_length();
    if (!length || request.method == "HEAD") return {};
    if (*length > limit) return too_long();
    body.reserve(static_cast<std::size_t>(*length));
    return {};
  };
  const auto on_body = [&](ByteView bytes) -> Status {
    if (bytes.size() > limit - body.size()) return too_long();
    body.append(as_text(bytes));
    return {};
  };
  HUBDIST_ASSIGN(HttpResponse response, stream(request, on_headers, on_body, std::move(stop)));
  return HttpReply{std::move(response), std::move(body)};
}

std::uint64_t HttpClient::bytes_received() const { return impl_->received; }

}  // namespace hubdist
