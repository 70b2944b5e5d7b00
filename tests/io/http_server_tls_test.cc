// The server through TLS: what it serves, what it refuses, and how its certificate is renewed.
#include <condition_variable>
#include <mutex>
#include <thread>

#include <doctest/doctest.h>
#include <openssl/ssl.h>

#include "tests/support/certificate.h"
#include "tests/support/raw_client.h"
#include "tests/support/temp_dir.h"
#include <hubdist/base/log.h>
#include <hubdist/core/hash.h>
#include <hubdist/io/http_client.h>
#include <hubdist/io/http_server.h>

namespace hubdist {
namespace {

using std::chrono::milliseconds;
using testing::RawClient;
using testing::write_certificate;

const std::string kLarge = [] {
  std::string text(5'000'000, '\0');
  for (std::size_t i = 0; i < text.size(); ++i) text[i] = static_cast<char>(i * 31 + i / 255);
  return text;
}();

class CountingSink final : public HttpBodySink {
 public:
  std::optional<HttpServerResponse> write(ByteView bytes) override {
    hash_.update(bytes);
    return std::nullopt;
  }
  HttpServerResponse finish() override {
    HttpServerResponse response;
    response.body = hash_.finish().hex();
    return response;
  }

 private:
  Sha256Hasher hash_;
};

// Answers "/file" with a file, "/stream" with a stream, all else with what came.
class Echo final : public HttpHandler {
 public:
  explicit Echo(Path file) : file_(std::move(file)) {}
  HttpServerResponse handle(const HttpServerRequest& request) override {
    HttpServerResponse response;
    if (request.path == "/file")
      response.body = HttpFileBody{*posix_file_system().open(file_, OpenMode::kRead), 1000,
                                   kLarge.size() - 1000};
    else if (request.path == "/stream")
      response.body = stream();
    else
      response.body = concat(request.method, ' ', request.body);
    return response;
  }
  std::optional<HttpBodyPlan> plan_body(const HttpServerRequest& request) override {
    HttpBodyPlan plan;
    if (request.path != "/upload") return std::nullopt;
    plan.limit = 100 * kMiB;
    plan.sink = std::make_unique<CountingSink>();
    return plan;
  }

 private:
  static HttpStreamBody stream() {
    HttpStreamBody body;
    body.read = [sent = std::size_t{0}](MutableBytes out) mutable -> Result<std::size_t> {
      const std::size_t count = std::min(out.size(), kLarge.size() - sent);
      std::memcpy(out.data(), kLarge.data() + sent, count);
      sent += count;
      return count;
    };
    return body;
  }
  const Path file_;
};

struct Fixture {
  testing::TempDir dir;
  Path certificate = dir / "hub.pem";
  Path key = dir / "hub.key";
  HttpServerOptions options;
  std::unique_ptr<HttpServer> server;

  Fixture() {
    write_certificate(certificate, key);
    REQUIRE(write_file_atomic(posix_file_system(), dir / "large", as_bytes(kLarge)).ok());
    options.tls = HttpTlsOptions{certificate, key};
  }
  ~Fixture() { set_log_sink({}); }
  Status start() {
    HUBDIST_ASSIGN(server, HttpServer::start(options, std::make_shared<Echo>(dir / "large")));
    return {};
  }
  std::string url(std::string_view path) const {
    return concat("https://", server->address(), path);
  }
  HttpClientOptions trusting() const { return {.user_agent = "", .ca_file = certificate.string()}; }
  Result<HttpReply> ask(std::string_view path, std::string_view method = "GET",
                        std::string body = "") const {
    HttpClient client(trusting());
    HttpRequest request;
    request.method = method;
    request.url = url(path);
    request.body = std::move(body);
    return client.fetch(request);
  }
};

TEST_CASE_FIXTURE(Fixture, "requests, large answers and large bodies go through TLS") {
  REQUIRE(start().ok());
  CHECK(ask("/x")->body == "GET ");
  CHECK(ask("/x", "POST", "hello")->body == "POST hello");
  CHECK(ask("/x", "HEAD")->headers.get("Content-Length") == "5");
  CHECK((ask("/file")->body == kLarge.substr(1000)));
  CHECK((ask("/stream")->body == kLarge));
  CHECK(ask("/upload", "PUT", kLarge)->body == sha256(as_bytes(kLarge)).hex());
  CHECK(ask("/x", "POST", kLarge)->status == 413);  // above the limit, and read by the client
}

TEST_CASE_FIXTURE(Fixture, "one connection takes many requests") {
  options.limits.connections = 1;
  REQUIRE(start().ok());
  HttpClient client(trusting());
  for (int i = 0; i < 5; ++i) {
    HttpRequest request;
    request.url = url("/x");
    CHECK(client.fetch(request)->body == "GET ");
    CHECK(server->connections() == 1);
  }
}

TEST_CASE_FIXTURE(Fixture, "who does not speak TLS is told so, or hung up on") {
  options.limits.header_time = milliseconds(200);
  options.io_threads = 1;
  REQUIRE(start().ok());
  RawClient plain(server->port());
  plain.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  const std::string answer = plain.read_to_end();
  CHECK(answer.starts_with("HTTP/1.1 400 "));
  CHECK(answer.find("https://") != std::string::npos);
  RawClient nonsense(server->port());
  nonsense.send(std::string("\x01\x02\x03", 3));
  CHECK(nonsense.hung_up());
  RawClient other_version(server->port());
  other_version.send(std::string("\x16\x03\x01\x00\x05garbage", 12));
  other_version.read_to_end();
}

TEST_CASE_FIXTURE(Fixture, "a handshake that does not come to an end keeps nobody waiting") {
  options.limits.header_time = milliseconds(300);
  options.limits.connections = 8;
  options.io_threads = 1;
  REQUIRE(start().ok());
  std::vector<std::unique_ptr<RawClient>> slow;
  for (int i = 0; i < 8; ++i) {
    slow.push_back(std::make_unique<RawClient>(server->port()));
    if (i % 2 == 0) slow.back()->send(std::string("\x16\x03\x01\x02", 4));
  }
  CHECK(ask("/x")->status == 200);  // the one that waits longest makes room
  for (const auto& client : slow) CHECK(client->hung_up());
}

TEST_CASE_FIXTURE(Fixture, "stopping ends connections in any state") {
  REQUIRE(start().ok());
  RawClient silent(server->port());
  RawClient half(server->port());
  half.send(std::string("\x16\x03\x01\x02", 4));
  HttpClient idle(trusting());
  HttpRequest request;
  request.url = url("/x");
  REQUIRE(idle.fetch(request).ok());
  server->stop(milliseconds(10'000));
  CHECK(silent.hung_up());
  CHECK(server->connections() == 0);
}

// What a handshake comes to: "TLSv1.3 TLS_AES_256_GCM_SHA384 http/1.1"; empty when to nothing.
std::string shake_hands(std::uint16_t port, int version, const char* ciphers) {
  std::string found;
  SSL_CTX* context = SSL_CTX_new(TLS_client_method());
  SSL_CTX_set_security_level(context, 0);
  SSL_CTX_set_min_proto_version(context, version);
  SSL_CTX_set_max_proto_version(context, version);
  SSL_CTX_set_cipher_list(context, ciphers);
  static constexpr unsigned char kOffered[] = "\x02h2\x08http/1.1";
  SSL_CTX_set_alpn_protos(context, kOffered, sizeof(kOffered) - 1);
  RawClient client(port);
  SSL* ssl = SSL_new(context);
  SSL_set_fd(ssl, client.descriptor());
  if (SSL_connect(ssl) == 1) {
    const unsigned char* protocol = nullptr;
    unsigned int size = 0;
    SSL_get0_alpn_selected(ssl, &protocol, &size);
    found = concat(SSL_get_version(ssl), ' ', SSL_get_cipher_name(ssl), ' ',
                   std::string_view(reinterpret_cast<const char*>(protocol), size));
  }
  SSL_free(ssl);
  SSL_CTX_free(context);
  return found;
}

TEST_CASE_FIXTURE(Fixture, "old versions and weak ciphers are not spoken") {
  REQUIRE(start().ok());
  const std::uint16_t port = server->port();
  CHECK(shake_hands(port, TLS1_1_VERSION, "ALL").empty());
  CHECK(shake_hands(port, TLS1_2_VERSION, "AES128-SHA:AES256-GCM-SHA384").empty());
  CHECK(shake_hands(port, TLS1_2_VERSION, "ECDHE-ECDSA-AES256-SHA").empty());
  CHECK(shake_hands(port, TLS1_2_VERSION, "ALL").find("GCM") != std::string::npos);
  CHECK(shake_hands(port, TLS1_3_VERSION, "ALL").starts_with("TLSv1.3 "));
  CHECK(shake_hands(port, TLS1_3_VERSION, "ALL").ends_with(" http/1.1"));
}

TEST_CASE_FIXTURE(Fixture, "files that cannot be used are named, with what to do") {
  struct Case {
    Path certificate;
    Path key;
    std::string_view says;
  };
  write_certificate(dir / "other.pem", dir / "other.key");
  REQUIRE(write_file_atomic(posix_file_system(), dir / "none", as_bytes("nothing")).ok());
  REQUIRE(write_file_atomic(posix_file_system(), dir / "locked",
                            as_bytes("-----BEGIN ENCRYPTED PRIVATE KEY-----\nMAA=\n"
                                     "-----END ENCRYPTED PRIVATE KEY-----\n"),
                            Durability::kProcess, 0600)
              .ok());
  REQUIRE(posix_file_system().set_mode(dir / "none", 0600).ok());
  const Case cases[] = {
      {dir / "missing", key, "missing"},
      {certificate, dir / "missing", "missing"},
      {dir / "none", key, "it must hold the certificate"},
      {key, key, "it must hold the certificate"},
      {certificate, dir / "none", "it must hold a private key"},
      {certificate, dir / "other.key", "it is not the key of the certificate"},
      {certificate, dir / "locked", "it is locked by a password"},
  };
  for (const Case& wrong : cases) {
    options.tls = HttpTlsOptions{wrong.certificate, wrong.key};
    const Status status = start();
    CHECK_FALSE(status.ok());
    CHECK_MESSAGE(message(status).find(wrong.says) != std::string_view::npos, message(status));
  }
  REQUIRE(posix_file_system().set_mode(key, 0644).ok());
  options.tls = HttpTlsOptions{certificate, key};
  const Status open = start();
  CHECK(open.code() == StatusCode::kFailedPrecondition);
  CHECK(message(open).find("chmod 600") != std::string_view::npos);
  REQUIRE(posix_file_system().set_mode(key, 0640).ok());
  CHECK(start().ok());
}

TEST_CASE_FIXTURE(Fixture, "an expired certificate is warned of, and refused by clients") {
  std::mutex mutex;
  std::string said;
  set_log_sink([&](LogLevel, std::string_view line) {
    const std::lock_guard lock(mutex);
    said += line;
  });
  write_certificate(certificate, key, {.begins = -7200, .ends = -3600});
  REQUIRE(start().ok());
  {
    const std::lock_guard lock(mutex);
    CHECK(said.find("has expired") != std::string::npos);
  }
  CHECK(ask("/x").status().code() == StatusCode::kPermissionDenied);
}

TEST_CASE_FIXTURE(Fixture, "a renewed certificate is used without a new start") {
  set_log_sink([](LogLevel, std::string_view) {});
  options.tls->refresh = milliseconds(0);
  REQUIRE(start().ok());
  CHECK(ask("/x").ok());
  const Path old = dir / "old.pem";
  std::filesystem::copy_file(certificate, old);
  const auto ask_trusting = [&](const Path& file) {
    HttpClient client({.user_agent = "", .ca_file = file.string()});
    HttpRequest request;
    request.url = url("/x");
    return client.fetch(request).ok();
  };
  // Half of a renewal: the old pair stays.
  REQUIRE(write_file_atomic(posix_file_system(), certificate, as_bytes("half")).ok());
  for (int i = 0; i < 3; ++i) CHECK(ask_trusting(old));
  write_certificate(certificate, key);
  bool renewed = false;
  for (int i = 0; i < 500 && !renewed; ++i) renewed = ask_trusting(certificate);
  CHECK(renewed);
  CHECK_FALSE(ask_trusting(old));
}

}  // namespace
}  // namespace hubdist
