#include "io/internal/http_connection.h"

#include <array>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include "io/internal/handler_pool.h"

// GCC 12 takes the frame of a coroutine, which Asio allocates and frees by a pair of its own, for a
// mismatch once it has inlined one of the two.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"
#endif

namespace hubdist::internal {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

constexpr auto kTuple = asio::as_tuple(asio::use_awaitable);
constexpr std::chrono::milliseconds kLingerTime{2'000};
// A client that is refused may be in the middle of a body: most read the answer only after it.
constexpr std::uint64_t kLingerBytes = 64 * kMiB;
constexpr std::size_t kLingerStep = 64 * kKiB;
constexpr char kTlsHandshake = 0x16;  // the first byte of each
constexpr std::string_view kPlainHttp =
    "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nContent-Length: 44\r\n"
    "Connection: close\r\n\r\nThis port speaks https: ask it by https://.\n";

}  // namespace

HttpConnection::HttpConnection(asio::ip::tcp::socket socket, TlsCertificate::Context tls,
                               HttpServerShared& shared)
    : stream_(std::move(socket), std::move(tls)),
      socket_(stream_.socket()),
      shared_(shared),
      timer_(socket_.get_executor()) {
  error_code ignored;
  const auto peer = socket_.remote_endpoint(ignored);
  if (!ignored) {
    const std::string host = peer.address().to_string();
    remote_ = peer.address().is_v6() ? concat('[', host, "]:", peer.port())
                                     : concat(host, ':', peer.port());
  }
  socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
  socket_.native_non_blocking(true, ignored);
}

void HttpConnection::start() {
  asio::co_spawn(
      socket_.get_executor(), [self = shared_from_this()] { return self->run(); },
      [self = shared_from_this()](std::exception_ptr) {
        self->close_now();
        {
          const std::lock_guard lock(self->shared_.mutex);
          self->shared_.connections.erase(self);
          self->shared_.on_connection_gone();
          self->shared_.changed.notify_all();
        }
      });
}

void HttpConnection::close_when_idle() {
  asio::post(socket_.get_executor(), [self = shared_from_this()] {
    self->closing_ = true;
    error_code ignored;
    if (self->idle_since_ != kBusy) self->socket_.close(ignored);
  });
}

void HttpConnection::close_now() {
  asio::post(socket_.get_executor(), [self = shared_from_this()] {
    self->closing_ = true;
    error_code ignored;
    self->timer_.cancel();
    self->socket_.close(ignored);
  });
}

void HttpConnection::arm(std::chrono::milliseconds time) {
  deadline_ = system_clock().now() + time;
  if (timer_.expiry() > deadline_ || timer_.expiry() <= system_clock().now()) watch_deadline();
}

void HttpConnection::disarm() { deadline_ = Instant::max(); }

// The timer is moved only when it would ring too late: a deadline that moves on with every sent
// byte costs an assignment.
void HttpConnection::watch_deadline() {
  if (deadline_ == Instant::max()) return;
  timer_.expires_at(deadline_);
  timer_.async_wait([weak = weak_from_this()](error_code error) {
    const auto self = weak.lock();
    if (error || !self) return;
    if (system_clock().now() < self->deadline_) return self->watch_deadline();
    error_code ignored;
    self->closing_ = true;
    self->socket_.close(ignored);
  });
}

asio::awaitable<void> HttpConnection::run() {
  bool more = true;
  if (stream_.encrypted()) more = co_await begin_tls();
  while (more && !closing_) more = co_await serve_one();
  if (socket_.is_open()) co_await linger();
}

asio::awaitable<bool> HttpConnection::begin_tls() {
  // Who makes a handshake slowly waits like who sends nothing.
  idle_since_ = system_clock().now().time_since_epoch().count();
  arm(shared_.options.limits.header_time);
  const std::optional<char> first = co_await first_byte();
  bool ready = false;
  if (first == kTlsHandshake) {
    const auto [error] = co_await stream_.async_handshake(kTuple);
    greeted_ = ready = !error;
  } else if (first && *first >= 'A' && *first <= 'Z') {
    co_await asio::async_write(socket_, asio::buffer(kPlainHttp), kTuple);
    co_return false;
  }
  idle_since_ = kBusy;
  error_code ignored;
  if (!ready) socket_.close(ignored);
  co_return ready;
}

asio::awaitable<std::optional<char>> HttpConnection::first_byte() {
  const auto [error] = co_await socket_.async_wait(asio::ip::tcp::socket::wait_read, kTuple);
  if (error || closing_) co_return std::nullopt;
  char byte = 0;
  error_code failed;
  const std::size_t count =
      socket_.receive(asio::buffer(&byte, 1), asio::ip::tcp::socket::message_peek, failed);
  co_return count == 1 && !failed ? std::optional<char>(byte) : std::nullopt;
}

asio::awaitable<bool> HttpConnection::serve_one() {
  HeadParser parser;
  parser.header_limit(static_cast<std::uint32_t>(shared_.options.limits.header));
  parser.body_limit(boost::none);  // decided when it is known whose body it is
  int status = co_await read_head(parser);
  if (status == 0) {
    Inbound in = begin_request(parser);
    HttpBodyPlan plan = co_await plan_body(in.request);
    const bool keep = co_await serve_planned(parser, in, plan, status);
    // A body broke off: its sink removes what it took, away from the connections' threads.
    if (plan.sink)
      co_await run_on<bool>(shared_.handlers, [&plan] {
        plan.sink.reset();
        return true;
      });
    if (status == 0) co_return keep;
  }
  if (status < 0) {
    error_code ignored;
    socket_.close(ignored);
    co_return false;
  }
  co_await refuse(status);
  co_return false;
}

asio::awaitable<bool> HttpConnection::serve_planned(HeadParser& parser, Inbound& in,
                                                    HttpBodyPlan& plan, int& status) {
  const Instant begin = system_clock().now();
  std::optional<HttpServerResponse> response = std::move(plan.refusal);
  bool body_read = !in.has_body;
  if (!response && in.has_body) {
    if (in.length.value_or(0) > plan.limit) {
      status = 413;
      co_return false;
    }
    const bool invited = co_await invite_body(in.request);
    if (!invited)
      status = -1;
    else if (plan.sink)
      status = co_await stream_body(parser, in, plan, response);
    else
      status = co_await read_body(parser, in, plan.limit);
    if (status != 0) co_return false;
    body_read = !response;
  }
  if (!response) {
    disarm();
    response = co_await run_on<HttpServerResponse>(shared_.handlers, [this, &in, &plan] {
      auto made = call_guarded<HttpServerResponse>(in.request, "the handler", [&] {
        return plan.sink ? plan.sink->finish() : shared_.handler->handle(in.request);
      });
      plan.sink.reset();
      return made;
    });
  }
  // Nobody knows where the next request would begin behind a body that was not read.
  if (!body_read) response->close = true;
  co_return co_await answer(in, *std::move(response), begin);
}

asio::awaitable<bool> HttpConnection::answer(const Inbound& in, HttpServerResponse response,
                                             Instant begin) {
  const int status = response.status;
  ResponseHead head = make_response_head(
      response, {.is_head = in.request.method == "HEAD",
                 .http_1_0 = in.http_1_0,
                 .keep_alive = in.keep_alive && !closing_ && !shared_.stopping.stop_requested(),
                 .date = http_date(system_clock().wall_time())});
  const bool reusable = head.keep_alive;
  const auto on_sent = std::move(response.on_sent);
  const Sent sent = co_await send(std::move(response), std::move(head));
  if (on_sent) on_sent(sent.body);
  if (shared_.options.on_exchange)
    shared_.options.on_exchange({.method = in.request.method,
                                 .path = in.request.path,
                                 .remote = in.request.remote,
                                 .status = status,
                                 .body_bytes = sent.body,
                                 .received_bytes = in.received,
                                 .complete = sent.complete,
                                 .time = system_clock().now() - begin});
  if (!sent.complete) {
    error_code ignored;
    socket_.close(ignored);
  }
  co_return sent.complete&& reusable;
}

asio::awaitable<void> HttpConnection::refuse(int status) {
  HttpServerResponse response = plain_answer(status);
  response.close = true;
  ResponseHead head = make_response_head(response, {.date = http_date(system_clock().wall_time())});
  co_await send(std::move(response), std::move(head));
}

asio::awaitable<void> HttpConnection::linger() {
  error_code ignored;
  arm(kLingerTime);
  if (greeted_) co_await stream_.async_farewell(kTuple);
  socket_.shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
  std::array<char, kLingerStep> waste;
  std::uint64_t read = 0;
  while (read < kLingerBytes) {
    const auto [error, count] = co_await socket_.async_read_some(asio::buffer(waste), kTuple);
    if (error) break;
    read += count;
  }
  socket_.close(ignored);
}

}  // namespace hubdist::internal
