#include <condition_variable>
#include <mutex>

#include <doctest/doctest.h>

#include "tests/support/raw_client.h"
#include <hubdist/io/http_server.h>

namespace hubdist {
namespace {

using std::chrono::milliseconds;
using testing::RawClient;

class Answer final : public HttpHandler {
 public:
  explicit Answer(std::string text) : text_(std::move(text)) {}
  HttpServerResponse handle(const HttpServerRequest&) override {
    HttpServerResponse response;
    response.body = text_;
    return response;
  }

 private:
  std::string text_;
};

std::unique_ptr<HttpServer> serve(HttpServerOptions options, std::string text = "yes") {
  auto server = HttpServer::start(std::move(options), std::make_shared<Answer>(std::move(text)));
  REQUIRE(server.ok());
  return *std::move(server);
}

std::string status_line(RawClient& client) {
  const std::string head = client.read_head();
  return head.substr(0, head.find("\r\n"));
}

TEST_CASE("wrong requests are refused and the connection ends") {
  const auto server = serve({});
  struct Case {
    std::string request;
    std::string_view status;
  };
  const Case cases[] = {
      {"what is this\r\n\r\n", "400"},
      {"GET / HTTP/1.1\r\n\r\n", "400"},  // no Host
      {"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "400"},
      {"GET / HTTP/2.0\r\nHost: a\r\n\r\n", "400"},
      {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n", "400"},
      {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nabcd", "400"},
      {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n"
       "0\r\n\r\n",
       "400"},
      {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "400"},
      {"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nExpect: a miracle\r\n\r\n", "417"},
      {"GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(40 * kKiB, 'x') + "\r\n\r\n", "431"},
      {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2000000\r\n\r\n", "413"},
      {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n200000\r\n" +
           std::string(2 * kMiB, 'x') + "\r\n0\r\n\r\n",
       "413"},
  };
  for (const Case& wrong : cases) {
    CAPTURE(wrong.request.substr(0, 80));
    RawClient client(server->port());
    client.send(wrong.request);
    CHECK(status_line(client).substr(0, 12) == concat("HTTP/1.1 ", wrong.status));
    client.finish_sending();
    client.read_to_end();
  }
}

TEST_CASE("a client that goes away in the middle is no trouble") {
  const auto server = serve({});
  {
    RawClient client(server->port());
    client.send("GET / HTTP/1.1\r\nHo");
  }
  {
    RawClient client(server->port());
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n123");
  }
  RawClient client(server->port());
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(client.read_answer().ends_with("yes"));
}

TEST_CASE("time is bounded for heads, bodies and idle connections") {
  HttpServerOptions options;
  SUBCASE("a head that drips") {
    options.limits.header_time = milliseconds(150);
    const auto server = serve(options);
    RawClient client(server->port());
    client.send("GET / HTTP/1.1\r\nHost: a\r\nX-");
    CHECK(client.hung_up());
  }
  SUBCASE("a body that never comes") {
    options.limits.header_time = milliseconds(150);
    const auto server = serve(options);
    RawClient client(server->port());
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n123");
    CHECK(client.hung_up());
  }
  SUBCASE("nothing at all") {
    options.limits.idle = milliseconds(100);
    const auto server = serve(options);
    RawClient client(server->port());
    CHECK(client.hung_up());
  }
  SUBCASE("nothing after an answer") {
    options.limits.idle = milliseconds(100);
    const auto server = serve(options);
    RawClient client(server->port());
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    CHECK(client.read_answer().ends_with("yes"));
    CHECK(client.hung_up());
  }
}

TEST_CASE("a client that takes nothing is given up") {
  std::mutex mutex;
  std::condition_variable changed;
  std::optional<bool> complete;
  HttpServerOptions options;
  options.limits.send_stall = milliseconds(200);
  options.on_exchange = [&](const HttpExchange& exchange) {
    const std::lock_guard lock(mutex);
    complete = exchange.complete;
    changed.notify_all();
  };
  const auto server = serve(options, std::string(64 * kMiB, 'x'));
  RawClient client(server->port());
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  std::unique_lock lock(mutex);
  REQUIRE(changed.wait_for(lock, std::chrono::seconds(20), [&] { return complete.has_value(); }));
  CHECK_FALSE(*complete);
}

TEST_CASE("who never ends a header makes room for a new one") {
  HttpServerOptions options;
  options.limits.connections = 2;
  const auto server = serve(options);
  RawClient first(server->port());
  first.send("GET / HTTP/1.1\r\nX-");
  RawClient second(server->port());
  second.send("GET / HTTP/1.1\r\nX-");
  RawClient third(server->port());
  third.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(third.read_answer().ends_with("yes"));
  CHECK(first.hung_up());
}

TEST_CASE("an idle connection makes room for a new one") {
  HttpServerOptions options;
  options.limits.connections = 2;
  const auto server = serve(options);
  RawClient first(server->port());
  first.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(first.read_answer().ends_with("yes"));
  RawClient second(server->port());
  second.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(second.read_answer().ends_with("yes"));
  RawClient third(server->port());
  third.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(third.read_answer().ends_with("yes"));
  CHECK(first.hung_up());  // it idled longest
  second.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(second.read_answer().ends_with("yes"));
}

}  // namespace
}  // namespace hubdist
