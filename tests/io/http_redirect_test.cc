// Redirects: where a call goes on, and what it leaves behind.
#include <doctest/doctest.h>

#include "tests/support/fault_server.h"
#include <hubdist/io/http_client.h>

namespace hubdist {
namespace {

using testing::answer;
using testing::FaultConnection;
using testing::FaultHttpServer;
using testing::redirect;
using testing::SeenRequest;

HttpRequest with_secrets(std::string url) {
  HttpRequest request;
  request.url = std::move(url);
  request.bearer = Secret("tok");
  request.headers = {{"Cookie", "c=1"}, {"X-Api-Key", "k"}, {"Range", "bytes=0-1"}};
  return request;
}

bool bare(const SeenRequest& request) {
  return !request.headers.get("Authorization") && !request.headers.get("Cookie") &&
         !request.headers.get("X-Api-Key");
}

TEST_CASE("inside one origin the credential goes along") {
  FaultHttpServer server;
  server.on("/a", redirect(302, "b/../c?x=1"));
  server.on("/c", answer(200, {}, "here"));
  HttpClient client;
  const auto reply = client.fetch(with_secrets(server.url("/a")));
  REQUIRE(reply.ok());
  CHECK(reply->body == "here");
  CHECK(reply->url == server.url("/c?x=1"));
  CHECK(server.seen().at(1).headers.get("Authorization") == "Bearer tok");
  CHECK(server.connections() == 1);
}

TEST_CASE("another port or host gets no credential, and it never comes back") {
  FaultHttpServer hub;
  FaultHttpServer cdn;
  const bool other_port = true;
  for (const bool port : {other_port, !other_port}) {
    hub.forget();
    cdn.forget();
    FaultHttpServer& second = port ? cdn : hub;
    hub.on("/a", redirect(307, second.url("/b", port ? "127.0.0.1" : "localhost")));
    second.on("/b", redirect(308, hub.url("/end")));
    hub.on("/end", answer(200, {}, "here"));
    HttpClient client;
    CHECK(client.fetch(with_secrets(hub.url("/a")))->body == "here");
    auto seen = hub.seen();
    for (const auto& request : cdn.seen()) seen.push_back(request);
    REQUIRE(seen.size() == 3);
    for (const auto& request : seen) {
      CHECK(bare(request) == (request.target != "/a"));
      CHECK(request.headers.get("Range") == "bytes=0-1");
    }
  }
}

TEST_CASE("a call may stay at its origin, or take the redirect as its answer") {
  FaultHttpServer hub;
  FaultHttpServer cdn;
  hub.on("/same", redirect(302, "/away"));
  hub.on("/away", answer(302, {{"Location", cdn.url("/x")}, {"X-Linked-Size", "7"}}, "moved"));
  HttpClient client;
  HttpRequest request = with_secrets(hub.url("/same"));
  request.redirects = Redirects::kFollowSameOrigin;
  auto reply = client.fetch(request);
  CHECK(reply->status == 302);
  CHECK(reply->headers.get("X-Linked-Size") == "7");
  CHECK(reply->body == "moved");
  CHECK(reply->url == hub.url("/away"));
  request.redirects = Redirects::kReturn;
  CHECK(client.fetch(request)->url == hub.url("/same"));
  CHECK(cdn.seen().empty());
}

TEST_CASE("only the last answer is delivered") {
  FaultHttpServer server;
  server.on("/a", answer(301, {{"Location", "/b"}}, std::string(10'000, 'r')));
  server.on("/b", answer(302, {{"Location", "/c"}}, std::string(1'000'000, 'r')));
  server.on("/c", answer(200, {}, "end"));
  HttpClient client;
  HttpRequest request;
  request.url = server.url("/a");
  int heads = 0;
  std::string body;
  const auto result = client.stream(
      request,
      [&](const HttpResponse&) -> Status {
        ++heads;
        return {};
      },
      [&](ByteView bytes) -> Status {
        body += as_text(bytes);
        return {};
      });
  CHECK(result.ok());
  CHECK(heads == 1);
  CHECK(body == "end");
  CHECK(client.bytes_received() < 600'000);  // the long body of a redirect is not read to its end
}

TEST_CASE("redirects without end are an error") {
  FaultHttpServer server;
  server.on("/self", redirect(302, "/self"));
  server.on("/ping", redirect(302, "/pong"));
  server.on("/pong", redirect(302, "/ping"));
  server.on("*", [](const SeenRequest& request, FaultConnection& connection) {
    const int n = std::stoi(request.target.substr(1));
    if (n == 0) return answer(200, {}, "end")(request, connection);
    redirect(302, "/" + std::to_string(n - 1))(request, connection);
  });
  HttpClient client;
  HttpRequest request;
  for (const char* path : {"/self", "/ping", "/11"}) {
    request.url = server.url(path);
    CHECK(client.fetch(request).status().code() == StatusCode::kFailedPrecondition);
  }
  request.url = server.url("/10");
  CHECK(client.fetch(request)->body == "end");
}

TEST_CASE("a redirect to what is no http URL is an error that tells no secret") {
  FaultHttpServer server;
  HttpClient client;
  HttpRequest request;
  request.url = server.url("/?sig=SECRET");
  for (const char* target : {"file:///etc/passwd", "ftp://127.0.0.1/", "http://u:SECRET@127.0.0.1/",
                             "http://127.0.0.1:99999/"}) {
    server.on("*", redirect(302, target));
    const Status status = client.fetch(request).status();
    CHECK(status.code() == StatusCode::kFailedPrecondition);
    CHECK(message(status).find("SECRET") == std::string_view::npos);
  }
  server.on("*", answer(302, {}, "no Location"));
  CHECK(client.fetch(request)->status == 302);
}

TEST_CASE("methods after a redirect") {
  FaultHttpServer server;
  HttpClient client;
  HttpRequest request;
  request.url = server.url("/a");
  server.on("/b", answer(200));
  const auto second = [&](int status, const char* method) {
    server.forget();
    server.on("/a", redirect(status, "/b"));
    request.method = method;
    request.body = request.method == "HEAD" ? "" : "body";
    CHECK(client.fetch(request).ok());
    const SeenRequest seen = server.seen().at(1);
    return seen.method + ":" + seen.body;
  };
  CHECK(second(302, "POST") == "GET:");
  CHECK(second(303, "PUT") == "GET:");
  CHECK(second(307, "POST") == "POST:body");
  CHECK(second(308, "PUT") == "PUT:body");
  CHECK(second(303, "HEAD") == "HEAD:");
}

TEST_CASE("a Location may hold spaces and other bytes") {
  FaultHttpServer server;
  server.on("/a", redirect(302, "/\xe6\xa8\xa1 b#part"));
  server.on("/%e6%a8%a1%20b", answer(200, {}, "here"));
  HttpClient client;
  HttpRequest request;
  request.url = server.url("/a");
  CHECK(client.fetch(request)->body == "here");
}

}  // namespace
}  // namespace hubdist
