#include <atomic>
#include <stdexcept>
#include <thread>
#include <vector>

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/fault_server.h"
#include <hubdist/io/http_client.h>

namespace hubdist {
namespace {

using namespace std::chrono_literals;
using testing::answer;
using testing::FaultConnection;
using testing::FaultHttpServer;
using testing::FileAnswer;
using testing::SeenRequest;

HttpRequest get(std::string url) {
  HttpRequest request;
  request.url = std::move(url);
  return request;
}

std::string pattern(std::size_t size) {
  std::string out(size, '\0');
  for (std::size_t i = 0; i < size; ++i) out[i] = static_cast<char>((i * 2654435761u) >> 13);
  return out;
}

TEST_CASE("a body arrives whole, with the headers first") {
  FaultHttpServer server;
  const std::string content = pattern(3'000'017);
  server.on("/f", testing::file({content, "\"e\"", true, true, {{"X-More", "1"}}}));
  HttpClient client;
  std::string got;
  bool headers_first = false;
  const auto response = client.stream(
      get(server.url("/f?q=1")),
      [&](const HttpResponse& head) -> Status {
        headers_first = got.empty() && head.status == 200 && head.headers.get("x-more") == "1" &&
                        head.content_length() == content.size();
        return {};
      },
      [&](ByteView bytes) -> Status {
        got += as_text(bytes);
        return {};
      });
  REQUIRE_MESSAGE(response.ok(), message(response.status()));
  CHECK(headers_first);
  CHECK(got == content);
  CHECK(response->url == server.url("/f?q=1"));
  CHECK(client.bytes_received() > content.size());
  CHECK(client.bytes_received() < content.size() + 1000);
  const SeenRequest seen = server.seen().at(0);
  CHECK(seen.headers.get("Accept-Encoding") == "identity");
  CHECK(seen.headers.get("User-Agent")->starts_with("hubdist/"));
}

TEST_CASE("a connection is used again, also after an answer without success") {
  FaultHttpServer server;
  server.on("/a", answer(200, {}, "a"));
  HttpClient client;
  for (int i = 0; i < 5; ++i) CHECK(client.fetch(get(server.url("/a")))->body == "a");
  CHECK(client.fetch(get(server.url("/none")))->status == 404);
  HttpRequest head = get(server.url("/a"));
  head.method = "HEAD";
  const auto reply = client.fetch(head);
  CHECK(reply->body.empty());
  CHECK(reply->content_length() == 1);
  CHECK(client.fetch(get(server.url("/a")))->body == "a");
  CHECK(server.connections() == 1);
}

TEST_CASE("methods, bodies and fields are sent as given") {
  FaultHttpServer server;
  server.on("*", answer(201));
  HttpClient client;
  HttpRequest request = get(server.url("/x"));
  request.method = "POST";
  request.body = std::string("a\0b", 3);
  request.headers = {{"Content-Type", "application/x-ndjson"}, {"X-Empty", ""}};
  CHECK(client.fetch(request)->status == 201);
  request.method = "DELETE";
  request.body.clear();
  request.headers.clear();
  CHECK(client.fetch(request)->status == 201);
  request.method = "PUT";
  CHECK(client.fetch(request)->status == 201);
  const auto seen = server.seen();
  REQUIRE(seen.size() == 3);
  CHECK(seen[0].method == "POST");
  CHECK(seen[0].body == std::string("a\0b", 3));
  CHECK(seen[0].headers.get("content-type") == "application/x-ndjson");
  CHECK_FALSE(seen[0].headers.get("Expect"));
  CHECK(seen[1].method == "DELETE");
  CHECK_FALSE(seen[1].headers.get("Content-Length"));
  CHECK(seen[2].headers.get("Content-Length") == "0");
  CHECK_FALSE(seen[2].headers.get("Content-Type"));
}

TEST_CASE("a chunked body, trailers and interim answers") {
  FaultHttpServer server;
  server.on("*", [](const SeenRequest&, FaultConnection& connection) {
    connection.send("HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n");
    connection.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-Own: 1\r\n\r\n");
    connection.send("5\r\nhello\r\n6\r\n world\r\n0\r\nX-Trailer: t\r\n\r\n");
  });
  HttpClient client;
  const auto reply = client.fetch(get(server.url("/")));
  CHECK(reply->body == "hello world");
  CHECK(reply->headers.get("X-Own") == "1");
  CHECK_FALSE(reply->headers.get("Link"));
  CHECK_FALSE(reply->headers.get("X-Trailer"));
}

TEST_CASE("compression only where it is accepted") {
  // gzip of "hello hello hello hello hello\n"
  const std::string packed(
      "\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xcb\x48\xcd\xc9\xc9\x57\xc8\xc0\x4e\x72\x01\x00"
      "\x68\x02\x31\x66\x1e\x00\x00\x00",
      30);
  FaultHttpServer server;
  server.on("*", answer(200, {{"Content-Encoding", "gzip"}}, packed));
  HttpClient client;
  CHECK(client.fetch(get(server.url("/")))->body == packed);
  HttpRequest request = get(server.url("/"));
  request.accept_compressed = true;
  const auto reply = client.fetch(request);
  REQUIRE_MESSAGE(reply.ok(), message(reply.status()));
  CHECK(reply->body == "hello hello hello hello hello\n");
  CHECK(server.seen()[1].headers.get("Accept-Encoding")->find("gzip") != std::string::npos);
}

TEST_CASE("a broken body is Unavailable, and what came of it was delivered") {
  FaultHttpServer server;
  const std::string content = pattern(700'000);
  HttpClient client;
  std::string got;
  const auto collect = [&](ByteView bytes) -> Status {
    got += as_text(bytes);
    return {};
  };
  SUBCASE("ended in order") {
    server.on("*", testing::cut_after({content, ""}, 500'000));
    const auto result = client.stream(get(server.url("/f?sig=SECRET")), nullptr, collect);
    CHECK(result.status().code() == StatusCode::kUnavailable);
    CHECK(message(result.status()).find(server.url("/f")) != std::string_view::npos);
    CHECK(message(result.status()).find("SECRET") == std::string_view::npos);
    CHECK(got == content.substr(0, 500'000));
  }
  SUBCASE("broken line") {
    server.on("*", [&](const SeenRequest&, FaultConnection& connection) {
      connection.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc");
      connection.reset();
    });
    CHECK(client.stream(get(server.url("/")), nullptr, collect).status().code() ==
          StatusCode::kUnavailable);
    CHECK(content.substr(0, 0) + std::string("abc").substr(0, got.size()) == got);
  }
  SUBCASE("inside a chunk") {
    server.on("*", [&](const SeenRequest&, FaultConnection& connection) {
      connection.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n8\r\nabc");
      connection.close();
    });
    CHECK(client.stream(get(server.url("/")), nullptr, collect).status().code() ==
          StatusCode::kUnavailable);
    CHECK(got == "abc");
  }
  SUBCASE("before its headers") {
    server.on("*", [&](const SeenRequest&, FaultConnection& connection) {
      connection.send("HTTP/1.1 200 OK\r\nContent-Le");
      connection.close();
    });
    CHECK(client.stream(get(server.url("/")), nullptr, collect).status().code() ==
          StatusCode::kUnavailable);
  }
  SUBCASE("never begun") {
    server.on("*", [](const SeenRequest&, FaultConnection& connection) { connection.close(); });
    CHECK(client.stream(get(server.url("/")), nullptr, collect).status().code() ==
          StatusCode::kUnavailable);
  }
  SUBCASE("what does not speak HTTP") {
    server.on("*", [](const SeenRequest&, FaultConnection& connection) {
      connection.send("SSH-2.0-OpenSSH_9.2\r\n\r\n");
      connection.close();
    });
    CHECK(client.stream(get(server.url("/")), nullptr, collect).status().code() ==
          StatusCode::kUnavailable);
    CHECK(got.empty());
  }
}

TEST_CASE("bytes behind the announced length are not part of the body") {
  FaultHttpServer server;
  server.on("*", [](const SeenRequest&, FaultConnection& connection) {
    connection.send("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcdefgh");
  });
  HttpClient client;
  CHECK(client.fetch(get(server.url("/")))->body == "abc");
  CHECK(client.fetch(get(server.url("/")))->body == "abc");
}

TEST_CASE("endless header fields are refused") {
  FaultHttpServer server;
  server.on("*", [](const SeenRequest&, FaultConnection& connection) {
    connection.send("HTTP/1.1 200 OK\r\n");
    const std::string line = "X-Fill: " + std::string(1000, 'x') + "\r\n";
    while (connection.send(line)) {
    }
  });
  HttpClient client;
  CHECK_FALSE(client.fetch(get(server.url("/"))).ok());
}

TEST_CASE("a stalled transfer is given up, a slow sink is not") {
  FaultHttpServer server;
  HttpClient client;
  HttpRequest request = get(server.url("/f"));
  request.stall_timeout = 1s;
  SUBCASE("stalled inside the body") {
    server.on("*", testing::stall_after({pattern(5000), ""}, 1000));
    std::string got;
    const auto result = client.stream(request, nullptr, [&](ByteView bytes) -> Status {
      got += as_text(bytes);
      return {};
    });
    CHECK(result.status().code() == StatusCode::kUnavailable);
    CHECK(message(result.status()).find("stalled") != std::string_view::npos);
    CHECK(got == pattern(1000));
  }
  SUBCASE("no answer at all") {
    server.on("*", [](const SeenRequest&, FaultConnection& connection) {
      connection.wait_for_close();
      connection.close();
    });
    CHECK(client.fetch(request).status().code() == StatusCode::kUnavailable);
  }
  SUBCASE("a sink that takes longer than the limit") {
    server.on("*", testing::file({pattern(3'000'000), ""}));
    std::size_t got = 0;
    const auto result = client.stream(request, nullptr, [&](ByteView bytes) -> Status {
      if (got == 0) std::this_thread::sleep_for(1500ms);
      got += bytes.size();
      return {};
    });
    CHECK(result.ok());
    CHECK(got == 3'000'000);
  }
}

TEST_CASE("the limit on the whole is DeadlineExceeded, over redirects too") {
  FaultHttpServer server;
  server.on("/f", testing::drip({pattern(1'000'000), ""}, 1000, 5ms));
  server.on("/r", testing::redirect(302, "/f"));
  HttpClient client;
  HttpRequest request = get(server.url("/r"));
  request.total_timeout = 150ms;
  const auto begin = std::chrono::steady_clock::now();
  CHECK(client.fetch(request).status().code() == StatusCode::kDeadlineExceeded);
  CHECK(std::chrono::steady_clock::now() - begin < 2s);
}

TEST_CASE("nobody there is Unavailable") {
  std::string url;
  {
    const FaultHttpServer gone;
    url = gone.url("/");
  }
  HttpClient client;
  CHECK(client.fetch(get(url)).status().code() == StatusCode::kUnavailable);
}

TEST_CASE("what is wrong in a request is said before anything is sent, without its secret") {
  HttpClient client;
  const auto status = [&](const HttpRequest& request) { return client.fetch(request).status(); };
  CHECK(status(get("ftp://127.0.0.1/x")).code() == StatusCode::kInvalidArgument);
  CHECK(status(get("file:///etc/passwd")).code() == StatusCode::kInvalidArgument);
  CHECK(status(get("")).code() == StatusCode::kInvalidArgument);
  CHECK(status(get("http://127.0.0.1/a b")).code() == StatusCode::kInvalidArgument);
  const Status user = status(get("http://me:hunter2@127.0.0.1/x"));
  CHECK(user.code() == StatusCode::kInvalidArgument);
  CHECK(message(user).find("hunter2") == std::string_view::npos);
  HttpRequest request = get("http://127.0.0.1:1/");
  request.headers.add("X", "a\r\nHost: other");
  CHECK(status(request).code() == StatusCode::kInvalidArgument);
  request.headers = {{"X y", "a"}};
  CHECK(status(request).code() == StatusCode::kInvalidArgument);
  request.headers.clear();
  request.method = "GET / HTTP/1.1\r\nX:";
  CHECK(status(request).code() == StatusCode::kInvalidArgument);
  request.method = "GET";
  request.bearer = Secret("hunter2\r\nX: y");
  CHECK(status(request).code() == StatusCode::kInvalidArgument);
  CHECK(message(status(request)).find("hunter2") == std::string_view::npos);
}

TEST_CASE("a credential goes over plain http to this machine only") {
  HttpClient client;
  HttpRequest request = get("http://hub.example.invalid/x");
  request.bearer = Secret("hunter2");
  const Status refused = client.fetch(request).status();
  CHECK(refused.code() == StatusCode::kFailedPrecondition);
  CHECK(message(refused).find("hunter2") == std::string_view::npos);
  request.bearer = Secret();
  request.headers.add("cookie", "hunter2");
  CHECK(client.fetch(request).status().code() == StatusCode::kFailedPrecondition);
  for (const std::string_view host : {"127.0.0.1", "localhost"}) {
    FaultHttpServer server;
    server.on("*", answer(200, {}, "ok"));
    HttpRequest local = get(server.url("/", host));
    local.bearer = Secret("tok");
    CHECK(client.fetch(local)->body == "ok");
    CHECK(server.seen().at(0).headers.get("Authorization") == "Bearer tok");
  }
}

TEST_CASE("fetch takes no more than its limit") {
  FaultHttpServer server;
  server.on("/sized", testing::file({pattern(1001), ""}));
  server.on("/open", [](const SeenRequest&, FaultConnection& connection) {
    connection.send("HTTP/1.1 200 OK\r\n\r\n" + pattern(1001));
    connection.close();
  });
  HttpClient client;
  for (const std::string_view path : {"/sized", "/open"}) {
    CHECK(client.fetch(get(server.url(path)), 1001)->body == pattern(1001));
    CHECK(client.fetch(get(server.url(path)), 1000).status().code() == StatusCode::kOutOfRange);
  }
}

TEST_CASE("an error of a sink ends the transfer and is returned") {
  FaultHttpServer server;
  server.on("*", testing::file({pattern(1'000'000), ""}));
  HttpClient client;
  const auto request = get(server.url("/"));
  const auto head = [](const HttpResponse&) -> Status { return data_loss("head"); };
  CHECK(message(client.stream(request, head, nullptr).status()) == "head");
  int calls = 0;
  const auto body = [&](ByteView) -> Status {
    ++calls;
    return failed_precondition("disk full");
  };
  CHECK(message(client.stream(request, nullptr, body).status()) == "disk full");
  CHECK(calls == 1);
  const auto bad = [](ByteView) -> Status { throw std::runtime_error("boom"); };
  CHECK(client.stream(request, nullptr, bad).status().code() == StatusCode::kInternal);
  CHECK(client.fetch(request)->body.size() == 1'000'000);
}

TEST_CASE("many threads share a client") {
  FaultHttpServer server;
  const std::string content = pattern(200'000);
  server.on("*", testing::file({content, ""}));
  HttpClient client;
  std::atomic<int> right = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < 10; ++i) {
        const auto reply = client.fetch(get(server.url("/")));
        right += reply.ok() && reply->body == content;
      }
    });
  for (auto& thread : threads) thread.join();
  CHECK(right == 80);
  CHECK(server.connections() <= 8);
}

TEST_CASE("a child of fork uses connections of its own") {
  FaultHttpServer server;
  server.on("*", answer(200, {}, "ok"));
  HttpClient client;
  REQUIRE(client.fetch(get(server.url("/")))->body == "ok");
  const pid_t child = ::fork();
  if (child == 0) {
    const auto reply = client.fetch(get(server.url("/child")));
    ::_exit(reply.ok() && reply->body == "ok" ? 0 : 1);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
  CHECK(client.fetch(get(server.url("/")))->body == "ok");
  const auto seen = server.seen();
  REQUIRE(seen.size() == 3);
  CHECK(seen[1].connection != seen[0].connection);
  CHECK(seen[2].connection == seen[0].connection);
}

}  // namespace
}  // namespace hubdist
