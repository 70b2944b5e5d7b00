#include "tests/support/tls_server.h"

#include <stdexcept>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/support/certificate.h"
#include <hubdist/base/strings.h>

namespace hubdist::testing {
namespace {

template <auto F>
struct Free {
  template <typename T>
  void operator()(T* object) const {
    F(object);
  }
};
// Reads up to a blank line; `get` gives one byte, or false at the end.
template <typename F>
std::string read_head(F get) {
  std::string head;
  char c = 0;
  while (!head.ends_with("\r\n\r\n") && get(c)) head.push_back(c);
  return head;
}

std::string field_of(const std::string& head, const std::string& name) {
  const std::size_t at = head.find("\r\n" + name + ": ");
  if (at == head.npos) return "";
  const std::size_t begin = at + name.size() + 4;
  return head.substr(begin, head.find("\r\n", begin) - begin);
}

}  // namespace

struct TlsServer::Context {
  std::unique_ptr<SSL_CTX, Free<SSL_CTX_free>> ssl;
};

TlsServer::TlsServer(const std::string& host, const Path& certificate)
    : context_(std::make_unique<Context>()) {
  const Path key = certificate.string() + ".key";
  write_certificate(certificate, key, {.names = "DNS:" + host});
  context_->ssl.reset(SSL_CTX_new(TLS_server_method()));
  SSL_CTX_use_certificate_file(context_->ssl.get(), certificate.c_str(), SSL_FILETYPE_PEM);
  SSL_CTX_use_PrivateKey_file(context_->ssl.get(), key.c_str(), SSL_FILETYPE_PEM);

  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* raw = reinterpret_cast<sockaddr*>(&address);
  if (::bind(listener_, raw, size) != 0 || ::listen(listener_, 16) != 0 ||
      ::getsockname(listener_, raw, &size) != 0)
    throw std::runtime_error("the test's TLS server cannot listen on loopback");
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { accept_all(); });
}

TlsServer::~TlsServer() {
  ::shutdown(listener_, SHUT_RDWR);
  thread_.join();
  ::close(listener_);
}

// One connection after another, each for one request.
void TlsServer::accept_all() {
  // OpenSSL writes without MSG_NOSIGNAL, and a client may be gone already.
  sigset_t pipe;
  sigemptyset(&pipe);
  sigaddset(&pipe, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
  while (true) {
    const int descriptor = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (descriptor < 0) return;
    serve(descriptor);
    ::close(descriptor);
  }
}

void TlsServer::serve(int descriptor) {
  char first = 0;
  if (::recv(descriptor, &first, 1, MSG_PEEK) == 1 && first == 'C') {
    read_head([&](char& c) { return ::recv(descriptor, &c, 1, 0) == 1; });
    const std::string_view tunnel = "HTTP/1.1 200 Connected\r\n\r\n";
    ::send(descriptor, tunnel.data(), tunnel.size(), MSG_NOSIGNAL);
  }
  const std::unique_ptr<SSL, Free<SSL_free>> ssl(SSL_new(context_->ssl.get()));
  SSL_set_fd(ssl.get(), descriptor);
  if (SSL_accept(ssl.get()) == 1) {
    const std::string head = read_head([&](char& c) { return SSL_read(ssl.get(), &c, 1) == 1; });
    const std::string body = "[" + field_of(head, "Authorization") + "]";
    std::string reply = "HTTP/1.1 200 OK\r\n";
    if (!location_.empty()) reply = concat("HTTP/1.1 302 Found\r\nLocation: ", location_, "\r\n");
    reply += concat("Connection: close\r\nContent-Length: ", body.size(), "\r\n\r\n", body);
    SSL_write(ssl.get(), reply.data(), static_cast<int>(reply.size()));
    SSL_shutdown(ssl.get());
  }
  ERR_clear_error();
}

}  // namespace hubdist::testing
