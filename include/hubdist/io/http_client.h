// An HTTP client on libcurl: connections are reused, bodies are streamed, nothing is retried here
// (see retry.h), and a credential leaves the process only towards its own origin.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include <hubdist/base/bytes.h>
#include <hubdist/base/secret.h>
#include <hubdist/io/http_headers.h>

namespace hubdist {

enum class Redirects {
  kFollow,  // up to kMaxRedirects; the credential stays behind when scheme, host or port changes
  kFollowSameOrigin,  // only to the same scheme, host and port; another target is the answer
  kReturn,            // a redirect is the answer
};
inline constexpr int kMaxRedirects = 10;

struct HttpRequest {
  std::string method = "GET";
  std::string url;  // without user or password; InvalidArgument otherwise
  HttpHeaders headers;
  std::string body;
  // Sent as `Authorization: Bearer ...`. Refused (FailedPrecondition) over plain http to a host
  // that is not loopback, unless allow_insecure_credential.
  Secret bearer;
  bool allow_insecure_credential = false;
  Redirects redirects = Redirects::kFollow;
  // Whether the server may compress the body. Off where bytes are counted or ranges are asked.
  bool accept_compressed = false;
  std::chrono::milliseconds connect_timeout{10'000};
  // A transfer slower than stall_bytes_per_second for this long is given up as Unavailable.
  std::chrono::seconds stall_timeout{30};
  long stall_bytes_per_second = 1024;
  // 0: no limit on the whole. Otherwise DeadlineExceeded.
  std::chrono::milliseconds total_timeout{0};
};

struct HttpResponse {
  int status = 0;
  HttpHeaders headers;  // of the last answer
  std::string url;      // where the last answer came from
  bool ok() const { return status >= 200 && status < 300; }
  std::optional<std::uint64_t> content_length() const;
};

struct HttpReply : HttpResponse {
  std::string body;
};

struct HttpClientOptions {
  std::string user_agent;  // empty: "hubdist/<version>"
  std::string
      ca_file;  // empty: SSL_CERT_FILE, REQUESTS_CA_BUNDLE, CURL_CA_BUNDLE, else the system's
  std::size_t max_idle_connections = 32;
};

// Thread-safe: any number of calls may run at once, each blocks its own thread. A stop request ends
// a call within 100 ms with Cancelled. Failures to connect, to resolve, to finish are Unavailable;
// a certificate that does not verify is PermissionDenied; a status code is never an error here.
// The usual proxy variables (http_proxy, https_proxy, no_proxy, all_proxy) are obeyed.
class HttpClient {
 public:
  explicit HttpClient(HttpClientOptions options = {});
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  // The headers of the final answer, before its body. An error ends the transfer and is returned.
  using HeaderSink = std::function<Status(const HttpResponse&)>;
  // A part of the body; valid during the call only. An error ends the transfer and is returned.
  using BodySink = std::function<Status(ByteView)>;
  Result<HttpResponse> stream(const HttpRequest& request, const HeaderSink& on_headers,
                              const BodySink& on_body, std::stop_token stop = {});
  // The whole answer in memory; ResourceExhausted's cousin OutOfRange when the body passes `limit`.
  Result<HttpReply> fetch(const HttpRequest& request, std::uint64_t limit = 64 * kMiB,
                          std::stop_token stop = {});

  // Bytes of headers and bodies received by this client so far.
  std::uint64_t bytes_received() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// The Status that a status code of a reply stands for (429: ResourceExhausted with
// Detail::kRetryAfter from Retry-After or RateLimit; 408, 5xx but 501: Unavailable; 401:
// Unauthenticated; 403: PermissionDenied; 404, 410: NotFound; 416: OutOfRange; 2xx: OK; ...).
// Carries Detail::kHttpStatus. `what` names the thing that was asked.
Status status_of_http(const HttpResponse& response, std::string_view what);

// "%XX" for every byte but letters, digits, "-._~" and those in `keep`.
std::string percent_encode(std::string_view text, std::string_view keep = "");
Result<std::string> percent_decode(std::string_view text);

}  // namespace hubdist
