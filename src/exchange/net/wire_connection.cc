#include "exchange/net/wire_connection.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/websocket.hpp>

#include <hubdist/io/descriptors.h>

namespace hubdist::exchange {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
namespace websocket = beast::websocket;

constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t kMaxQueued = 64 * kMiB;
constexpr std::uint32_t kMaxUpgradeHeader = 8 * kKiB;

Status broken(const boost::system::error_code& error) {
  return unavailable("the connection ended: ", error.message());
}

}  // namespace

WireConnection::WireConnection(tcp::socket socket)
    : stream_(std::move(socket)), deadline_(stream_.get_executor()) {
  boost::system::error_code ignored;
  keep_from_children(beast::get_lowest_layer(stream_).socket().native_handle());
  beast::get_lowest_layer(stream_).socket().set_option(tcp::no_delay(true), ignored);
  websocket::stream_base::timeout times{};
  times.handshake_timeout = kHandshakeTime;
  times.idle_timeout = kSilence;
  times.keep_alive_pings = true;
  stream_.set_option(times);
  stream_.binary(true);
  stream_.auto_fragment(false);
  set_limit(kMaxHandshakeFrame);
}

Awaitable<Status> WireConnection::accept() {
  http::request_parser<http::empty_body> parser;
  parser.header_limit(kMaxUpgradeHeader);
  auto [error, size] =
      co_await http::async_read_header(beast::get_lowest_layer(stream_), buffer_, parser, kAwait);
  if (error) co_return broken(error);
  if (!websocket::is_upgrade(parser.get()) ||
      std::string_view(parser.get().target().data(), parser.get().target().size()) !=
          kControlTarget) {
    http::response<http::empty_body> answer(http::status::not_found, 11);
    answer.keep_alive(false);
    answer.prepare_payload();
    co_await http::async_write(beast::get_lowest_layer(stream_), answer, kAwait);
    co_return unavailable("what connected is no node");
  }
  auto [refused] = co_await stream_.async_accept(parser.get(), kAwait);
  co_return refused ? broken(refused) : Status();
}

Awaitable<Status> WireConnection::connect(std::string host) {
  auto [error] = co_await stream_.async_handshake(host, std::string(kControlTarget), kAwait);
  if (error)
    co_return unavailable("what listens there does not speak the exchange's protocol (",
                          error.message(), ")");
  co_return Status();
}

Awaitable<Result<Bytes>> WireConnection::receive_frame() {
  buffer_.clear();
  auto [error, size] = co_await stream_.async_read(buffer_, kAwait);
  if (error) co_return broken(error);
  const auto* data = static_cast<const std::byte*>(buffer_.cdata().data());
  co_return Bytes(data, data + size);
}

Awaitable<Result<std::vector<Message>>> WireConnection::receive() {
  auto frame = co_await receive_frame();
  if (!frame.ok()) co_return frame.status();
  co_return decode_frame(*frame);
}

void WireConnection::send(std::span<const Message> messages) {
  for (Bytes& frame : encode_frames(messages)) send(std::move(frame));
}

void WireConnection::send(Bytes frame) {
  queued_ += frame.size();
  queue_.push_back(std::move(frame));
  if (queued_ > kMaxQueued) return close();
  if (queue_.size() > 1) return;
  asio::co_spawn(
      stream_.get_executor(), [self = shared_from_this()] { return self->write_queue(); },
      asio::detached);
}

Awaitable<void> WireConnection::write_queue() {
  while (!queue_.empty()) {
    auto [error, size] = co_await stream_.async_write(
        asio::buffer(queue_.front().data(), queue_.front().size()), kAwait);
    if (error) {
      close();
      co_return;
    }
    queued_ -= queue_.front().size();
    queue_.pop_front();
  }
}

void WireConnection::close() {
  boost::system::error_code ignored;
  beast::get_lowest_layer(stream_).socket().shutdown(tcp::socket::shutdown_both, ignored);
  beast::get_lowest_layer(stream_).close();
  deadline_.cancel();
}

void WireConnection::close_after(std::chrono::nanoseconds time) {
  deadline_.expires_after(time);
  deadline_.async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
    if (const auto self = weak.lock(); self && !error) self->close();
  });
}

}  // namespace hubdist::exchange
