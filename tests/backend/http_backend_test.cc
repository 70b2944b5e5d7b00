#include <doctest/doctest.h>

#include "tests/support/fault_server.h"
#include <hubdist/backend/http_backend.h>

namespace hubdist {
namespace {

using namespace testing;

struct Fixture {
  FaultHttpServer server;
  std::shared_ptr<Backend> backend = make_http_backend(std::make_shared<HttpClient>());
  Uri here = *parse_uri(server.url("/f?token=SECRET"));
  std::string got;

  Status read(ByteRange range, std::string_view etag = {}) {
    got.clear();
    return backend->read_version(here, etag, range,
                                 [&](ByteView bytes) -> Status {
                                   got += as_text(bytes);
                                   return {};
                                 },
                                 {});
  }
  // Answers every GET with this head and body.
  void raw(int status, HttpHeaders headers, std::string body) {
    server.on("/f", [=](const SeenRequest&, FaultConnection& connection) {
      connection.send(response_head(status, headers) + body);
      connection.close();
    });
  }
};

TEST_CASE_FIXTURE(Fixture, "a server without HEAD is asked for its first byte") {
  for (const int refusal : {400, 403, 405, 501}) {
    server.on("/f", [&](const SeenRequest& request, FaultConnection& connection) {
      (request.method == "HEAD" ? answer(refusal) : file({"content", "\"e\""}))(request,
                                                                                connection);
    });
    const auto info = backend->stat(here, {});
    REQUIRE_MESSAGE(info.ok(), message(info.status()));
    CHECK(info->size == 7);
    CHECK(info->etag == "e");
    CHECK_FALSE(info->identity.provable());
  }
  server.on("/f", file({"", "\"e\"", true, false}));
  CHECK(backend->stat(here, {})->size == 0);
  server.on("/f", file({"", "\"e\"", false, false}));
  CHECK(backend->stat(here, {})->size == 0);
  server.on("/f", file({"content", "", false, false}));
  CHECK(backend->stat(here, {})->size == 7);
  server.on("/f", answer(403));
  CHECK(backend->stat(here, {}).status().code() == StatusCode::kPermissionDenied);
}

TEST_CASE_FIXTURE(Fixture, "a file of unknown length is refused, with the reason") {
  raw(200, {{"Connection", "close"}}, "who knows how long");
  const Status status = backend->stat(here, {}).status();
  CHECK(status.code() == StatusCode::kFailedPrecondition);
  CHECK(message(status).find("how long") != std::string_view::npos);
}

TEST_CASE_FIXTURE(Fixture, "weak etags and strong ones compare without their marks") {
  server.on("/f", file({"content", "W/\"e\""}));
  CHECK(backend->stat(here, {})->etag == "e");
  CHECK(read({0, 7}, "e").ok());
  CHECK(got == "content");
}

TEST_CASE_FIXTURE(Fixture,
                  "a file that changed between two reads is Aborted, and none of it delivered") {
  server.on("/f", file({"content", "\"e\""}));
  CHECK(read({0, 3}, "e").ok());
  for (const bool ranges : {true, false}) {
    server.on("/f", file({"CONTENT", "\"f\"", ranges}));
    CHECK(read({3, 7}, "e").code() == StatusCode::kAborted);
    CHECK(got.empty());
    CHECK(read({3, 7}).ok());
    CHECK(got == "TENT");
  }
}

TEST_CASE_FIXTURE(Fixture, "another range than asked is DataLoss") {
  for (const char* field : {"bytes 0-2/7", "bytes 2-5/7", "bytes 1-4/7", "bytes 2-3", "bytes x-y/z",
                            "items 2-4/7", "bytes 4-2/7", "bytes 2-18446744073709551615/*", ""}) {
    CAPTURE(field);
    raw(206, {{"Content-Range", field}, {"Content-Length", "3"}}, "abc");
    CHECK(read({2, 5}).code() == StatusCode::kDataLoss);
    CHECK(got.empty());
  }
  raw(206, {{"Content-Length", "3"}}, "abc");
  CHECK(read({2, 5}).code() == StatusCode::kDataLoss);
  raw(206, {{"Content-Range", "bytes 2-4/*"}, {"Content-Length", "3"}}, "abc");
  CHECK(read({2, 5}).ok());
  CHECK(got == "abc");
}

TEST_CASE_FIXTURE(Fixture, "too many bytes are DataLoss, too few Unavailable") {
  raw(206, {{"Content-Range", "bytes 2-4/7"}}, "abcdefgh");
  CHECK(read({2, 5}).code() == StatusCode::kDataLoss);
  raw(206, {{"Content-Range", "bytes 2-4/7"}}, "ab");
  CHECK(read({2, 5}).code() == StatusCode::kUnavailable);
  CHECK(got == "ab");
  raw(206, {{"Content-Range", "bytes 2-4/7"}, {"Content-Length", "3"}}, "ab");
  CHECK(read({2, 5}).code() == StatusCode::kUnavailable);
  CHECK(got == "ab");
  raw(200, {}, "abcd");
  CHECK(read({2, 5}).code() == StatusCode::kUnavailable);
  CHECK(got == "cd");
  raw(200, {{"Content-Length", "4"}}, "abcd");
  CHECK(read({2, 5}).code() == StatusCode::kDataLoss);
  CHECK(got.empty());
}

TEST_CASE_FIXTURE(Fixture, "a server that ignores ranges is not read to its end") {
  server.on("/f", [](const SeenRequest&, FaultConnection& connection) {
    connection.send(response_head(200, {{"Content-Length", "1000000000000"}}) + "0123456789");
    const std::string block(100'000, 'x');
    while (connection.send(block)) {
    }
  });
  CHECK(read({4, 10}).ok());
  CHECK(got == "456789");
}

TEST_CASE_FIXTURE(Fixture, "errors are those of the answer, and no query is in them") {
  const std::pair<int, StatusCode> expected[] = {
      {404, StatusCode::kNotFound},           {401, StatusCode::kUnauthenticated},
      {403, StatusCode::kPermissionDenied},   {416, StatusCode::kOutOfRange},
      {429, StatusCode::kResourceExhausted},  {500, StatusCode::kUnavailable},
      {204, StatusCode::kFailedPrecondition}, {304, StatusCode::kFailedPrecondition}};
  for (const auto& pair : expected) {
    const auto status = pair.first;
    const auto code = pair.second;
    CAPTURE(status);
    server.on("/f", answer(status));
    CHECK(read({0, 5}).code() == code);
    CHECK(message(read({0, 5})).find("SECRET") == std::string_view::npos);
    if (status >= 400)
      CHECK(message(backend->stat(here, {}).status()).find("SECRET") == std::string_view::npos);
  }
}

}  // namespace
}  // namespace hubdist
