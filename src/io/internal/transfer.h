// One HTTP exchange: a request to one URL and its answer, without redirects.
#pragma once

#include <atomic>
#include <functional>
#include <stop_token>
#include <string>

#include "io/internal/curl_pool.h"
#include "io/internal/stall_watch.h"
#include <hubdist/io/http_client.h>
#include <hubdist/io/url.h>

namespace hubdist::internal {

struct TransferRequest {
  const HttpRequest& options;  // time limits and encoding
  std::string method;
  HttpUrl url;
  HttpHeaders headers;  // all that is sent, credentials included
  bool with_body = false;
  std::string ca_path;  // a file or a folder; empty: the system's
  Instant deadline = Instant::max();
};

// What becomes of an answer, decided when its headers are there.
enum class BodyUse { kDeliver, kDrop };

// Drives one exchange on the calling thread. Not thread-safe.
class Transfer {
 public:
  using Decide = std::function<Result<BodyUse>(const HttpResponse&)>;

  Transfer(const TransferRequest& request, Decide decide, const HttpClient::BodySink& on_body,
           std::atomic<std::uint64_t>& received, std::stop_token stop);
  Result<HttpResponse> run(CurlItem& item);

 private:
  Status set_up(CurlItem& item);
  void set_proxy();
  void set_body_and_method();
  Status set_headers();
  Status set_limits();
  Status drive(CurlItem& item);
  bool request_was_sent() const;
  void count_upload();
  Status finish(CURLcode code);
  Status status_of(CURLcode code) const;
  Status over_time() const;

  // What libcurl calls. False ends the transfer; then failure_ says why.
  bool take_header(std::string_view line);
  bool take_body(ByteView bytes);
  bool end_of_headers();
  bool flush();
  bool fail(Status status);

  const TransferRequest& request_;
  const Decide decide_;
  const HttpClient::BodySink& on_body_;
  std::atomic<std::uint64_t>& received_;
  const std::stop_token stop_;

  CURL* easy_ = nullptr;
  curl_slist* header_list_ = nullptr;
  MutableBytes buffer_;
  std::size_t buffered_ = 0;
  char curl_message_[CURL_ERROR_SIZE] = {};
  StallWatch stall_;

  HttpResponse response_;
  std::uint64_t header_bytes_ = 0;
  std::uint64_t dropped_ = 0;
  std::uint64_t uploaded_ = 0;
  bool headers_done_ = false;
  bool drop_body_ = false;
  bool body_given_up_ = false;
  Status failure_;

  friend struct TransferCallbacks;
};

}  // namespace hubdist::internal
