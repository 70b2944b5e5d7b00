// TLS, proxies, and what crosses from http to https.
#include <doctest/doctest.h>

#include "tests/support/environment.h"
#include "tests/support/fault_server.h"
#include "tests/support/temp_dir.h"
#include "tests/support/tls_server.h"
#include <hubdist/io/http_client.h>

namespace hubdist {
namespace {

using testing::FaultHttpServer;
using testing::TempDir;
using testing::TlsServer;
using testing::Variable;

HttpRequest with_token(std::string url) {
  HttpRequest request;
  request.url = std::move(url);
  request.bearer = Secret("tok");
  return request;
}

// The machine's own settings do not count.
struct Unset {
  Variable variables[6] = {{"SSL_CERT_FILE", ""},  {"REQUESTS_CA_BUNDLE", ""},
                           {"CURL_CA_BUNDLE", ""}, {"no_proxy", ""},
                           {"NO_PROXY", ""},       {"all_proxy", ""}};
};

struct Fixture {
  Unset unset;
  TempDir dir;
  Path certificate = dir / "ca.pem";
  TlsServer server{"localhost", certificate};
  std::string url = concat("https://localhost:", server.port(), "/");
};

TEST_CASE_FIXTURE(Fixture, "a certificate that nobody vouches for is PermissionDenied") {
  HttpClient client;
  const Status status = client.fetch(with_token(url)).status();
  CHECK(status.code() == StatusCode::kPermissionDenied);
  CHECK(message(status).find("SSL_CERT_FILE") != std::string_view::npos);
}

TEST_CASE_FIXTURE(Fixture, "certificates come from the options, or from the environment") {
  {
    HttpClient client({.user_agent = "", .ca_file = certificate.string()});
    const auto reply = client.fetch(with_token(url));
    REQUIRE_MESSAGE(reply.ok(), message(reply.status()));
    CHECK(reply->body == "[Bearer tok]");
  }
  for (const char* name : {"SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"}) {
    const Variable variable(name, certificate.string());
    HttpClient client;
    CHECK(client.fetch(with_token(url)).ok());
  }
  HttpClient client({.user_agent = "", .ca_file = (dir / "missing.pem").string()});
  const Status status = client.fetch(with_token(url)).status();
  CHECK(status.code() == StatusCode::kPermissionDenied);
  CHECK(message(status).find("missing.pem") != std::string_view::npos);
}

TEST_CASE_FIXTURE(Fixture, "a certificate of another name is PermissionDenied") {
  HttpClient client({.user_agent = "", .ca_file = certificate.string()});
  CHECK(
      client.fetch(with_token(concat("https://127.0.0.1:", server.port(), "/"))).status().code() ==
      StatusCode::kPermissionDenied);
}

TEST_CASE_FIXTURE(Fixture, "a redirect from https to http is not followed") {
  FaultHttpServer plain;
  server.redirect_to(plain.url("/"));
  HttpClient client({.user_agent = "", .ca_file = certificate.string()});
  CHECK(client.fetch(with_token(url)).status().code() == StatusCode::kPermissionDenied);
  CHECK(plain.connections() == 0);
}

TEST_CASE_FIXTURE(Fixture, "from http to https on another port the token stays behind") {
  FaultHttpServer plain;
  plain.on("*", testing::redirect(302, url));
  HttpClient client({.user_agent = "", .ca_file = certificate.string()});
  CHECK(client.fetch(with_token(plain.url("/", "localhost")))->body == "[]");
}

TEST_CASE("through proxies: from http to https of the same host the token goes along") {
  const Unset unset;
  const TempDir dir;
  TlsServer tunnel("hub.example", dir / "ca.pem");
  FaultHttpServer proxy;
  const Variable http("http_proxy", proxy.url(""));
  const Variable https("https_proxy", concat("http://127.0.0.1:", tunnel.port()));
  HttpClient client({.user_agent = "", .ca_file = (dir / "ca.pem").string()});
  HttpRequest request = with_token("http://hub.example/x");
  request.allow_insecure_credential = true;
  proxy.on("*", testing::redirect(301, "https://hub.example/y"));
  const auto upgraded = client.fetch(request);
  REQUIRE_MESSAGE(upgraded.ok(), message(upgraded.status()));
  CHECK(upgraded->body == "[Bearer tok]");
  CHECK(proxy.seen().at(0).target == "http://hub.example/x");

  FaultHttpServer local;
  local.on("*", testing::answer(200, {}, "direct"));
  CHECK(client.fetch(with_token(local.url("/")))->body == "direct");
  CHECK(proxy.seen().size() == 1);  // this machine is never asked through a proxy
}

}  // namespace
}  // namespace hubdist
