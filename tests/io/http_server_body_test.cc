#include <atomic>
#include <chrono>
#include <mutex>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include "tests/support/raw_client.h"
#include <hubdist/base/log.h>
#include <hubdist/core/hash.h>
#include <hubdist/io/http_client.h>
#include <hubdist/io/http_server.h>

namespace hubdist {
namespace {

using std::chrono::milliseconds;
using testing::RawClient;

HttpServerResponse text_answer(std::string text, int status = 200) {
  HttpServerResponse response;
  response.status = status;
  response.body = std::move(text);
  return response;
}

// What became of the bodies that came.
struct Fate {
  std::atomic<int> begun = 0;
  std::atomic<int> finished = 0;
  std::atomic<int> gone = 0;
  std::atomic<std::uint64_t> bytes = 0;
  std::atomic<std::size_t> largest_step = 0;

  void wait_for_gone(int count) const {
    for (int i = 0; i < 2000 && gone < count; ++i) std::this_thread::sleep_for(milliseconds(5));
    CHECK(gone == count);
  }
};

class HashingSink final : public HttpBodySink {
 public:
  HashingSink(Fate& fate, std::uint64_t enough) : fate_(fate), enough_(enough) { ++fate_.begun; }
  ~HashingSink() override { ++fate_.gone; }
  std::optional<HttpServerResponse> write(ByteView bytes) override {
    hash_.update(bytes);
    taken_ += bytes.size();
    fate_.bytes += bytes.size();
    fate_.largest_step = std::max(fate_.largest_step.load(), bytes.size());
    if (taken_ > enough_) return text_answer("enough", 409);
    return std::nullopt;
  }
  HttpServerResponse finish() override {
    ++fate_.finished;
    return text_answer(hash_.finish().hex());
  }

 private:
  Fate& fate_;
  const std::uint64_t enough_;
  std::uint64_t taken_ = 0;
  Sha256Hasher hash_;
};

// PUT goes to a sink; what the path says happens.
class Uploads final : public HttpHandler {
 public:
  HttpServerResponse handle(const HttpServerRequest& request) override {
    return text_answer(concat("handled ", request.body));
  }
  std::optional<HttpBodyPlan> plan_body(const HttpServerRequest& request) override {
    if (request.method != "PUT") return std::nullopt;
    HttpBodyPlan plan;
    plan.limit = 64 * kMiB;
    if (request.path == "/throw") throw std::runtime_error("no plan");
    if (request.path == "/busy") {
      plan.refusal = text_answer("busy", 503);
      plan.refusal->headers.add("Retry-After", "1");
    } else if (request.path != "/whole") {
      plan.sink = std::make_unique<HashingSink>(
          fate, request.path == "/enough" ? 1 * kMiB : ~std::uint64_t{0});
    }
    return plan;
  }
  Fate fate;
};

struct Fixture {
  std::shared_ptr<Uploads> uploads = std::make_shared<Uploads>();
  Fate& fate = uploads->fate;
  HttpServerLimits limits;
  std::unique_ptr<HttpServer> server;

  void serve() {
    HttpServerOptions options;
    options.limits = limits;
    auto started = HttpServer::start(std::move(options), uploads);
    REQUIRE(started.ok());
    server = *std::move(started);
  }
};

std::string put(std::string_view path, std::string_view more) {
  return concat("PUT ", path, " HTTP/1.1\r\nHost: a\r\n", more, "\r\n\r\n");
}

std::string chunked(std::string_view body, std::size_t size) {
  std::string text;
  for (; !body.empty(); body.remove_prefix(std::min(size, body.size()))) {
    const std::string_view part = body.substr(0, size);
    char head[20];
    std::snprintf(head, sizeof(head), "%zx\r\n", part.size());
    text += concat(head, part, "\r\n");
  }
  return text + "0\r\n\r\n";
}

const std::string kBody = [] {
  std::string text(5 * kMiB + 17, '\0');
  for (std::size_t i = 0; i < text.size(); ++i) text[i] = static_cast<char>(i * 7 + i / 251);
  return text;
}();
const std::string kHash = sha256(as_bytes(kBody)).hex();

TEST_CASE_FIXTURE(Fixture, "a sink gets the body in steps, by length and in chunks") {
  serve();
  RawClient client(server->port());
  client.send(put("/x", concat("Content-Length: ", kBody.size())));
  client.send(kBody);
  CHECK(client.read_answer().ends_with(kHash));
  client.send(put("/x", "Transfer-Encoding: chunked"));
  client.send(chunked(kBody, 70'001));
  CHECK(client.read_answer().ends_with(kHash));
  client.send(put("/x", "Content-Length: 0"));
  CHECK(client.read_answer().ends_with(sha256({}).hex()));
  client.send("PUT /x HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(client.read_answer().ends_with(sha256({}).hex()));
  client.send(put("/whole", "Content-Length: 3") + "abc");
  CHECK(client.read_answer().ends_with("handled abc"));
  CHECK(fate.largest_step <= 256 * kKiB);
  fate.wait_for_gone(4);
  CHECK(fate.finished == 4);
  CHECK(server->connections() == 1);  // all on one connection
}

TEST_CASE_FIXTURE(Fixture, "the next request after a body is not part of it") {
  serve();
  RawClient client(server->port());
  client.send(put("/x", "Content-Length: 3") + "abc" + put("/whole", "Content-Length: 1") + "d");
  CHECK(client.read_answer().ends_with(sha256(as_bytes("abc")).hex()));
  CHECK(client.read_answer().ends_with("handled d"));
}

TEST_CASE_FIXTURE(Fixture, "a body that breaks off leaves nothing") {
  serve();
  {
    RawClient client(server->port());
    client.send(put("/x", "Content-Length: 10") + "abc");
  }
  fate.wait_for_gone(1);
  {
    RawClient client(server->port());
    client.send(put("/x", "Transfer-Encoding: chunked") + "3\r\nabc\r\n");
  }
  fate.wait_for_gone(2);
  RawClient client(server->port());
  client.send(put("/x", "Transfer-Encoding: chunked") + "3\r\nabc\r\nzz\r\n");
  CHECK(client.read_head().starts_with("HTTP/1.1 400"));
  fate.wait_for_gone(3);
  CHECK(fate.finished == 0);
}

TEST_CASE_FIXTURE(Fixture, "a body beyond its limit is refused") {
  serve();
  RawClient announced(server->port());
  announced.send(put("/x", concat("Content-Length: ", 64 * kMiB + 1)));
  CHECK(announced.read_head().starts_with("HTTP/1.1 413"));
  fate.wait_for_gone(1);
  CHECK(fate.bytes == 0);
  RawClient surprise(server->port());
  surprise.send(put("/whole", "Transfer-Encoding: chunked"));
  surprise.send(chunked(std::string(64 * kMiB + 1, 'x'), 1 * kMiB));
  CHECK(surprise.read_head().starts_with("HTTP/1.1 413"));
}

TEST_CASE_FIXTURE(Fixture, "a refusal comes before the body, and reaches a client that sends it") {
  serve();
  RawClient polite(server->port());
  polite.send(put("/busy", "Content-Length: 100000\r\nExpect: 100-continue"));
  const std::string head = polite.read_answer();
  CHECK(head.starts_with("HTTP/1.1 503"));
  CHECK(head.find("Retry-After: 1\r\n") != std::string::npos);
  CHECK(head.find("Connection: close\r\n") != std::string::npos);
  RawClient deaf(server->port());
  deaf.send(put("/busy", concat("Content-Length: ", kBody.size())));
  deaf.send(kBody);
  CHECK(deaf.read_answer().starts_with("HTTP/1.1 503"));
  RawClient bodiless(server->port());
  bodiless.send(put("/busy", "Content-Length: 0"));
  CHECK(bodiless.read_answer().starts_with("HTTP/1.1 503"));
  bodiless.send(put("/whole", "Content-Length: 1") + "x");  // there was nothing to skip
  CHECK(bodiless.read_answer().ends_with("handled x"));
}

TEST_CASE_FIXTURE(Fixture, "a client that waits for it is invited") {
  serve();
  RawClient client(server->port());
  client.send(put("/x", "Content-Length: 3\r\nExpect: 100-continue"));
  CHECK(client.read_head() == "HTTP/1.1 100 Continue\r\n\r\n");
  client.send("abc");
  CHECK(client.read_answer().ends_with(sha256(as_bytes("abc")).hex()));
}

TEST_CASE_FIXTURE(Fixture, "a sink may have enough") {
  serve();
  RawClient client(server->port());
  client.send(put("/enough", concat("Content-Length: ", kBody.size())));
  client.send(kBody);
  const std::string answer = client.read_answer();
  CHECK(answer.starts_with("HTTP/1.1 409"));
  CHECK(answer.find("Connection: close\r\n") != std::string::npos);
  fate.wait_for_gone(1);
  CHECK(fate.finished == 0);
  CHECK(fate.bytes < kBody.size());
}

TEST_CASE_FIXTURE(Fixture, "a body that drips is given up") {
  limits.header_time = milliseconds(150);
  limits.body_rate = 1 * kGiB;
  serve();
  RawClient client(server->port());
  client.send(put("/x", "Content-Length: 10000000"));
  for (int i = 0; i < 100 && client.send("x"); ++i) std::this_thread::sleep_for(milliseconds(5));
  CHECK(client.hung_up());
  fate.wait_for_gone(1);
  CHECK(fate.finished == 0);
}

TEST_CASE_FIXTURE(Fixture, "a plan that throws is a 500") {
  set_log_sink([](LogLevel, std::string_view) {});
  serve();
  RawClient client(server->port());
  client.send(put("/throw", "Content-Length: 1"));
  CHECK(client.read_head().starts_with("HTTP/1.1 500"));
  set_log_sink({});
}

TEST_CASE_FIXTURE(Fixture, "many bodies at once") {
  serve();
  std::vector<std::thread> threads;
  std::atomic<int> right = 0;
  for (int i = 0; i < 24; ++i)
    threads.emplace_back([&] {
      RawClient client(server->port());
      client.send(put("/x", concat("Content-Length: ", kBody.size())));
      client.send(kBody);
      if (client.read_answer().ends_with(kHash)) ++right;
    });
  for (std::thread& thread : threads) thread.join();
  CHECK(right == 24);
}

}  // namespace
}  // namespace hubdist
