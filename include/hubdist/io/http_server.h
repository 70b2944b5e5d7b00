// An HTTP/1.1 server: connections are coroutines on a few threads, handlers are plain blocking
// functions on a pool of their own, so that a slow disk or a slow client never holds a thread that
// others need.
//
// It keeps connections alive, answers HEAD from the same handlers as GET, understands
// Expect: 100-continue and chunked bodies, hands large bodies on as they come, sends files by
// sendfile(2) where there is no TLS, and bounds everything that a client controls: the size of a
// header and of a body, the time for each, the number of connections.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <hubdist/base/bytes.h>
#include <hubdist/io/file.h>
#include <hubdist/io/http_headers.h>

namespace hubdist {

struct HttpServerRequest {
  std::string method;
  std::string target;  // as received
  std::string path;    // still percent-encoded, without the query; begins with '/'
  std::string query;   // still percent-encoded, without '?'
  HttpHeaders headers;
  std::string body;      // whole, within HttpServerLimits::body or the plan's limit
  std::string remote;    // "address:port" of the client
  std::stop_token stop;  // the server is stopping: a handler that waits for something should return
};

// A part of a file; [offset, offset + size) must lie inside it.
struct HttpFileBody {
  std::shared_ptr<File> file;
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
};

// A body that is made as it is sent. `read` is called on the handlers' pool, never twice at once:
// it fills the front of its argument and says how much, 0 at the end. An error, or an end that
// does not agree with `size`, breaks the connection, so that the client sees that the body is cut.
struct HttpStreamBody {
  std::optional<std::uint64_t> size;  // without it: chunked
  std::function<Result<std::size_t>(MutableBytes)> read;
};

struct HttpServerResponse {
  int status = 200;
  // Content-Length, Date, Connection and Transfer-Encoding are the server's.
  HttpHeaders headers;
  // Left out in the answer to HEAD, but its size is stated.
  std::variant<std::string, HttpFileBody, HttpStreamBody> body;
  bool close = false;  // no further request on this connection
  // Called once, when the answer has ended or broken off, with how much of the body was sent. Must
  // not block or throw.
  std::function<void(std::uint64_t body_bytes)> on_sent{};
};

// Takes a request's body as it comes. Its functions are called on the handlers' pool, in order and
// never two at once; an exception becomes a 500. Destroyed without finish() when the body breaks
// off, is too long or too slow: then nothing may be left of what it took. It is gone before its
// answer is sent.
class HttpBodySink {
 public:
  virtual ~HttpBodySink() = default;
  // The next bytes. An answer ends the request: it is sent, and the rest of the body is not read.
  virtual std::optional<HttpServerResponse> write(ByteView bytes) = 0;
  // The whole body has come.
  virtual HttpServerResponse finish() = 0;
};

// What becomes of a body, decided before any of it is read.
struct HttpBodyPlan {
  std::uint64_t limit = 0;                    // 413 beyond
  std::unique_ptr<HttpBodySink> sink;         // without one the body goes to handle(), whole
  std::optional<HttpServerResponse> refusal;  // the answer; the body is not read
};

class HttpHandler {
 public:
  virtual ~HttpHandler() = default;
  // Called by many threads at once; may block. An exception becomes a 500.
  virtual HttpServerResponse handle(const HttpServerRequest& request) = 0;
  // Asked with the head alone (`request.body` is empty) for each method but GET and HEAD, as
  // handle() is called. Nothing: handle() gets a body within HttpServerLimits::body.
  virtual std::optional<HttpBodyPlan> plan_body(const HttpServerRequest& request);
};

struct HttpServerLimits {
  std::size_t header = 32 * kKiB;          // request line and fields; 431 beyond
  std::uint64_t body = 1 * kMiB;           // 413 beyond
  std::size_t connections = 1024;          // at once; who waits longest for a header makes room
  std::chrono::milliseconds idle{75'000};  // between requests
  std::chrono::milliseconds header_time{20'000};  // for a whole header
  // Bytes a second that a body, or each step of one that a sink takes, must reach after
  // header_time.
  std::uint64_t body_rate = 8 * kKiB;
  std::chrono::milliseconds send_stall{60'000};  // without any byte taken by the client
};

// What became of one request.
struct HttpExchange {
  std::string_view method;
  std::string_view path;  // without the query, which may hold a signature
  std::string_view remote;
  int status = 0;
  std::uint64_t body_bytes = 0;      // sent
  std::uint64_t received_bytes = 0;  // of the request's body
  bool complete = false;             // the whole answer was handed to the system
  Duration time{};
};

// TLS 1.2 and 1.3, by a certificate in files. They are looked at again as time passes: a renewed
// certificate is used for the connections that come after.
struct HttpTlsOptions {
  Path certificate;  // PEM: the certificate, then those between it and its root
  Path key;          // PEM, without a password, not readable by every user
  std::chrono::milliseconds refresh{60'000};  // between two looks at the files
};

struct HttpServerOptions {
  std::string listen = "127.0.0.1:0";  // "host:port", "[v6]:port"; port 0: any
  bool loopback_only = false;          // FailedPrecondition for any other address
  // Without it connections are in clear. A client that does not speak TLS where it is asked for is
  // told so, and a handshake has HttpServerLimits::header_time.
  std::optional<HttpTlsOptions> tls;
  std::size_t io_threads = 0;  // 0: as many as cores, at least 2
  std::size_t handler_threads = 16;
  HttpServerLimits limits;
  // Called after each answer, by many threads.
  std::function<void(const HttpExchange&)> on_exchange;
};

// Thread-safe. Blocks SIGPIPE in its own threads only.
class HttpServer {
 public:
  // Binds and serves. InvalidArgument for an address that cannot be read, AlreadyExists when it is
  // in use, else by errno. InvalidArgument and FailedPrecondition for a certificate or key that
  // cannot be used.
  static Result<std::unique_ptr<HttpServer>> start(HttpServerOptions options,
                                                   std::shared_ptr<HttpHandler> handler);
  ~HttpServer();  // stop()
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  std::uint16_t port() const;
  std::string address() const;  // "127.0.0.1:4711"
  bool loopback() const;
  std::size_t connections() const;
  // Accepts nothing new, closes idle connections, lets answers under way end for at most `grace`,
  // then breaks them. Returns when no handler runs any more.
  void stop(std::chrono::milliseconds grace = std::chrono::seconds(5));

 private:
  class Impl;
  explicit HttpServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

using HttpParameters = std::vector<std::pair<std::string, std::string>>;
// Decodes a query or a form body ("a=1&b=x%20y+z"): '+' is a space. InvalidArgument for a wrong
// escape.
Result<HttpParameters> parse_parameters(std::string_view text);

}  // namespace hubdist
