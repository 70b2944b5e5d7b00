// One client's connection to an HttpServer, as a coroutine.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <stop_token>
#include <unordered_set>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>

#include "io/internal/client_stream.h"
#include "io/internal/response_head.h"
#include "io/internal/tls_certificate.h"
#include <hubdist/io/http_server.h>

namespace hubdist::internal {

class HttpConnection;

// What the connections of one server share.
struct HttpServerShared {
  HttpServerShared(HttpServerOptions given, std::shared_ptr<HttpHandler> handles)
      : options(std::move(given)), handler(std::move(handles)), handlers(options.handler_threads) {}

  const HttpServerOptions options;
  const std::shared_ptr<HttpHandler> handler;
  boost::asio::thread_pool handlers;
  std::stop_source stopping;
  std::function<void()> on_connection_gone;     // set before the first connection
  std::unique_ptr<TlsCertificate> certificate;  // likewise; null without TLS

  std::mutex mutex;
  std::condition_variable changed;
  std::unordered_set<std::shared_ptr<HttpConnection>> connections;
};

// All members run on the connection's strand, but for close_when_idle(), close_now() and
// idle_since(), which any thread may call.
class HttpConnection : public std::enable_shared_from_this<HttpConnection> {
 public:
  // `tls`: null for a connection in clear.
  HttpConnection(boost::asio::ip::tcp::socket socket, TlsCertificate::Context tls,
                 HttpServerShared& shared);
  void start();
  void close_when_idle();
  void close_now();
  // When the connection began to wait for a request's whole header; the greatest time while it is
  // busy.
  Instant idle_since() const { return Instant(Duration(idle_since_.load())); }

 private:
  using HeadParser = boost::beast::http::request_parser<boost::beast::http::empty_body>;
  template <typename T>
  using Task = boost::asio::awaitable<T>;
  static constexpr Duration::rep kBusy = Instant::max().time_since_epoch().count();

  struct Sent {
    std::uint64_t body = 0;
    bool complete = false;
  };

  // A request as it comes in.
  struct Inbound {
    HttpServerRequest request;
    bool http_1_0 = false;
    bool keep_alive = false;
    bool has_body = false;
    std::optional<std::uint64_t> length;  // of the body, where it was announced
    std::uint64_t received = 0;           // of the body
  };

  Task<void> run();
  // Makes the connection ready for requests; whether it is.
  Task<bool> begin_tls();
  // The client's first byte, which stays to be read; nothing when it is gone.
  Task<std::optional<char>> first_byte();
  // Serves one request; whether the connection can take another.
  Task<bool> serve_one();
  Task<bool> serve_planned(HeadParser& parser, Inbound& in, HttpBodyPlan& plan, int& status);

  // A status is what to refuse the request with, 0 when all is well, -1 when there is nobody to
  // answer.
  Task<int> read_head(HeadParser& parser);
  Task<bool> wait_for_bytes();
  Inbound begin_request(HeadParser& parser) const;
  Task<HttpBodyPlan> plan_body(const HttpServerRequest& request);
  Task<bool> invite_body(const HttpServerRequest& request);
  Task<int> read_body(HeadParser& head, Inbound& in, std::uint64_t limit);
  // `answer`: the sink's, when it wants no more.
  Task<int> stream_body(HeadParser& head, Inbound& in, HttpBodyPlan& plan,
                        std::optional<HttpServerResponse>& answer);
  Task<boost::system::error_code> read_exactly(MutableBytes out);
  void arm_for_body(std::uint64_t bytes);

  Task<bool> answer(const Inbound& in, HttpServerResponse response, Instant begin);
  Task<Sent> send(HttpServerResponse response, ResponseHead head);
  Task<std::uint64_t> send_text(std::string_view text, bool more_follows);
  Task<Sent> send_file(const HttpFileBody& body);
  Task<Sent> send_stream(HttpStreamBody body, BodyFraming framing);
  Task<Result<std::size_t>> read_stream(HttpStreamBody& body, MutableBytes buffer);
  Task<void> refuse(int status);
  // Lets the client read the last answer before a reset could throw it away.
  Task<void> linger();

  void arm(std::chrono::milliseconds time);
  void disarm();
  void watch_deadline();

  ClientStream stream_;
  boost::asio::ip::tcp::socket& socket_;  // below `stream_`
  HttpServerShared& shared_;
  boost::asio::steady_timer timer_;
  Instant deadline_ = Instant::max();
  boost::beast::flat_buffer buffer_;
  std::string remote_;
  std::atomic<Duration::rep> idle_since_{kBusy};
  bool closing_ = false;
  bool greeted_ = false;  // the TLS handshake is done
};

}  // namespace hubdist::internal
