// A WebSocket connection that carries frames of the control plane, one in each binary message.
#pragma once

#include <deque>
#include <memory>
#include <span>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/websocket/stream.hpp>

#include "exchange/net/endpoint.h"
#include <hubdist/exchange/wire.h>

namespace hubdist::exchange {

template <typename T>
using Awaitable = boost::asio::awaitable<T>;

inline constexpr std::string_view kControlTarget = "/v1/control";
// For everything between connecting and the Welcome.
inline constexpr std::chrono::seconds kHandshakeTime{10};
// A side from which nothing comes for so long, not even a pong, is taken for dead.
inline constexpr std::chrono::seconds kSilence{15};

// Used on its executor's thread alone. Everything that is under way ends with an error when it is
// closed.
class WireConnection : public std::enable_shared_from_this<WireConnection> {
 public:
  explicit WireConnection(tcp::socket socket);

  // The two sides of the WebSocket's own handshake. Unavailable when the other side is not one.
  Awaitable<Status> accept();
  Awaitable<Status> connect(std::string host);

  // The next frame's bytes, or its messages.
  Awaitable<Result<Bytes>> receive_frame();
  Awaitable<Result<std::vector<Message>>> receive();
  // Frames larger than this end the connection. At first kMaxHandshakeFrame.
  void set_limit(std::size_t bytes) { stream_.read_message_max(bytes); }
  // Puts a frame behind those that are being sent. A side that does not take kMaxQueued bytes is
  // disconnected.
  void send(Bytes frame);
  void send(std::span<const Message> messages);
  // Whether everything was handed to the system.
  bool idle() const { return queue_.empty(); }
  void close();
  // close() in `time` from now, unless told not to.
  void close_after(std::chrono::nanoseconds time);
  void stay_open() { deadline_.cancel(); }

 private:
  Awaitable<void> write_queue();

  boost::beast::websocket::stream<boost::beast::tcp_stream> stream_;
  boost::asio::steady_timer deadline_;
  boost::beast::flat_buffer buffer_;
  std::deque<Bytes> queue_;
  std::size_t queued_ = 0;
};

}  // namespace hubdist::exchange
