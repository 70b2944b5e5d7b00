// A TLS server on loopback with a certificate of its own making: every request is answered 200 with
// what its Authorization field said. It is an HTTPS proxy to itself as well: CONNECT to any host
// ends here.
#pragma once

#include <memory>
#include <string>
#include <thread>

#include <hubdist/io/file.h>

namespace hubdist::testing {

class TlsServer {
 public:
  // The certificate is for `host`; it is written, as PEM, to `certificate`.
  TlsServer(const std::string& host, const Path& certificate);
  ~TlsServer();
  TlsServer(const TlsServer&) = delete;
  TlsServer& operator=(const TlsServer&) = delete;

  int port() const { return port_; }
  // Answer with a redirect to here instead. Set before the first request.
  void redirect_to(std::string location) { location_ = std::move(location); }

 private:
  struct Context;
  void accept_all();
  void serve(int descriptor);

  std::unique_ptr<Context> context_;
  std::string location_;
  int listener_ = -1;
  int port_ = 0;
  std::thread thread_;
};

}  // namespace hubdist::testing
