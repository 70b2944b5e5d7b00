// A small HTTP/1.1 server on loopback for tests: honest where it is told to be, and otherwise as
// bad as a script makes it. It writes raw bytes, so an answer can break every rule.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <hubdist/io/http_headers.h>

namespace hubdist::testing {

struct SeenRequest {
  std::string method;
  std::string target;  // path and query, as they were sent
  HttpHeaders headers;
  std::string body;
  int connection = 0;  // counted from 1
  std::string path() const { return target.substr(0, target.find('?')); }
};

// The server's end of a connection, given to a script. After the script returns, the next request
// of the connection is read, unless it was closed.
class FaultConnection {
 public:
  explicit FaultConnection(int descriptor) : descriptor_(descriptor) {}
  // False when the other end is gone.
  bool send(std::string_view bytes);
  // Blocks until the other end closes, or the server stops.
  void wait_for_close();
  // Lets time pass; false when the other end closed meanwhile.
  bool pause(std::chrono::milliseconds time);
  // Ends the connection: in order (FIN), or as a broken line does (RST).
  void close();
  void reset();
  bool closed() const { return closed_; }

 private:
  const int descriptor_;
  bool closed_ = false;
};

using FaultScript = std::function<void(const SeenRequest&, FaultConnection&)>;

// Thread-safe. Listens on a free port of 127.0.0.1 until it is destroyed; a thread a connection.
class FaultHttpServer {
 public:
  FaultHttpServer();
  ~FaultHttpServer();
  FaultHttpServer(const FaultHttpServer&) = delete;
  FaultHttpServer& operator=(const FaultHttpServer&) = delete;

  // Answers requests for `path` (without the query; "*": every other) by `script`. Else 404.
  void on(const std::string& path, FaultScript script);
  int port() const { return port_; }
  // "http://<host>:<port><target>"; localhost is another host than 127.0.0.1 with the same port.
  std::string url(std::string_view target, std::string_view host = "127.0.0.1") const;
  std::vector<SeenRequest> seen() const;
  void forget();  // what was seen
  int connections() const;

 private:
  void accept_all();
  void serve(int descriptor, int number);
  FaultScript script_for(const std::string& path) const;

  int listener_ = -1;
  int port_ = 0;
  mutable std::mutex mutex_;
  std::map<std::string, FaultScript> scripts_;
  std::vector<SeenRequest> seen_;
  std::vector<int> open_;
  std::vector<std::thread> threads_;
  int connections_ = 0;
  bool stopping_ = false;
  std::thread acceptor_;
};

// --- Scripts ------------------------------------------------------------------------------------

// The head of an answer: status line, fields, blank line.
std::string response_head(int status, const HttpHeaders& headers);
// A whole answer with Content-Length; without its body where the request is HEAD.
FaultScript answer(int status, HttpHeaders headers = {}, std::string body = {});
FaultScript redirect(int status, std::string location);
// The first request is answered by the first script, ...; the last one answers all further.
FaultScript in_turn(std::vector<FaultScript> scripts);

struct FileAnswer {
  std::string content;
  std::string etag = {};     // with quotes; empty: none
  bool ranges = true;        // honour Range and If-Range
  bool head = true;          // else HEAD is answered 405
  HttpHeaders headers = {};  // further fields
};
// An honest file: HEAD, one Range, If-Range and If-Match with a strong etag, 416.
FaultScript file(FileAnswer answer);
// As file(), but the connection breaks after `bytes` bytes of each body.
FaultScript cut_after(FileAnswer answer, std::size_t bytes);
// As file(), but nothing more comes after `bytes` bytes of each body; the connection stays.
FaultScript stall_after(FileAnswer answer, std::size_t bytes);
// As file(), but `step` bytes at a time, with a pause between.
FaultScript drip(FileAnswer answer, std::size_t step, std::chrono::milliseconds pause);

}  // namespace hubdist::testing
