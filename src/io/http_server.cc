#include <algorithm>
#include <array>
#include <csignal>
#include <thread>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "io/internal/http_connection.h"
#include <hubdist/base/log.h>
#include <hubdist/io/descriptors.h>
#include <hubdist/io/http_client.h>
#include <hubdist/io/http_server.h>

namespace hubdist {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using internal::HttpConnection;

namespace {

constexpr std::chrono::milliseconds kAcceptPause{100};  // after an error such as EMFILE

// Threads started in its lifetime take no signals: these belong to the program's own threads, and
// sendfile(2) knows no MSG_NOSIGNAL.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t all;
    sigfillset(&all);
    for (const int fatal : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT}) sigdelset(&all, fatal);
    pthread_sigmask(SIG_BLOCK, &all, &before_);
  }
  ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;

 private:
  sigset_t before_;
};

Result<tcp::endpoint> parse_endpoint(asio::io_context& io, const std::string& listen) {
  const std::size_t colon = listen.rfind(':');
  std::string host = listen.substr(0, colon == std::string::npos ? 0 : colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']')
    host = host.substr(1, host.size() - 2);
  const std::string port = colon == std::string::npos ? "" : listen.substr(colon + 1);
  const bool digits =
      !port.empty() && port.size() <= 5 && port.find_first_not_of("0123456789") == port.npos;
  if (host.empty() || !digits || std::stoul(port) > 65535)
    return invalid_argument("cannot listen on '", listen,
                            "': give host:port, such as 127.0.0.1:8080 or [::1]:0");
  error_code error;
  tcp::resolver resolver(io);
  const auto found =
      resolver.resolve(host, port, tcp::resolver::passive | tcp::resolver::numeric_service, error);
  if (error || found.empty())
    return invalid_argument("cannot listen on '", listen, "': ", error.message());
  return found.begin()->endpoint();
}

Status listen_status(const error_code& error, const std::string& listen) {
  if (error == asio::error::address_in_use)
    return with_detail(already_exists("cannot listen on ", listen,
                                      ": the address is in use; choose another, or port 0 for any"),
                       Detail::kErrno, std::to_string(error.value()));
  return errno_status(error.value(), "listen on", listen);
}

}  // namespace

class HttpServer::Impl {
 public:
  Impl(HttpServerOptions options, std::shared_ptr<HttpHandler> handler)
      : shared_(std::move(options), std::move(handler)),
        acceptor_(asio::make_strand(io_)),
        room_(acceptor_.get_executor()),
        work_(asio::make_work_guard(io_)) {
    // Called with the connections' mutex held.
    shared_.on_connection_gone = [this] {
      asio::post(acceptor_.get_executor(), [this] { room_.cancel(); });
    };
  }

  Status listen() {
    if (shared_.options.tls) {
      HUBDIST_ASSIGN(shared_.certificate, internal::TlsCertificate::load(*shared_.options.tls));
    }
    HUBDIST_ASSIGN(const tcp::endpoint wanted, parse_endpoint(io_, shared_.options.listen));
    if (shared_.options.loopback_only && !wanted.address().is_loopback())
      return failed_precondition("'", shared_.options.listen, "' is not a loopback address");
    error_code error;
    acceptor_.open(wanted.protocol(), error);
    if (!error) keep_from_children(acceptor_.native_handle());
    if (!error) acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error) acceptor_.bind(wanted, error);
    if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
    if (!error) endpoint_ = acceptor_.local_endpoint(error);
    return error ? listen_status(error, shared_.options.listen) : absl::OkStatus();
  }

  void run() {
    asio::co_spawn(
        acceptor_.get_executor(), [this] { return accept(); }, asio::detached);
    const std::size_t cores = std::max(2U, std::thread::hardware_concurrency());
    const std::size_t count = shared_.options.io_threads ? shared_.options.io_threads : cores;
    for (std::size_t i = 0; i < count; ++i) threads_.emplace_back([this] { io_.run(); });
  }

  void stop(std::chrono::milliseconds grace) {
    const std::lock_guard once(stop_mutex_);
    if (stopped_) return;
    stopped_ = true;
    shared_.stopping.request_stop();
    asio::post(acceptor_.get_executor(), [this] {
      error_code ignored;
      acceptor_.close(ignored);
      room_.cancel();
    });
    std::unique_lock lock(shared_.mutex);
    const auto gone = [this] { return shared_.connections.empty(); };
    for (const auto& connection : shared_.connections) connection->close_when_idle();
    if (!shared_.changed.wait_for(lock, grace, gone)) {
      for (const auto& connection : shared_.connections) connection->close_now();
      shared_.changed.wait(lock, gone);
    }
    lock.unlock();
    work_.reset();
    for (std::thread& thread : threads_) thread.join();
    shared_.handlers.join();
  }

  std::size_t connections() {
    const std::lock_guard lock(shared_.mutex);
    return shared_.connections.size();
  }
  const tcp::endpoint& endpoint() const { return endpoint_; }

 private:
  asio::awaitable<void> accept() {
    constexpr auto kTuple = asio::as_tuple(asio::use_awaitable);
    while (acceptor_.is_open()) {
      // Only a client that waits makes an idle one leave.
      co_await acceptor_.async_wait(tcp::acceptor::wait_read, kTuple);
      if (full()) {
        room_.expires_after(kAcceptPause);
        co_await room_.async_wait(kTuple);
        continue;
      }
      auto [error, socket] =
          co_await acceptor_.async_accept(asio::any_io_executor(asio::make_strand(io_)), kTuple);
      if (!error) {
        adopt(std::move(socket));
      } else if (acceptor_.is_open()) {
        log(LogLevel::kWarning, "cannot accept a connection: ", error.message());
        room_.expires_after(kAcceptPause);
        co_await room_.async_wait(kTuple);
      }
    }
  }

  void adopt(tcp::socket socket) {
    keep_from_children(socket.native_handle());
    auto connection = std::make_shared<HttpConnection>(std::move(socket), tls(), shared_);
    {
      const std::lock_guard lock(shared_.mutex);
      if (shared_.stopping.stop_requested()) return;
      shared_.connections.insert(connection);
    }
    connection->start();
  }

  // What the next connection speaks. Files are looked at on the handlers' pool.
  internal::TlsCertificate::Context tls() {
    if (!shared_.certificate) return nullptr;
    if (shared_.certificate->is_due())
      asio::post(shared_.handlers, [this] { shared_.certificate->refresh(); });
    return shared_.certificate->context();
  }

  // Whether there is no room for another connection; then the one that idles longest is closed.
  bool full() {
    const std::lock_guard lock(shared_.mutex);
    if (shared_.connections.size() < shared_.options.limits.connections) return false;
    const auto oldest = std::min_element(
        shared_.connections.begin(), shared_.connections.end(),
        [](const auto& a, const auto& b) { return a->idle_since() < b->idle_since(); });
    if (oldest != shared_.connections.end() && (*oldest)->idle_since() != Instant::max())
      (*oldest)->close_when_idle();
    return true;
  }

  internal::HttpServerShared shared_;
  asio::io_context io_;
  tcp::acceptor acceptor_;
  asio::steady_timer room_;  // rings, or is cancelled, when a connection may be accepted again
  asio::executor_work_guard<asio::io_context::executor_type> work_;
  tcp::endpoint endpoint_;
  std::vector<std::thread> threads_;
  std::mutex stop_mutex_;
  bool stopped_ = false;
};

std::optional<HttpBodyPlan> HttpHandler::plan_body(const HttpServerRequest&) {
  return std::nullopt;
}

Result<std::unique_ptr<HttpServer>> HttpServer::start(HttpServerOptions options,
                                                      std::shared_ptr<HttpHandler> handler) {
  const SignalsBlocked blocked;
  auto impl = std::make_unique<Impl>(std::move(options), std::move(handler));
  HUBDIST_TRY(impl->listen());
  impl->run();
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(impl)));
}

HttpServer::HttpServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
HttpServer::~HttpServer() { stop(); }

std::uint16_t HttpServer::port() const { return impl_->endpoint().port(); }

std::string HttpServer::address() const {
  const std::string host = impl_->endpoint().address().to_string();
  if (impl_->endpoint().address().is_v6()) return concat('[', host, "]:", port());
  return concat(host, ':', port());
}

bool HttpServer::loopback() const { return impl_->endpoint().address().is_loopback(); }
std::size_t HttpServer::connections() const { return impl_->connections(); }
void HttpServer::stop(std::chrono::milliseconds grace) { impl_->stop(grace); }

Result<HttpParameters> parse_parameters(std::string_view text) {
  HttpParameters parameters;
  const auto decode = [](std::string_view part) {
    std::string plain(part);
    std::replace(plain.begin(), plain.end(), '+', ' ');
    return percent_decode(plain);
  };
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('&'), text.size());
    const std::string_view pair = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (pair.empty()) continue;
    const std::size_t equals = std::min(pair.find('='), pair.size());
    HUBDIST_ASSIGN(std::string name, decode(pair.substr(0, equals)));
    HUBDIST_ASSIGN(std::string value, decode(pair.substr(std::min(equals + 1, pair.size()))));
    parameters.emplace_back(std::move(name), std::move(value));
  }
  return parameters;
}

}  // namespace hubdist
