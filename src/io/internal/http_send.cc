// How an HttpConnection sends an answer.
#include <cerrno>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/defer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <sys/sendfile.h>

#include "io/internal/handler_pool.h"
#include "io/internal/http_connection.h"
#include <hubdist/base/log.h>

// GCC 12 takes the frame of a coroutine, which Asio allocates and frees by a pair of its own, for a
// mismatch once it has inlined one of the two.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"
#endif

namespace hubdist::internal {

namespace asio = boost::asio;

namespace {

constexpr auto kTuple = asio::as_tuple(asio::use_awaitable);
// Sent between two looks at other connections: a fast client must not hold its thread.
constexpr std::uint64_t kSendSlice = 1 * kMiB;
constexpr std::size_t kStreamBuffer = 256 * kKiB;

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
    if (file->file->descriptor() >= 0 && !stream_.encrypted()) {
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
  std::uint64_t sent = 0;
  while (sent < text.size()) {
    arm(shared_.options.limits.send_stall);
    const auto [error, count] = co_await stream_.async_write_some(
        asio::buffer(text.data() + sent, text.size() - sent), more_follows, kTuple);
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

}  // namespace hubdist::internal
