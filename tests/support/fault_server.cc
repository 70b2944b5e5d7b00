#include "tests/support/fault_server.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <stdexcept>
#include <utility>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <hubdist/base/strings.h>
#include <hubdist/io/http_range.h>

namespace hubdist::testing {
namespace {

constexpr std::size_t kReceive = 64 * 1024;

bool receive(int descriptor, std::string& buffer) {
  char bytes[kReceive];
  ssize_t n = 0;
  do {
    n = ::recv(descriptor, bytes, sizeof bytes, 0);
  } while (n < 0 && errno == EINTR);
  if (n <= 0) return false;
  buffer.append(bytes, static_cast<std::size_t>(n));
  return true;
}

std::string take(std::string& buffer, std::size_t count) {
  std::string taken = buffer.substr(0, count);
  buffer.erase(0, count);
  return taken;
}

void parse_head(std::string_view head, SeenRequest& request) {
  const std::string_view first = head.substr(0, head.find("\r\n"));
  const std::size_t space = first.find(' ');
  request.method = first.substr(0, space);
  request.target = first.substr(space + 1, first.rfind(' ') - space - 1);
  head.remove_prefix(first.size() + 2);
  while (!head.empty()) {
    const std::string_view line = head.substr(0, head.find("\r\n"));
    const std::size_t colon = line.find(": ");
    if (colon != line.npos)
      request.headers.add(std::string(line.substr(0, colon)), std::string(line.substr(colon + 2)));
    head.remove_prefix(std::min(line.size() + 2, head.size()));
  }
}

bool read_request(int descriptor, std::string& buffer, SeenRequest& request) {
  std::size_t end = 0;
  while ((end = buffer.find("\r\n\r\n")) == buffer.npos)
    if (!receive(descriptor, buffer)) return false;
  parse_head(take(buffer, end + 4), request);
  const std::size_t length =
      std::strtoull(request.headers.get("Content-Length").value_or("0").c_str(), nullptr, 10);
  while (buffer.size() < length)
    if (!receive(descriptor, buffer)) return false;
  request.body = take(buffer, length);
  return true;
}

std::string_view reason(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 206:
      return "Partial Content";
    case 404:
      return "Not Found";
    default:
      return "Status";
  }
}

// What an honest server answers to a request for a file.
struct Reply {
  int status = 200;
  HttpHeaders headers;
  std::string_view body;
};

Reply reply_for(const FileAnswer& file, const SeenRequest& request) {
  Reply reply{200, file.headers, file.content};
  if (!file.etag.empty()) reply.headers.add("ETag", file.etag);
  if (request.method == "HEAD" && !file.head) return {405, {}, {}};
  const auto must_match = request.headers.get("If-Match");
  if (must_match && *must_match != file.etag) return {412, {}, {}};
  if (file.ranges) {
    reply.headers.add("Accept-Ranges", "bytes");
    const auto if_range = request.headers.get("If-Range");
    const auto field = request.headers.get("Range");
    if (field && (!if_range || *if_range == file.etag)) {
      const RangeRequest range = parse_range(*field, file.content.size());
      if (range.kind == RangeRequest::Kind::kUnsatisfiable)
        return {416, {{"Content-Range", concat("bytes */", file.content.size())}}, {}};
      if (range.kind == RangeRequest::Kind::kPart) {
        reply.status = 206;
        reply.headers.add("Content-Range", content_range(range.range, file.content.size()));
        reply.body = reply.body.substr(range.range.begin, range.range.size());
      }
    }
  }
  return reply;
}

bool send_head(const Reply& reply, FaultConnection& connection) {
  HttpHeaders headers = reply.headers;
  headers.add("Content-Length", std::to_string(reply.body.size()));
  return connection.send(response_head(reply.status, headers));
}

// Answers, with `send_body` for the body of what is not HEAD.
template <typename F>
FaultScript file_with(FileAnswer file, F send_body) {
  auto shared = std::make_shared<const FileAnswer>(std::move(file));
  return [shared, send_body](const SeenRequest& request, FaultConnection& connection) {
    const Reply reply = reply_for(*shared, request);
    if (send_head(reply, connection) && request.method != "HEAD") send_body(reply.body, connection);
  };
}

}  // namespace

bool FaultConnection::send(std::string_view bytes) {
  while (!bytes.empty() && !closed_) {
    const ssize_t n = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return !closed_;
}

void FaultConnection::wait_for_close() {
  while (pause(std::chrono::hours(1))) {
  }
}

bool FaultConnection::pause(std::chrono::milliseconds time) {
  pollfd watched{descriptor_, POLLRDHUP, 0};
  return ::poll(&watched, 1, static_cast<int>(time.count())) == 0;
}

void FaultConnection::close() {
  ::shutdown(descriptor_, SHUT_RDWR);
  closed_ = true;
}

void FaultConnection::reset() {
  const linger at_once{1, 0};  // the close that follows sends RST
  ::setsockopt(descriptor_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  closed_ = true;
}

FaultHttpServer::FaultHttpServer() {
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* raw = reinterpret_cast<sockaddr*>(&address);
  if (::bind(listener_, raw, size) != 0 || ::listen(listener_, 64) != 0 ||
      ::getsockname(listener_, raw, &size) != 0)
    throw std::runtime_error("the test's server cannot listen on loopback");
  port_ = ntohs(address.sin_port);
  acceptor_ = std::thread([this] { accept_all(); });
}

FaultHttpServer::~FaultHttpServer() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    for (const int descriptor : open_) ::shutdown(descriptor, SHUT_RDWR);
  }
  ::shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  for (std::thread& thread : threads_) thread.join();
  ::close(listener_);
}

void FaultHttpServer::accept_all() {
  while (true) {
    const int descriptor = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    const std::lock_guard lock(mutex_);
    if (descriptor < 0 && !stopping_ && (errno == EINTR || errno == ECONNABORTED)) continue;
    if (descriptor < 0 || stopping_) {
      if (descriptor >= 0) ::close(descriptor);
      return;
    }
    const int one = 1;
    ::setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    open_.push_back(descriptor);
    threads_.emplace_back(
        [this, descriptor, number = ++connections_] { serve(descriptor, number); });
  }
}

void FaultHttpServer::serve(int descriptor, int number) {
  FaultConnection connection(descriptor);
  std::string buffer;
  while (!connection.closed()) {
    SeenRequest request;
    request.connection = number;
    if (!read_request(descriptor, buffer, request)) break;
    {
      const std::lock_guard lock(mutex_);
      seen_.push_back(request);
    }
    script_for(request.path())(request, connection);
  }
  const std::lock_guard lock(mutex_);
  open_.erase(std::find(open_.begin(), open_.end(), descriptor));
  ::close(descriptor);
}

FaultScript FaultHttpServer::script_for(const std::string& path) const {
  const std::lock_guard lock(mutex_);
  for (const std::string& key : {path, std::string("*")})
    if (const auto found = scripts_.find(key); found != scripts_.end()) return found->second;
  return answer(404);
}

void FaultHttpServer::on(const std::string& path, FaultScript script) {
  const std::lock_guard lock(mutex_);
  scripts_[path] = std::move(script);
}

std::string FaultHttpServer::url(std::string_view target, std::string_view host) const {
  return concat("http://", host, ":", port_, target);
}

std::vector<SeenRequest> FaultHttpServer::seen() const {
  const std::lock_guard lock(mutex_);
  return seen_;
}

void FaultHttpServer::forget() {
  const std::lock_guard lock(mutex_);
  seen_.clear();
}

int FaultHttpServer::connections() const {
  const std::lock_guard lock(mutex_);
  return connections_;
}

std::string response_head(int status, const HttpHeaders& headers) {
  std::string head = concat("HTTP/1.1 ", status, " ", reason(status), "\r\n");
  for (const auto& [name, value] : headers.fields()) head += concat(name, ": ", value, "\r\n");
  return head + "\r\n";
}

FaultScript answer(int status, HttpHeaders headers, std::string body) {
  if (!headers.get("Content-Length") && status != 304 && status != 204)
    headers.add("Content-Length", std::to_string(body.size()));
  return [head = response_head(status, headers), body = std::move(body)](
             const SeenRequest& request, FaultConnection& connection) {
    connection.send(head + (request.method == "HEAD" ? std::string() : body));
  };
}

FaultScript redirect(int status, std::string location) {
  return answer(status, {{"Location", std::move(location)}}, "moved\n");
}

FaultScript in_turn(std::vector<FaultScript> scripts) {
  auto next = std::make_shared<std::atomic<std::size_t>>(0);
  return [scripts = std::move(scripts), next](const SeenRequest& request,
                                              FaultConnection& connection) {
    scripts[std::min((*next)++, scripts.size() - 1)](request, connection);
  };
}

FaultScript file(FileAnswer answer) {
  return file_with(std::move(answer), [](std::string_view body, FaultConnection& connection) {
    connection.send(body);
  });
}

FaultScript cut_after(FileAnswer answer, std::size_t bytes) {
  return file_with(std::move(answer), [bytes](std::string_view body, FaultConnection& connection) {
    connection.send(body.substr(0, bytes));
    if (bytes < body.size()) connection.close();
  });
}

FaultScript stall_after(FileAnswer answer, std::size_t bytes) {
  return file_with(std::move(answer), [bytes](std::string_view body, FaultConnection& connection) {
    connection.send(body.substr(0, bytes));
    connection.wait_for_close();
    connection.close();
  });
}

FaultScript drip(FileAnswer answer, std::size_t step, std::chrono::milliseconds pause) {
  return file_with(std::move(answer),
                   [step, pause](std::string_view body, FaultConnection& connection) {
                     while (!body.empty() && connection.send(body.substr(0, step))) {
                       body.remove_prefix(std::min(step, body.size()));
                       if (!body.empty() && !connection.pause(pause)) return;
                     }
                   });
}

}  // namespace hubdist::testing
