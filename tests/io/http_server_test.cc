#include <atomic>
#include <condition_variable>
#include <cstring>
#include <latch>
#include <stdexcept>
#include <thread>

#include <doctest/doctest.h>

#include "tests/support/fault_file_system.h"
#include "tests/support/raw_client.h"
#include "tests/support/temp_dir.h"
#include <hubdist/base/log.h>
#include <hubdist/io/http_client.h>
#include <hubdist/io/http_server.h>

namespace hubdist {
namespace {

using testing::RawClient;

class FunctionHandler final : public HttpHandler {
 public:
  using Function = std::function<HttpServerResponse(const HttpServerRequest&)>;
  explicit FunctionHandler(Function function) : function_(std::move(function)) {}
  HttpServerResponse handle(const HttpServerRequest& request) override {
    return function_(request);
  }

 private:
  Function function_;
};

HttpServerResponse text_answer(std::string text) {
  HttpServerResponse response;
  response.body = std::move(text);
  return response;
}

std::unique_ptr<HttpServer> serve(FunctionHandler::Function function,
                                  HttpServerOptions options = {}) {
  auto server =
      HttpServer::start(std::move(options), std::make_shared<FunctionHandler>(std::move(function)));
  REQUIRE_MESSAGE(server.ok(), message(server.status()));
  return *std::move(server);
}

HttpServerResponse echo(const HttpServerRequest& request) {
  return text_answer(
      concat(request.method, ' ', request.path, " ?", request.query, ' ', request.body));
}

std::string get(std::string_view path, std::string_view more = "") {
  return concat("GET ", path, " HTTP/1.1\r\nHost: here\r\n", more, "\r\n");
}

std::string body_of(const std::string& answer) {
  return answer.substr(answer.find("\r\n\r\n") + 4);
}

std::string pattern(std::size_t size) {
  std::string text(size, '\0');
  for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>(i * 7 + i / 251);
  return text;
}

std::shared_ptr<File> write_temp(FileSystem& fs, const Path& path, std::string_view content) {
  REQUIRE(write_file_atomic(fs, path, as_bytes(content)).ok());
  auto file = fs.open(path, OpenMode::kRead);
  REQUIRE(file.ok());
  return *std::move(file);
}

TEST_CASE("a connection serves one request after another") {
  const auto server = serve(echo);
  CHECK(server->loopback());
  RawClient client(server->port());
  client.send(get("/a%20b/c?x=1&y"));
  CHECK(body_of(client.read_answer()) == "GET /a%20b/c ?x=1&y ");
  client.send("POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello");
  CHECK(body_of(client.read_answer()) == "POST /p ? hello");
  client.send(
      "POST /c HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
      "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
  CHECK(body_of(client.read_answer()) == "POST /c ? abcde");
  client.send(get("http://elsewhere/absolute?q"));
  CHECK(body_of(client.read_answer()) == "GET /absolute ?q ");
  client.send(get("/1") + get("/2"));  // pipelined
  CHECK(body_of(client.read_answer()) == "GET /1 ? ");
  CHECK(body_of(client.read_answer()) == "GET /2 ? ");
  CHECK(server->connections() == 1);
}

TEST_CASE("HEAD has the head of GET and no body") {
  const auto server = serve(echo);
  RawClient client(server->port());
  client.send("HEAD /x HTTP/1.1\r\nHost: h\r\n\r\n");
  CHECK(client.read_answer(true).find("Content-Length: 10\r\n") != std::string::npos);
  client.send(get("/next"));
  CHECK(body_of(client.read_answer()) == "GET /next ? ");
}

TEST_CASE("a client decides whether the connection stays") {
  const auto server = serve(echo);
  SUBCASE("close") {
    RawClient client(server->port());
    client.send(get("/x", "Connection: close\r\n"));
    const std::string answer = client.read_to_end();
    CHECK(answer.find("Connection: close\r\n") != std::string::npos);
    CHECK(answer.ends_with("GET /x ? "));
  }
  SUBCASE("HTTP/1.0") {
    RawClient client(server->port());
    client.send("GET /x HTTP/1.0\r\n\r\n");
    CHECK(client.read_to_end().ends_with("GET /x ? "));
  }
  SUBCASE("HTTP/1.0 that wants to stay") {
    RawClient client(server->port());
    client.send("GET /x HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    CHECK(client.read_answer().find("Connection: keep-alive\r\n") != std::string::npos);
    client.send("GET /y HTTP/1.0\r\n\r\n");
    CHECK(client.read_to_end().ends_with("GET /y ? "));
  }
}

TEST_CASE("a body is asked for when the client waits for that") {
  const auto server = serve(echo);
  RawClient client(server->port());
  client.send("PUT /x HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
  CHECK(client.read_head() == "HTTP/1.1 100 Continue\r\n\r\n");
  client.send("ok");
  CHECK(body_of(client.read_answer()) == "PUT /x ? ok");
}

TEST_CASE("files go out whole and in parts, by descriptor or by reading") {
  const testing::TempDir folder;
  const std::string content = pattern(5 * kMiB + 17);
  testing::FaultFileSystem hiding;  // its files show no descriptor
  const Path path = folder.path() / "file";
  for (FileSystem* fs : {&posix_file_system(), static_cast<FileSystem*>(&hiding)}) {
    const auto file = write_temp(*fs, path, content);
    const auto server = serve([&](const HttpServerRequest& request) {
      HttpServerResponse response;
      response.body = request.path == "/part" ? HttpFileBody{file, 1000, 2 * kMiB}
                                              : HttpFileBody{file, 0, content.size()};
      return response;
    });
    RawClient client(server->port());
    client.send(get("/whole"));
    CHECK(body_of(client.read_answer()) == content);
    client.send(get("/part"));
    CHECK(body_of(client.read_answer()) == content.substr(1000, 2 * kMiB));
  }
}

TEST_CASE("a file that was cut breaks the connection instead of the promise") {
  const testing::TempDir folder;
  const auto file = write_temp(posix_file_system(), folder.path() / "file", "12345");
  const auto server = serve([&](const HttpServerRequest&) {
    HttpServerResponse response;
    response.body = HttpFileBody{file, 0, 10};
    return response;
  });
  RawClient client(server->port());
  client.send(get("/"));
  const std::string answer = client.read_to_end();
  CHECK(answer.find("Content-Length: 10") != std::string::npos);
  CHECK(body_of(answer) == "12345");
}

TEST_CASE("bodies that are made as they are sent") {
  const std::string content = pattern(700'000);
  const auto stream_of = [&](std::optional<std::uint64_t> size, bool fails) {
    return HttpStreamBody{
        size,
        [&content, fails, at = std::size_t{0}](MutableBytes out) mutable -> Result<std::size_t> {
          if (fails && at > 0) return internal_error("no more");
          const std::size_t count = std::min(out.size(), content.size() - at);
          std::memcpy(out.data(), content.data() + at, count);
          at += count;
          return count;
        }};
  };
  const auto server = serve([&](const HttpServerRequest& request) {
    HttpServerResponse response;
    const auto size = static_cast<std::uint64_t>(content.size());
    if (request.path == "/sized") response.body = stream_of(size, false);
    if (request.path == "/chunked") response.body = stream_of(std::nullopt, false);
    if (request.path == "/short") response.body = stream_of(size + 1, false);
    if (request.path == "/fails") response.body = stream_of(std::nullopt, true);
    return response;
  });
  set_log_sink([](LogLevel, std::string_view) {});
  HttpClient http;
  const auto fetch = [&](std::string_view path) {
    HttpRequest request;
    request.url = concat("http://", server->address(), path);
    return http.fetch(request);
  };
  CHECK(fetch("/sized")->body == content);
  CHECK(fetch("/chunked")->body == content);
  CHECK(fetch("/short").status().code() == StatusCode::kUnavailable);
  CHECK(fetch("/fails").status().code() == StatusCode::kUnavailable);
  RawClient old(server->port());
  old.send("GET /chunked HTTP/1.0\r\n\r\n");
  CHECK(body_of(old.read_to_end()) == content);
  set_log_sink({});
}

TEST_CASE("a handler's fault is a 500, and its fields cannot end the head") {
  set_log_sink([](LogLevel, std::string_view) {});
  const auto server = serve([](const HttpServerRequest& request) {
    if (request.path == "/throws") throw std::runtime_error("oh");
    HttpServerResponse response;
    response.headers.add("X-Note", "a\r\nX-Other: b\n\nbody");
    return response;
  });
  RawClient client(server->port());
  client.send(get("/throws"));
  CHECK(client.read_answer().starts_with("HTTP/1.1 500 Internal Server Error\r\n"));
  client.send(get("/fields"));
  CHECK(client.read_answer().find("X-Note: a??X-Other: b??body\r\n") != std::string::npos);
  set_log_sink({});
}

TEST_CASE("many clients at once") {
  std::atomic<int> answered{0};
  HttpServerOptions options;
  options.on_exchange = [&](const HttpExchange& exchange) {
    if (exchange.complete && exchange.status == 200) ++answered;
  };
  auto server = serve(echo, std::move(options));
  std::vector<std::jthread> clients;
  std::atomic<int> right{0};
  for (int c = 0; c < 16; ++c)
    clients.emplace_back([&, c] {
      RawClient client(server->port());
      for (int i = 0; i < 50; ++i) {
        const std::string path = concat('/', c, '/', i);
        client.send(get(path));
        if (body_of(client.read_answer()) == concat("GET ", path, " ? ")) ++right;
      }
    });
  clients.clear();
  server->stop();
  CHECK(right == 16 * 50);
  CHECK(answered == 16 * 50);
}

TEST_CASE("stopping lets answers under way end, and wakes handlers that wait") {
  std::latch entered(2);
  auto server = serve([&](const HttpServerRequest& request) {
    std::mutex mutex;
    std::condition_variable_any wake;
    std::unique_lock lock(mutex);
    entered.count_down();
    wake.wait(lock, request.stop, [] { return false; });
    return text_answer("stopped");
  });
  RawClient waiting(server->port());
  RawClient other(server->port());
  RawClient idle(server->port());
  waiting.send(get("/1"));
  other.send(get("/2"));
  entered.wait();
  const std::jthread stopper([&] { server->stop(); });
  CHECK(waiting.read_to_end().ends_with("stopped"));
  CHECK(other.read_to_end().ends_with("stopped"));
  CHECK(idle.hung_up());
}

TEST_CASE("stopping breaks what does not end") {
  const std::string big(64 * kMiB, 'x');
  auto server = serve([&](const HttpServerRequest&) { return text_answer(big); });
  RawClient client(server->port());
  client.send(get("/"));
  CHECK(client.read_head().starts_with("HTTP/1.1 200"));
  server->stop(std::chrono::milliseconds(50));  // the client takes nothing meanwhile
  CHECK(client.read_to_end().size() < big.size());
  CHECK_THROWS(RawClient(server->port()));
}

TEST_CASE("addresses") {
  const auto start = [](std::string listen, bool loopback_only = false) {
    HttpServerOptions options;
    options.listen = std::move(listen);
    options.loopback_only = loopback_only;
    return HttpServer::start(std::move(options), std::make_shared<FunctionHandler>(echo));
  };
  for (const char* wrong : {"", "127.0.0.1", ":80", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:65536"})
    CHECK(start(wrong).status().code() == StatusCode::kInvalidArgument);
  CHECK(start("0.0.0.0:0", true).status().code() == StatusCode::kFailedPrecondition);
  CHECK(start("localhost:0", true).ok());
  const auto first = start("127.0.0.1:0");
  REQUIRE(first.ok());
  const auto second = start((*first)->address());
  CHECK(second.status().code() == StatusCode::kAlreadyExists);
  CHECK(message(second.status()).find((*first)->address()) != std::string_view::npos);
}

TEST_CASE("parameters of queries and forms") {
  const auto read = parse_parameters("a=1&b=x%20y+z&&c&=d&e=%E6%96%87");
  REQUIRE(read.ok());
  const HttpParameters expected{{"a", "1"}, {"b", "x y z"}, {"c", ""}, {"", "d"}, {"e", "文"}};
  CHECK(*read == expected);
  CHECK(parse_parameters("")->empty());
  CHECK(parse_parameters("a=%4").status().code() == StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace hubdist
