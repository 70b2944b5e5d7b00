// A hub that serves https.
#include "tests/server/hub_fixture.h"
#include "tests/support/certificate.h"

namespace hubdist {
namespace {

using testing::file_line;
using testing::HubFixture;
using testing::lfs_line;
using testing::write_certificate;

struct Files {
  testing::TempDir tls;
  Path certificate = tls / "hub.pem";
  Path key = tls / "hub.key";
};

struct Fixture : Files, HubFixture {
  Fixture() : HubFixture(posix_file_system(), {.user_agent = "", .ca_file = certificate}) {
    write_certificate(certificate, key);
    options.tls_certificate = certificate;
    options.tls_key = key;
  }
};

TEST_CASE_FIXTURE(Fixture, "what is written through TLS is read through TLS") {
  start();
  CHECK(server->endpoint() == concat("https://", server->address()));
  create("m", ada);
  const std::string content(300'000, 'w');
  const std::string to = link("ada/m", content, "upload");
  CHECK(to.starts_with(server->endpoint()));
  CHECK(put(to, content).status == 200);
  CHECK(commit("ada/m", lfs_line("w.bin", content) + file_line("a", "b")).status == 200);
  CHECK(ask("GET", "/ada/m/resolve/main/w.bin").body == content);
  CHECK(ask("GET", link("ada/m", content, "download"), "", Secret()).body == content);
}

TEST_CASE_FIXTURE(Fixture, "a cookie that was given through TLS goes through TLS alone") {
  start();
  const HttpReply login =
      ask("POST", "/api/v1/login", concat(R"({"AccessToken":")", ada.reveal(), "\"}"), Secret());
  CHECK(login.status == 200);
  CHECK(login.headers.get("Set-Cookie").value_or("").ends_with("; SameSite=Strict; Secure"));
}

TEST_CASE_FIXTURE(Fixture, "with TLS any address is listened on") {
  options.listen = "0.0.0.0:0";
  CHECK(HubServer::start(options).ok());
  options.tls_key.clear();
  const Status half = HubServer::start(options).status();
  CHECK(half.code() == StatusCode::kInvalidArgument);
  options.tls_certificate.clear();
  const Status clear = HubServer::start(options).status();
  CHECK(clear.code() == StatusCode::kFailedPrecondition);
  CHECK(message(clear).find("--tls-cert") != std::string_view::npos);
}

TEST_CASE_FIXTURE(Fixture, "a key for all eyes is no reason to speak of loopback") {
  REQUIRE(posix_file_system().set_mode(options.tls_key, 0644).ok());
  const Status open = HubServer::start(options).status();
  CHECK(open.code() == StatusCode::kFailedPrecondition);
  CHECK(message(open).find("chmod 600") != std::string_view::npos);
  CHECK(message(open).find("loopback") == std::string_view::npos);
}

}  // namespace
}  // namespace hubdist
