// A stop ends a call within 100 ms, whatever it waits for.
#include <chrono>
#include <latch>
#include <thread>
#include <vector>

#include <dlfcn.h>
#include <doctest/doctest.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/support/fault_server.h"
#include <hubdist/io/http_client.h>

namespace {

// A name server that gives no answer: libcurl calls the function below instead of the C library's.
// Lives for ever, since the resolver's thread, which nobody waits for, may still look at it.
struct SilentNameServer {
  std::latch asked{1};
  std::latch release{1};
};
SilentNameServer& silent_name_server() {
  static auto* instance = new SilentNameServer;
  return *instance;
}

}  // namespace

extern "C" int getaddrinfo(const char* node, const char* service, const addrinfo* hints,
                           addrinfo** result) {
  if (node && std::string_view(node) == "silent.invalid") {
    silent_name_server().asked.count_down();
    silent_name_server().release.wait();
    return EAI_AGAIN;
  }
  using Function = int (*)(const char*, const char*, const addrinfo*, addrinfo**);
  static const auto real = reinterpret_cast<Function>(::dlsym(RTLD_NEXT, "getaddrinfo"));
  return real(node, service, hints, result);
}

namespace hubdist {
namespace {

using namespace std::chrono_literals;
using testing::FaultConnection;
using testing::FaultHttpServer;
using testing::SeenRequest;
using Clock = std::chrono::steady_clock;

// Runs a call that waits for ever, stops it when `waits` returns, and tells how long it went on.
template <typename F>
std::chrono::milliseconds time_to_stop(const std::string& url, F waits) {
  HttpClient client;
  std::stop_source source;
  Clock::time_point stopped;
  std::thread stopper([&] {
    waits();
    stopped = Clock::now();
    source.request_stop();
  });
  HttpRequest request;
  request.url = url;
  const auto result = client.fetch(request, kMiB, source.get_token());
  stopper.join();
  CHECK(result.status().code() == StatusCode::kCancelled);
  return std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - stopped);
}

TEST_CASE("a stop while the answer is waited for") {
  std::latch asked(1);
  FaultHttpServer server;
  server.on("*", [&](const SeenRequest&, FaultConnection& connection) {
    asked.count_down();
    connection.wait_for_close();
    connection.close();
  });
  CHECK(time_to_stop(server.url("/"), [&] { asked.wait(); }) < 100ms);
}

TEST_CASE("a stop inside a body") {
  std::latch half(1);
  FaultHttpServer server;
  server.on("*", [&](const SeenRequest&, FaultConnection& connection) {
    connection.send("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nabc");
    half.count_down();
    connection.wait_for_close();
    connection.close();
  });
  CHECK(time_to_stop(server.url("/"), [&] { half.wait(); }) < 100ms);
}

TEST_CASE("a stop while bytes pour in") {
  FaultHttpServer server;
  server.on("*", [&](const SeenRequest&, FaultConnection& connection) {
    connection.send("HTTP/1.1 200 OK\r\n\r\n");
    const std::string block(1 << 20, 'x');
    while (connection.send(block)) {
    }
    connection.close();
  });
  HttpClient client;
  std::stop_source source;
  HttpRequest request;
  request.url = server.url("/");
  Clock::time_point stopped;
  std::uint64_t received = 0;
  const auto result = client.stream(
      request, nullptr,
      [&](ByteView bytes) -> Status {
        received += bytes.size();
        if (received >= 8 * kMiB && !source.stop_requested()) {
          stopped = Clock::now();
          source.request_stop();
        }
        return {};
      },
      source.get_token());
  CHECK(result.status().code() == StatusCode::kCancelled);
  CHECK(Clock::now() - stopped < 100ms);
}

TEST_CASE("a stop while a connection is waited for") {
  // A listener that accepts nothing: once its queue is full, further connections get no answer.
  const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* raw = reinterpret_cast<sockaddr*>(&address);
  REQUIRE(::bind(listener, raw, size) == 0);
  REQUIRE(::listen(listener, 0) == 0);
  REQUIRE(::getsockname(listener, raw, &size) == 0);
  std::vector<int> fillers;
  for (int i = 0; i < 4; ++i) {
    fillers.push_back(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
    static_cast<void>(::connect(fillers.back(), raw, size));
  }
  const std::string url = concat("http://127.0.0.1:", ntohs(address.sin_port), "/");
  CHECK(time_to_stop(url, [] { std::this_thread::sleep_for(50ms); }) < 100ms);

  HttpClient client;
  HttpRequest request;
  request.url = url;
  request.connect_timeout = 50ms;
  CHECK(client.fetch(request).status().code() == StatusCode::kUnavailable);
  for (const int filler : fillers) ::close(filler);
  ::close(listener);
}

TEST_CASE("a stop while a name is resolved") {
  SilentNameServer& silent = silent_name_server();
  CHECK(time_to_stop("http://silent.invalid/", [&] { silent.asked.wait(); }) < 100ms);
  silent.release.count_down();
}

TEST_CASE("a call that was stopped before it began sends nothing") {
  FaultHttpServer server;
  std::stop_source source;
  source.request_stop();
  HttpClient client;
  HttpRequest request;
  request.url = server.url("/");
  CHECK(client.fetch(request, kMiB, source.get_token()).status().code() == StatusCode::kCancelled);
  CHECK(server.connections() == 0);
}

}  // namespace
}  // namespace hubdist
