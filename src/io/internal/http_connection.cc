#include "io/internal/http_connection.h"

#include <algorithm>
#include <cerrno>
#include <exception>
#include <tuple>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/defer.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/read.hpp>
#include <sys/sendfile.h>

#include <hubdist/base/log.h>

// GCC 12 takes the frame of a coroutine, which Asio allocates and frees by a pair of its own, for a
// mismatch once it has inlined one of the two.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"
#endif

namespace hubdist::internal {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using boost::system::error_code;

namespace {

constexpr auto kTuple = asio::as_tuple(asio::use_awaitable);
// Sent between two looks at other connections: a fast client must not hold its thread.
constexpr std::uint64_t kSendSlice = 1 * kMiB;
constexpr std::size_t kStreamBuffer = 256 * kKiB;
constexpr std::chrono::milliseconds kLingerTime{2'000};
constexpr std::uint64_t kLingerBytes = 1 * kMiB;

// Runs `work` on the pool and comes back to the caller's executor with what it returned.
template <typename R, typename Work>
asio::awaitable<R> run_on(asio::thread_pool& pool, Work work) {
  auto token = asio::use_awaitable;
  return asio::async_initiate<asio::use_awaitable_t<>, void(R)>(
      [&pool](auto done, Work task) {
        auto home = asio::get_associated_executor(done);
        asio::post(pool, [done = std::move(done), home, task = std::move(task)]() mutable {
          R result = task();
          asio::post(home, [done = std::move(done), result = std::move(result)]() mutable {
            std::move(done)(std::move(result));
          });
        });
      },
      token, std::move(work));
}

std::string text_of(boost::beast::string_view text) { return {text.data(), text.size()}; }

// An absolute-form target ("http://host/path") means its path (RFC 9112, section 3.2.2).
std::string_view origin_form(std::string_view target) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!target.starts_with(scheme)) continue;
    const std::size_t slash = target.find('/', scheme.size());
    return slash == std::string_view::npos ? "/" : target.substr(slash);
  }
  return target;
}

HttpServerRequest make_request(http::request<http::string_body>&& parsed, std::string remote,
                               std::stop_token stop) {
  HttpServerRequest request;
  request.method = text_of(parsed.method_string());
  request.target = text_of(parsed.target());
  const std::string_view target = origin_form(request.target);
  const std::size_t mark = target.find('?');
  request.path = target.substr(0, mark);
  if (mark != std::string_view::npos) request.query = target.substr(mark + 1);
  for (const auto& field : parsed.base())
    request.headers.add(text_of(field.name_string()), text_of(field.value()));
  request.body = std::move(parsed.body());
  request.remote = std::move(remote);
  request.stop = std::move(stop);
  return request;
}

HttpServerResponse plain_answer(int status) {
  HttpServerResponse response;
  response.status = status;
  response.headers.add("Content-Type", "text/plain; charset=utf-8");
  response.body = concat(status, ' ', reason_phrase(status), '\n');
  return response;
}

HttpServerResponse call(HttpHandler& handler, const HttpServerRequest& request) {
  try {
    return handler.handle(request);
  } catch (const std::exception& error) {
    log(LogLevel::kError, "the handler of ", request.method, ' ', request.path,
        " threw: ", error.what());
  } catch (...) {
    log(LogLevel::kError, "the handler of ", request.method, ' ', request.path, " threw");
  }
  return plain_answer(500);
}

int status_for(error_code error) {
  if (error == http::error::header_limit) return 431;
  if (error == http::error::body_limit) return 413;
  if (error == http::error::end_of_stream || error == http::error::partial_message) return -1;
  return error.category() == http::make_error_code(http::error::bad_method).category() ? 400 : -1;
}

HttpStreamBody as_stream(const HttpFileBody& body) {
  HttpStreamBody stream;
  stream.size = body.size;
  stream.read = [file = body.file, offset = body.offset,
                 left = body.size](MutableBytes out) mutable -> Result<std::size_t> {
    const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(left, out.size()));
    HUBDIST_ASSIGN(const std::size_t read, file->pread(out.first(count), offset));
    offset += read;
    left -= read;
    return read;
  };
  return stream;
}

}  // namespace

HttpConnection::HttpConnection(asio::ip::tcp::socket socket, HttpServerShared& shared)
    : socket_(std::move(socket)), shared_(shared), timer_(socket_.get_executor()) {
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
  while (more && !closing_) more = co_await serve_one();
  if (socket_.is_open()) co_await linger();
}

asio::awaitable<bool> HttpConnection::serve_one() {
  Parser parser;
  parser.header_limit(static_cast<std::uint32_t>(shared_.options.limits.header));
  parser.body_limit(shared_.options.limits.body);
  const int status = co_await read_request(parser);
  if (status < 0) {
    error_code ignored;
    socket_.close(ignored);
    co_return false;
  }
  if (status > 0) {
    co_await refuse(status);
    co_return false;
  }
  const bool http_1_0 = parser.get().version() == 10;
  const bool keep_alive = parser.keep_alive();
  HttpServerRequest request = make_request(parser.release(), remote_, shared_.stopping.get_token());
  const bool more = co_await answer(std::move(request), http_1_0, keep_alive);
  co_return more;
}

asio::awaitable<int> HttpConnection::read_request(Parser& parser) {
  const HttpServerLimits& limits = shared_.options.limits;
  // Until its header is whole: who sends half of one waits like who sends nothing.
  idle_since_ = system_clock().now().time_since_epoch().count();
  if (buffer_.size() == 0) {
    arm(limits.idle);
    const auto [error] = co_await socket_.async_wait(asio::ip::tcp::socket::wait_read, kTuple);
    if (error || closing_) co_return -1;
  }
  arm(limits.header_time);
  {
    const auto [error, count] = co_await http::async_read_header(socket_, buffer_, parser, kTuple);
    idle_since_ = kBusy;
    if (error) co_return status_for(error);
  }
  const int version = static_cast<int>(parser.get().version());
  if (version != 10 && version != 11) co_return 400;
  // One Host, no more, no less (RFC 9112, section 3.2).
  const std::size_t hosts = parser.get().count(http::field::host);
  if (hosts > 1 || (hosts == 0 && version == 11)) co_return 400;
  if (parser.is_done()) co_return 0;

  const std::string expect = text_of(parser.get()[http::field::expect]);
  if (!expect.empty()) {
    if (!equal_ignoring_case(expect, "100-continue")) co_return 417;
    constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
    const std::uint64_t sent = co_await send_text(kContinue, false);
    if (sent != kContinue.size()) co_return -1;
  }
  const std::uint64_t length =
      parser.content_length() ? *parser.content_length() : std::uint64_t{limits.body};
  arm(limits.header_time +
      std::chrono::milliseconds(length * 1000 / std::max<std::uint64_t>(limits.body_rate, 1)));
  const auto [error, count] = co_await http::async_read(socket_, buffer_, parser, kTuple);
  co_return error ? status_for(error) : 0;
}

asio::awaitable<bool> HttpConnection::answer(HttpServerRequest request, bool http_1_0,
                                             bool keep_alive) {
  disarm();
  const Instant begin = system_clock().now();
  HttpServerResponse response = co_await run_on<HttpServerResponse>(
      shared_.handlers, [this, &request] { return call(*shared_.handler, request); });
  const int status = response.status;
  ResponseHead head = make_response_head(
      response, {.is_head = request.method == "HEAD",
                 .http_1_0 = http_1_0,
                 .keep_alive = keep_alive && !closing_ && !shared_.stopping.stop_requested(),
                 .date = http_date(system_clock().wall_time())});
  const bool reusable = head.keep_alive;
  const Sent sent = co_await send(std::move(response), std::move(head));
  if (shared_.options.on_exchange)
    shared_.options.on_exchange({.method = request.method,
                                 .path = request.path,
                                 .remote = request.remote,
                                 .status = status,
                                 .body_bytes = sent.body,
                                 .complete = sent.complete,
                                 .time = system_clock().now() - begin});
  if (!sent.complete) {
    error_code ignored;
    socket_.close(ignored);
  }
  co_return sent.complete&& reusable;
}

asio::awaitable<HttpConnection::Sent> HttpConnection::send(HttpServerResponse response,
                                                           ResponseHead head) {
  if (head.framing == BodyFraming::kNone || std::holds_alternative<std::string>(response.body)) {
    const std::size_t head_size = head.text.size();
    if (head.framing != BodyFraming::kNone) head.text += std::get<std::string>(response.body);
    const std::uint64_t sent = co_await send_text(head.text, false);
    co_return Sent{sent - std::min<std::uint64_t>(sent, head_size), sent == head.text.size()};
  }
  const std::uint64_t sent = co_await send_text(head.text, true);
  if (sent != head.text.size()) co_return Sent{};
  if (const auto* file = std::get_if<HttpFileBody>(&response.body)) {
    if (file->file->descriptor() >= 0) {
      const Sent result = co_await send_file(*file);
      co_return result;
    }
    const Sent result = co_await send_stream(as_stream(*file), head.framing);
    co_return result;
  }
  const Sent result =
      co_await send_stream(std::move(std::get<HttpStreamBody>(response.body)), head.framing);
  co_return result;
}

// How much of `text` was sent: all of it unless the client is gone.
asio::awaitable<std::uint64_t> HttpConnection::send_text(std::string_view text, bool more_follows) {
  const int flags = more_follows ? MSG_MORE : 0;
  std::uint64_t sent = 0;
  while (sent < text.size()) {
    arm(shared_.options.limits.send_stall);
    const auto [error, count] = co_await socket_.async_send(
        asio::buffer(text.data() + sent, text.size() - sent), flags, kTuple);
    sent += count;
    if (error) break;
  }
  co_return sent;
}

asio::awaitable<HttpConnection::Sent> HttpConnection::send_file(const HttpFileBody& body) {
  Sent sent;
  auto offset = static_cast<off_t>(body.offset);
  while (sent.body < body.size) {
    arm(shared_.options.limits.send_stall);
    const auto want = static_cast<std::size_t>(std::min(body.size - sent.body, kSendSlice));
    const ssize_t count =
        ::sendfile(socket_.native_handle(), body.file->descriptor(), &offset, want);
    if (count > 0) {
      sent.body += static_cast<std::uint64_t>(count);
      if (static_cast<std::size_t>(count) == want)
        co_await asio::defer(socket_.get_executor(), asio::use_awaitable);
    } else if (count < 0 && errno == EAGAIN) {
      const auto [error] = co_await socket_.async_wait(asio::ip::tcp::socket::wait_write, kTuple);
      if (error) co_return sent;
    } else if (count < 0 && (errno == EINVAL || errno == ENOSYS) && sent.body == 0) {
      // A file system without sendfile.
      const Sent result = co_await send_stream(as_stream(body), BodyFraming::kLength);
      co_return result;
    } else if (count == 0 || errno != EINTR) {
      co_return sent;  // the file was cut, or the client is gone
    }
    if (!socket_.is_open()) co_return sent;
  }
  sent.complete = true;
  co_return sent;
}

asio::awaitable<Result<std::size_t>> HttpConnection::read_stream(HttpStreamBody& body,
                                                                 MutableBytes buffer) {
  disarm();
  return run_on<Result<std::size_t>>(shared_.handlers, [&body, buffer]() -> Result<std::size_t> {
    try {
      return body.read(buffer);
    } catch (const std::exception& error) {
      return internal_error("making a body: ", error.what());
    }
  });
}

asio::awaitable<HttpConnection::Sent> HttpConnection::send_stream(HttpStreamBody body,
                                                                  BodyFraming framing) {
  Sent sent;
  Bytes buffer(kStreamBuffer);
  while (!body.size || sent.body < *body.size) {
    const Result<std::size_t> read = co_await read_stream(body, buffer);
    if (!read.ok()) {
      log(LogLevel::kError, "a body broke off after ", sent.body,
          " bytes: ", message(read.status()));
      co_return sent;
    }
    if (*read == 0) break;
    if (body.size && *read > *body.size - sent.body) co_return sent;
    std::string chunk;
    if (framing == BodyFraming::kChunked) {
      char size[20];
      const int digits = std::snprintf(size, sizeof(size), "%zx\r\n", *read);
      chunk.append(size, static_cast<std::size_t>(digits));
      chunk.append(as_text(ByteView(buffer).first(*read)));
      chunk.append("\r\n");
    }
    const std::string_view text =
        framing == BodyFraming::kChunked ? chunk : as_text(ByteView(buffer).first(*read));
    const std::uint64_t count = co_await send_text(text, false);
    if (count != text.size()) co_return sent;
    sent.body += *read;
  }
  if (body.size && sent.body != *body.size) co_return sent;
  sent.complete = true;
  if (framing == BodyFraming::kChunked) {
    const std::uint64_t count = co_await send_text("0\r\n\r\n", false);
    sent.complete = count == 5;
  }
  co_return sent;
}

asio::awaitable<void> HttpConnection::refuse(int status) {
  HttpServerResponse response = plain_answer(status);
  response.close = true;
  ResponseHead head = make_response_head(response, {.date = http_date(system_clock().wall_time())});
  co_await send(std::move(response), std::move(head));
}

asio::awaitable<void> HttpConnection::linger() {
  error_code ignored;
  socket_.shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
  arm(kLingerTime);
  std::array<char, 4096> waste;
  std::uint64_t read = 0;
  while (read < kLingerBytes) {
    const auto [error, count] = co_await socket_.async_read_some(asio::buffer(waste), kTuple);
    if (error) break;
    read += count;
  }
  socket_.close(ignored);
}

}  // namespace hubdist::internal
