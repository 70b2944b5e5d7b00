// A TCP connection that sends and reads bytes as they are, to say what no HTTP client would.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace hubdist::testing {

class RawClient {
 public:
  explicit RawClient(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0)
      throw std::runtime_error("cannot connect");
  }
  ~RawClient() { ::close(socket_); }
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  // False when the server has hung up.
  bool send(std::string_view text) {
    while (!text.empty()) {
      const ssize_t count = ::send(socket_, text.data(), text.size(), MSG_NOSIGNAL);
      if (count <= 0) return false;
      text.remove_prefix(static_cast<std::size_t>(count));
    }
    return true;
  }
  int descriptor() const { return socket_; }
  void finish_sending() { ::shutdown(socket_, SHUT_WR); }

  // Reads one answer: its head and, by Content-Length, its body ("" for `head_only`).
  std::string read_head() { return read_through("\r\n\r\n"); }
  std::string read_answer(bool head_only = false) {
    std::string answer = read_head();
    const std::size_t at = answer.find("Content-Length: ");
    if (at == std::string::npos || head_only) return answer;
    return answer + read(std::stoull(answer.substr(at + 16)));
  }
  // Exactly `count` bytes, fewer when the server hangs up.
  std::string read(std::size_t count) {
    while (buffer_.size() < count && fill()) {
    }
    return take(count < buffer_.size() ? count : buffer_.size());
  }
  std::string read_to_end() {
    while (fill()) {
    }
    return take(buffer_.size());
  }
  // Whether the server hangs up, without a further byte, within `milliseconds`.
  bool hung_up(int milliseconds = 10'000) {
    pollfd wanted{socket_, POLLIN, 0};
    return buffer_.empty() && ::poll(&wanted, 1, milliseconds) == 1 && !fill();
  }

 private:
  bool fill() {
    char bytes[65536];
    const ssize_t count = ::recv(socket_, bytes, sizeof(bytes), 0);
    if (count > 0) buffer_.append(bytes, static_cast<std::size_t>(count));
    return count > 0;
  }
  std::string read_through(std::string_view end) {
    while (buffer_.find(end) == std::string::npos)
      if (!fill()) return take(buffer_.size());
    return take(buffer_.find(end) + end.size());
  }
  std::string take(std::size_t count) {
    std::string text = buffer_.substr(0, count);
    buffer_.erase(0, count);
    return text;
  }

  int socket_;
  std::string buffer_;
};

}  // namespace hubdist::testing
