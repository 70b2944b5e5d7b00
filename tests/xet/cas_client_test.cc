#include "tests/xet/reader_fixture.h"

using namespace hubdist;
using namespace hubdist::testing;

TEST_CASE_FIXTURE(ReaderFixture, "a token is asked for anew before it expires") {
  Instant expires = system_clock().now() + std::chrono::seconds(10);
  CasClient short_lived(std::make_shared<HttpClient>(),
                        [&](std::stop_token) -> Result<XetAccess> {
                          ++leaves;
                          return XetAccess{cas.url(), Secret(token), false, expires};
                        },
                        {});
  REQUIRE(short_lived.prepare({}).ok());
  REQUIRE(short_lived.reconstruct(hash, {}, "model.bin", {}).ok());
  CHECK(leaves == 2);
  expires += std::chrono::hours(1);
  REQUIRE(short_lived.reconstruct(hash, {}, "model.bin", {}).ok());
  REQUIRE(short_lived.reconstruct(hash, {}, "model.bin", {}).ok());
  CHECK(leaves == 3);
}

TEST_CASE("a token goes over TLS, or to this machine") {
  const auto leave_for = [](const std::string& url, bool insecure) {
    CasClient client(std::make_shared<HttpClient>(),
                     [&](std::stop_token) -> Result<XetAccess> {
                       return XetAccess{url, Secret("t"), insecure, Instant::max()};
                     },
                     {});
    return client.prepare({});
  };
  CHECK(leave_for("https://cas.example", false).ok());
  CHECK(leave_for("http://127.0.0.1:80", false).ok());
  CHECK(leave_for("http://cas.example", false).code() == StatusCode::kFailedPrecondition);
  CHECK(leave_for("http://cas.example", true).ok());
}

TEST_CASE("a store with TLS may not send its reader to a URL without") {
  CasClient client(std::make_shared<HttpClient>(),
                   [&](std::stop_token) -> Result<XetAccess> {
                     return XetAccess{"https://cas.example", Secret("t"), false,
                                      system_clock().now() + std::chrono::hours(1)};
                   },
                   {});
  REQUIRE(client.prepare({}).ok());
  CHECK(client.xorb_request("http://elsewhere.example/x", {0, 10}).status().code() ==
        StatusCode::kPermissionDenied);
  const auto request = client.xorb_request("https://elsewhere.example/x", {5, 10});
  REQUIRE(request.ok());
  CHECK(request->headers.get("Range") == "bytes=5-9");
  CHECK(request->bearer.empty());
}

TEST_CASE_FIXTURE(ReaderFixture, "the chunks of a file are told by a store that knows how") {
  CHECK(client->manifest(hash, content.size(), "model.bin", {}).status().code() ==
        StatusCode::kNotFound);
  cas.manifests = true;
  const auto manifest = client->manifest(hash, content.size(), "model.bin", {});
  REQUIRE_MESSAGE(manifest.ok(), manifest.status().ToString());
  CHECK(*manifest == make_manifest(as_bytes(content)));
  CHECK_FALSE(client->manifest(hash, content.size() - 1, "model.bin", {}).ok());
}

TEST_CASE_FIXTURE(ReaderFixture, "questions are tried again, and a final answer is final") {
  FaultHttpServer sick;
  const auto ask = [&](FaultScript script) {
    sick.forget();
    sick.on("*", std::move(script));
    CasOptions options;
    options.retry.base_delay = options.retry.max_delay = std::chrono::milliseconds(1);
    options.retry.max_tries = 3;
    CasClient asking(
        std::make_shared<HttpClient>(),
        [&](std::stop_token) -> Result<XetAccess> {
          return XetAccess{sick.url(""), Secret("t"), false,
                           system_clock().now() + std::chrono::hours(1)};
        },
        options);
    return asking.reconstruct(hash, ByteRange{0, 10}, "model.bin", {}).status();
  };
  CHECK(ask(answer(503)).code() == StatusCode::kUnavailable);
  CHECK(sick.seen().size() == 3);
  CHECK(ask(answer(429)).code() == StatusCode::kResourceExhausted);
  CHECK(sick.seen().size() == 3);
  CHECK(ask(answer(501)).code() == StatusCode::kUnimplemented);
  CHECK(sick.seen().size() == 2);  // version 2, then version 1
  CHECK(ask(answer(416)).code() == StatusCode::kOutOfRange);
  CHECK(sick.seen().size() == 1);
  CHECK(sick.seen()[0].headers.get("Range") == "bytes=0-9");
  CHECK(ask(answer(403)).code() == StatusCode::kPermissionDenied);
  CHECK(sick.seen().size() == 2);  // with a fresh token
  CHECK(ask(answer(200, {}, "{}")).code() == StatusCode::kDataLoss);
}
