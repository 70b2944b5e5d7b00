// How an HttpConnection reads a request.
#include <algorithm>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>

#include "io/internal/handler_pool.h"
#include "io/internal/http_connection.h"

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
// What a sink gets at a time.
constexpr std::size_t kBodyStep = 256 * kKiB;
constexpr std::size_t kFirstRead = 4 * kKiB;

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

HttpServerRequest make_request(const http::request<http::empty_body>& parsed, std::string remote,
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
  request.remote = std::move(remote);
  request.stop = std::move(stop);
  return request;
}

int status_for(error_code error) {
  if (error == http::error::header_limit) return 431;
  if (error == http::error::body_limit) return 413;
  if (error == http::error::end_of_stream || error == http::error::partial_message) return -1;
  return error.category() == http::make_error_code(http::error::bad_method).category() ? 400 : -1;
}

}  // namespace

// Nothing is kept in memory for a connection that waits in clear; one in TLS may hold bytes that
// its socket does not show.
asio::awaitable<bool> HttpConnection::wait_for_bytes() {
  if (!stream_.encrypted()) {
    const auto [error] = co_await socket_.async_wait(asio::ip::tcp::socket::wait_read, kTuple);
    co_return !error;
  }
  const auto [error, count] = co_await stream_.async_read_some(buffer_.prepare(kFirstRead), kTuple);
  buffer_.commit(count);
  co_return !error;
}

// 0 when the head was read.
asio::awaitable<int> HttpConnection::read_head(HeadParser& parser) {
  const HttpServerLimits& limits = shared_.options.limits;
  // Until its header is whole: who sends half of one waits like who sends nothing.
  idle_since_ = system_clock().now().time_since_epoch().count();
  if (buffer_.size() == 0) {
    arm(limits.idle);
    const bool came = co_await wait_for_bytes();
    if (!came || closing_) co_return -1;
  }
  arm(limits.header_time);
  const auto [error, count] = co_await http::async_read_header(stream_, buffer_, parser, kTuple);
  idle_since_ = kBusy;
  if (error) co_return status_for(error);
  const int version = static_cast<int>(parser.get().version());
  if (version != 10 && version != 11) co_return 400;
  // One Host, no more, no less (RFC 9112, section 3.2).
  const std::size_t hosts = parser.get().count(http::field::host);
  if (hosts > 1 || (hosts == 0 && version == 11)) co_return 400;
  const std::string expect = text_of(parser.get()[http::field::expect]);
  co_return expect.empty() || parser.is_done() || equal_ignoring_case(expect, "100-continue") ? 0
                                                                                              : 417;
}

HttpConnection::Inbound HttpConnection::begin_request(HeadParser& parser) const {
  Inbound in;
  in.request = make_request(parser.get(), remote_, shared_.stopping.get_token());
  in.http_1_0 = parser.get().version() == 10;
  in.keep_alive = parser.keep_alive();
  in.has_body = !parser.is_done();
  if (parser.content_length()) in.length = *parser.content_length();
  return in;
}

asio::awaitable<HttpBodyPlan> HttpConnection::plan_body(const HttpServerRequest& request) {
  HttpBodyPlan usual{shared_.options.limits.body, nullptr, std::nullopt};
  if (request.method == "GET" || request.method == "HEAD") co_return usual;
  disarm();
  co_return co_await run_on<HttpBodyPlan>(shared_.handlers, [this, &request, &usual] {
    HttpBodyPlan plan = std::move(usual);
    plan.refusal = call_guarded<std::optional<HttpServerResponse>>(
        request, "the plan", [&]() -> std::optional<HttpServerResponse> {
          if (auto made = shared_.handler->plan_body(request)) plan = *std::move(made);
          return std::exchange(plan.refusal, std::nullopt);
        });
    return plan;
  });
}

// Whether the client may send the body that it announced.
asio::awaitable<bool> HttpConnection::invite_body(const HttpServerRequest& request) {
  if (!request.headers.get("Expect")) co_return true;
  constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
  const std::uint64_t sent = co_await send_text(kContinue, false);
  co_return sent == kContinue.size();
}

void HttpConnection::arm_for_body(std::uint64_t bytes) {
  const HttpServerLimits& limits = shared_.options.limits;
  arm(limits.header_time +
      std::chrono::milliseconds(bytes * 1000 / std::max<std::uint64_t>(limits.body_rate, 1)));
}

asio::awaitable<int> HttpConnection::read_body(HeadParser& head, Inbound& in, std::uint64_t limit) {
  http::request_parser<http::string_body> parser(std::move(head));
  parser.body_limit(limit);
  arm_for_body(in.length.value_or(limit));
  const auto [error, count] = co_await http::async_read(stream_, buffer_, parser, kTuple);
  if (error) co_return status_for(error);
  in.request.body = std::move(parser.get().body());
  in.received = in.request.body.size();
  co_return 0;
}

// The next bytes of a body whose length is known go to their place as they are: a parser would take
// them in small pieces, and copy them.
asio::awaitable<error_code> HttpConnection::read_exactly(MutableBytes out) {
  const std::size_t held = asio::buffer_copy(asio::buffer(out.data(), out.size()), buffer_.data());
  buffer_.consume(held);  // came with the head
  const std::size_t missing = out.size() - held;
  if (missing == 0) co_return error_code();
  const auto [error, count] = co_await asio::async_read(
      stream_, asio::buffer(out.data() + held, missing),
      [missing](error_code failed, std::size_t got) { return failed ? 0 : missing - got; }, kTuple);
  co_return error;
}

asio::awaitable<int> HttpConnection::stream_body(HeadParser& head, Inbound& in, HttpBodyPlan& plan,
                                                 std::optional<HttpServerResponse>& answer) {
  http::request_parser<http::buffer_body> parser(std::move(head));
  parser.body_limit(plan.limit);
  Bytes step(kBodyStep);
  const auto ended = [&] { return in.length ? in.received == *in.length : parser.is_done(); };
  while (!ended() && !answer) {
    MutableBytes got = step;
    arm_for_body(step.size());
    if (in.length) {
      got = got.first(
          static_cast<std::size_t>(std::min<std::uint64_t>(step.size(), *in.length - in.received)));
      const error_code error = co_await read_exactly(got);
      if (error) co_return status_for(error);
    } else {
      parser.get().body().data = step.data();
      parser.get().body().size = step.size();
      const auto [error, count] = co_await http::async_read(stream_, buffer_, parser, kTuple);
      if (error && error != http::error::need_buffer) co_return status_for(error);
      got = got.first(step.size() - parser.get().body().size);
    }
    if (got.empty()) continue;
    in.received += got.size();
    disarm();
    answer = co_await run_on<std::optional<HttpServerResponse>>(shared_.handlers, [&] {
      auto made = call_guarded<std::optional<HttpServerResponse>>(
          in.request, "the body's sink", [&] { return plan.sink->write(got); });
      if (made) plan.sink.reset();
      return made;
    });
  }
  co_return 0;
}

}  // namespace hubdist::internal
