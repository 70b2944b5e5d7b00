#include <filesystem>

#include <doctest/doctest.h>

#include "tests/support/fault_file_system.h"
#include "tests/support/raw_client.h"
#include "tests/support/temp_dir.h"
#include <hubdist/base/log.h>
#include <hubdist/core/hash.h>
#include <hubdist/io/http_client.h>
#include <hubdist/server/hub_server.h>

namespace hubdist {
namespace {

const std::string kWeights = [] {
  std::string text(300'000, '\0');
  for (std::size_t i = 0; i < text.size(); ++i) text[i] = static_cast<char>(i * 31 + i / 255);
  return text;
}();

struct Fixture {
  testing::TempDir temp;
  std::unique_ptr<HubServer> server;
  HttpClient http;
  RepoId repo = *RepoId::parse(RepoType::kModel, "org/model");
  std::string commit;

  Fixture() {
    auto started = HubServer::start({.root = temp / "root"});
    REQUIRE_MESSAGE(started.ok(), message(started.status()));
    server = *std::move(started);
    write("config.json", "{}\n");
    write("model.safetensors", kWeights);
    write("文 件/a \"b\".txt", "x");
    commit = add();
  }
  void write(const Path& path, std::string_view content) {
    const Path file = temp / "folder" / path;
    std::filesystem::create_directories(file.parent_path());
    REQUIRE(write_file_atomic(posix_file_system(), file, as_bytes(content)).ok());
  }
  std::string add(AddFolderOptions options = {}) {
    const auto added = server->add(temp / "folder", repo, options);
    REQUIRE_MESSAGE(added.ok(), message(added.status()));
    return added->commit.hex();
  }
  HttpReply ask(std::string_view path, HttpHeaders headers = {}, std::string method = "GET",
                std::string body = "", Secret token = {}) {
    HttpRequest request;
    request.method = std::move(method);
    request.url = concat(server->endpoint(), path);
    request.headers = std::move(headers);
    request.body = std::move(body);
    request.bearer = std::move(token);
    auto reply = http.fetch(request);
    REQUIRE_MESSAGE(reply.ok(), message(reply.status()));
    return *std::move(reply);
  }
};

std::string field(const HttpReply& reply, std::string_view name) {
  return reply.headers.get(name).value_or("(none)");
}

const std::string_view kFile = "/org/model/resolve/main/model.safetensors";

TEST_CASE_FIXTURE(Fixture, "a file's answer says all that clients ask for") {
  const std::string sha = sha256(as_bytes(kWeights)).hex();
  const HttpReply reply = ask(kFile);
  CHECK(reply.status == 200);
  CHECK(reply.body == kWeights);
  CHECK(field(reply, "X-Repo-Commit") == commit);
  CHECK(field(reply, "ETag") == concat('"', sha, '"'));
  CHECK(field(reply, "X-Linked-Etag") == concat('"', sha, '"'));
  CHECK(field(reply, "X-Linked-Size") == "300000");
  CHECK(field(reply, "Accept-Ranges") == "bytes");
  CHECK(field(reply, "X-Request-Id").size() == 32);
  CHECK(field(reply, "X-Content-Type-Options") == "nosniff");
  CHECK(field(reply, "Content-Security-Policy") == "default-src 'none'; sandbox");
  const HttpReply head = ask(kFile, {}, "HEAD");
  CHECK(head.content_length() == 300'000);
  CHECK(head.body.empty());
  const HttpReply config = ask("/org/model/resolve/main/config.json");
  CHECK(field(config, "ETag") == concat('"', git_sha1(as_bytes("{}\n")).hex(), '"'));
  CHECK(field(config, "X-Linked-Etag") == "(none)");
}

TEST_CASE_FIXTURE(Fixture, "ranges and conditions") {
  const std::string etag = field(ask(kFile, {}, "HEAD"), "ETag");
  const auto status = [&](HttpHeaders headers) { return ask(kFile, std::move(headers)).status; };
  const HttpReply part = ask(kFile, {{"Range", "bytes=100-199"}});
  CHECK(part.status == 206);
  CHECK(part.body == kWeights.substr(100, 100));
  CHECK(field(part, "Content-Range") == "bytes 100-199/300000");
  CHECK(field(part, "X-Repo-Commit") == commit);
  const HttpReply tail = ask(kFile, {{"Range", "bytes=-7"}});
  CHECK(tail.body == kWeights.substr(kWeights.size() - 7));
  const HttpReply beyond = ask(kFile, {{"Range", "bytes=300000-"}});
  CHECK(beyond.status == 416);
  CHECK(field(beyond, "Content-Range") == "bytes */300000");
  CHECK(beyond.body.empty());
  CHECK(ask(kFile, {{"Range", "bytes=0-1,5-6"}}).body == kWeights);
  CHECK(ask(kFile, {{"Range", "bytes=5-6"}, {"If-Range", etag}}).status == 206);
  CHECK(ask(kFile, {{"Range", "bytes=5-6"}, {"If-Range", "\"other\""}}).body == kWeights);
  CHECK(status({{"If-None-Match", etag}}) == 304);
  CHECK(status({{"If-None-Match", "\"other\""}}) == 200);
  CHECK(status({{"If-Match", "\"other\""}}) == 412);
  CHECK(status({{"If-Match", etag}}) == 200);
}

TEST_CASE_FIXTURE(Fixture, "names come as they are") {
  const std::string path = percent_encode("文 件/a \"b\".txt", "/");
  const HttpReply reply = ask(concat("/org/model/resolve/main/", path));
  CHECK(reply.body == "x");
  CHECK(field(reply, "Content-Disposition") ==
        "inline; filename*=UTF-8''a%20%22b%22.txt; filename=\"a _b_.txt\";");
  CHECK(ask("/org/model/resolve/main/%E6%96%87%20%E4%BB%B6%2Fa%20%22b%22.txt").body == "x");
}

TEST_CASE_FIXTURE(Fixture, "raw gives what git holds") {
  CHECK(ask("/org/model/raw/main/config.json").body == "{}\n");
  CHECK(ask("/org/model/raw/main/model.safetensors").body ==
        lfs_pointer(sha256(as_bytes(kWeights)), kWeights.size()));
}

TEST_CASE_FIXTURE(Fixture, "errors say what is missing") {
  struct Case {
    std::string_view path;
    int status;
    std::string_view code;
  };
  const Case cases[] = {
      {"/org/model/resolve/main/no", 404, "EntryNotFound"},
      {"/org/model/resolve/main/", 404, "EntryNotFound"},
      {"/org/model/resolve/main/%E6%96%87%20%E4%BB%B6", 404, "EntryNotFound"},
      {"/org/model/resolve/main/%2e%2e/%2e%2e/%2e%2e/etc/passwd", 404, "EntryNotFound"},
      {"/org/model/resolve/main/%ff%00", 404, "EntryNotFound"},
      {"/org/model/resolve/nope/config.json", 404, "RevisionNotFound"},
      {"/org/model/resolve/refs%2Fpr%2F1/config.json", 404, "RevisionNotFound"},
      {"/org/model/resolve/..%2F..%2Fx/config.json", 404, "RevisionNotFound"},
      {"/org/other/resolve/main/config.json", 401, "RepoNotFound"},
      {"/..%2f..%2fetc/model/resolve/main/passwd", 401, "RepoNotFound"},
      {"/api/models/org/other", 401, "RepoNotFound"},
      {"/api/datasets/org/model", 401, "RepoNotFound"},
      {"/api/models/org/model/revision/nope", 404, "RevisionNotFound"},
      {"/api/models/org/model/tree/main/config.json", 404, "EntryNotFound"},
      {"/api/models/org/model/tree/main/no", 404, "EntryNotFound"},
      {"/api/agent-harnesses", 404, "(none)"},
      {"/", 404, "(none)"},
      {"/api/whoami-v2", 401, "(none)"},
      {"/api/models/org/model/tree/main?cursor=%4", 400, "(none)"},
  };
  for (const Case& wrong : cases) {
    CAPTURE(wrong.path);
    const HttpReply reply = ask(wrong.path);
    CHECK(reply.status == wrong.status);
    CHECK(field(reply, "X-Error-Code") == wrong.code);
    CHECK(field(reply, "X-Error-Message") != "(none)");
    CHECK(reply.body.starts_with("{\"error\":\""));
  }
  CHECK(field(ask("/org/model/resolve/main/no"), "X-Repo-Commit") == commit);
  CHECK(ask("/org/model/resolve/main/config.json", {}, "DELETE").status == 405);
  CHECK(ask("/api/models/org/model/paths-info/main").status == 405);
}

TEST_CASE_FIXTURE(Fixture, "dots in a raw target reach nothing") {
  testing::RawClient client(static_cast<std::uint16_t>(
      std::stoi(server->address().substr(server->address().rfind(':') + 1))));
  for (const char* target : {"/../../../etc/passwd", "/org/model/resolve/main/../../../../../repos",
                             "/org/model/resolve/main/./config.json", "//etc/passwd", "*"}) {
    client.send(concat("GET ", target, " HTTP/1.1\r\nHost: x\r\n\r\n"));
    CHECK(client.read_answer().substr(9, 2) == "40");
  }
}

TEST_CASE_FIXTURE(Fixture, "paths-info takes forms and JSON") {
  const std::string url = "/api/models/org/model/paths-info/main";
  const HttpReply form = ask(url, {{"Content-Type", "application/x-www-form-urlencoded"}}, "POST",
                             "paths=config.json&paths=no&paths=%E6%96%87+%E4%BB%B6&expand=False");
  CHECK(form.status == 200);
  CHECK(form.body.find("\"path\":\"config.json\"") != std::string::npos);
  CHECK(form.body.find("\"type\":\"directory\"") != std::string::npos);
  CHECK(form.body.find("lastCommit") == std::string::npos);
  const HttpReply json = ask(url, {{"Content-Type", "application/json"}}, "POST",
                             R"({"paths":["config.json"],"expand":true})");
  CHECK(json.body.find(concat("\"lastCommit\":{\"id\":\"", commit)) != std::string::npos);
  std::string many;
  for (int i = 0; i < 20'000; ++i) many += "paths=a&";
  const HttpHeaders as_form{{"Content-Type", "application/x-www-form-urlencoded"}};
  CHECK(ask(url, as_form, "POST", many).status == 200);
  CHECK(ask(url, as_form, "POST", many + "paths=a").status == 413);
  for (const char* wrong : {"", "{", "[]", R"({"paths":1})", R"({"paths":[1]})"})
    CHECK(ask(url, {{"Content-Type", "application/json"}}, "POST", wrong).status == 400);
}

TEST_CASE_FIXTURE(Fixture, "a squash takes the messages that commits take") {
  const Secret token = *server->add_token("org-admin", {.may_write = true});
  REQUIRE(ask("/api/repos/create", {}, "POST", R"({"name":"m"})", token).status == 200);
  const auto squash = [&](const std::string& text) {
    return ask("/api/models/org-admin/m/super-squash/main", {}, "POST",
               concat(R"({"message":")", text, "\"}"), token)
        .status;
  };
  CHECK(squash(std::string(65'537, 'x')) == 400);
  CHECK(squash("a\\u0000b") == 400);
  CHECK(squash(std::string(65'536, 'x')) == 200);
}

TEST_CASE_FIXTURE(Fixture, "a private repository answers like a missing one, byte for byte") {
  AddFolderOptions options;
  options.is_private = true;
  repo = *RepoId::parse(RepoType::kModel, "ada/secret");
  add(options);
  const auto eve = server->add_token("eve");
  const auto ada = server->add_token("ada");
  REQUIRE(eve.ok());
  for (const Secret& token : {Secret(), *eve})
    for (const char* rest : {"", "/tree/main", "/refs", "/commits/main", "/revision/main"}) {
      const HttpReply secret = ask(concat("/api/models/ada/secret", rest), {}, "GET", "", token);
      const HttpReply absent = ask(concat("/api/models/ada/absent", rest), {}, "GET", "", token);
      CHECK(secret.status == (token.empty() ? 401 : 404));
      CHECK(secret.status == absent.status);
      CHECK(secret.body == absent.body);
      CHECK(field(secret, "X-Error-Message") == field(absent, "X-Error-Message"));
    }
  CHECK(ask("/api/models/ada/secret", {}, "GET", "", *ada).status == 200);
}

TEST_CASE_FIXTURE(Fixture, "credentials that are wrong are refused, also for what is public") {
  for (const char* value : {"Bearer", "Bearer ", "Bearer wrong", "Basic YTpi", "wrong"}) {
    const HttpReply reply = ask("/api/models/org/model", {{"Authorization", value}});
    CHECK(reply.status == 401);
    CHECK(field(reply, "X-Error-Message") == "Invalid credentials in Authorization header");
    CHECK(field(reply, "X-Error-Code") == "(none)");
  }
  const auto token = server->add_token("bob");
  const std::string value = concat("bearer ", token->reveal());
  CHECK(ask("/api/models/org/model", {{"Authorization", value}}).status == 200);
}

TEST_CASE_FIXTURE(Fixture, "the access log holds no secret") {
  std::string lines;
  std::mutex mutex;
  set_log_level(LogLevel::kInfo);
  set_log_sink([&](LogLevel, std::string_view line) {
    const std::lock_guard lock(mutex);
    lines.append(line).append("\n");
  });
  const auto token = server->add_token("bob");
  ask("/api/models/org/model?secret=in-the-query", {}, "GET", "", *token);
  server->stop();
  set_log_sink({});
  set_log_level(LogLevel::kWarning);
  CHECK(lines.find("GET /api/models/org/model 200") != std::string::npos);
  CHECK(lines.find(token->reveal()) == std::string::npos);
  CHECK(lines.find("in-the-query") == std::string::npos);
}

TEST_CASE_FIXTURE(Fixture, "health, metrics and the access log") {
  CHECK(ask("/health").body == R"({"status":"ok"})");
  CHECK(ask("/metrics").status == 404);  // unless it is wanted
  std::string lines;
  std::mutex mutex;
  HubServerOptions options{.root = temp / "root"};
  options.metrics = true;
  options.access_log = [&](std::string_view line) {
    const std::lock_guard lock(mutex);
    lines.append(line).append("\n");
  };
  server = *HubServer::start(std::move(options));
  ask("/api/models/org/model?secret=in-the-query");
  ask("/api/models/org/model", {}, "BREW");
  ask(kFile);
  const HttpReply metrics = ask("/metrics");
  CHECK(field(metrics, "Content-Type") == "text/plain; version=0.0.4; charset=utf-8");
  for (const char* line :
       {"hubdist_requests_total{method=\"GET\",status=\"200\"} 2\n",
        "hubdist_requests_total{method=\"other\",status=\"405\"} 1\n",
        "hubdist_uploads_under_way 0\n", "hubdist_refused_total{what=\"commits\"} 0\n",
        "hubdist_request_seconds_count 3\n", "hubdist_request_seconds_bucket{le=\"+Inf\"} 3\n"})
    CHECK_MESSAGE(metrics.body.find(line) != std::string::npos, metrics.body);
  server->stop();
  CHECK(lines.find(R"("method":"GET","path":"/api/models/org/model","status":200)") !=
        std::string::npos);
  CHECK(lines.find("in-the-query") == std::string::npos);
}

TEST_CASE_FIXTURE(Fixture, "a hub whose store does not answer is not well") {
  set_log_sink([](LogLevel, std::string_view) {});
  testing::FaultFileSystem fs;
  HubServerOptions options{.root = temp / "root"};
  options.file_system = &fs;
  server = *HubServer::start(std::move(options));
  CHECK(ask("/health").status == 200);
  fs.fail("list", EIO, 1, fs.kAlways);
  CHECK(ask("/health").status == 503);
  server = nullptr;
  set_log_sink({});
}

TEST_CASE("where a hub may listen") {
  const testing::TempDir temp;
  HubServerOptions options{.root = temp / "root", .listen = "0.0.0.0:0"};
  CHECK(HubServer::start(options).status().code() == StatusCode::kFailedPrecondition);
  set_log_sink([](LogLevel, std::string_view) {});
  options.allow_insecure = true;
  CHECK(HubServer::start(options).ok());
  set_log_sink({});
  for (const char* url : {"hub.example.org", "https://", "https://a/b", "https://u@h", "ftp://h"}) {
    options.public_url = url;
    CHECK(HubServer::start(options).status().code() == StatusCode::kInvalidArgument);
  }
}

TEST_CASE_FIXTURE(Fixture, "pages link to the next by the public URL") {
  for (int i = 0; i < 5; ++i) write(concat("f", i), "x");
  add();
  const HttpReply page = ask("/api/models/org/model/tree/main?recursive=true&limit=3");
  CHECK(field(page, "Link").starts_with(concat('<', server->endpoint(), "/api/models/org/")));
  HubServerOptions options{.root = temp / "root"};
  options.public_url = "https://hub.example.org";
  server = *HubServer::start(options);
  const HttpReply again = ask("/api/models/org/model/tree/main?limit=3");
  CHECK(field(again, "Link").starts_with("<https://hub.example.org/api/models/org/model/tree/"));
}

TEST_CASE_FIXTURE(Fixture, "repositories are listed in pages, with and without an order") {
  for (const char* name : {"org/b", "org/a", "org-2/c", "other"}) {
    repo = *RepoId::parse(RepoType::kModel, name);
    add();
  }
  for (const std::string_view order : {"", "&sort=createdAt", "&sort=lastModified"}) {
    std::string all;
    std::string next = concat("/api/models?limit=2", order);
    int pages = 0;
    for (; !next.empty(); ++pages) {
      const HttpReply page = ask(next);
      REQUIRE(page.status == 200);
      all += page.body;
      const auto link = page.headers.get("Link");
      next = link ? link_target(*link, "next")->substr(server->endpoint().size()) : "";
    }
    CHECK(pages == 3);
    for (const char* name : {"org/b", "org/a", "org-2/c", "other", "org/model"})
      CHECK(all.find(concat("\"id\":\"", name, '"')) != std::string::npos);
  }
}

TEST_CASE_FIXTURE(Fixture, "a content that is gone is the hub's fault, and said in its log alone") {
  std::string lines;
  set_log_sink([&](LogLevel, std::string_view line) { lines.append(line); });
  std::filesystem::remove_all(temp / "root" / "blobs");
  const HttpReply reply = ask(kFile);
  server->stop();
  set_log_sink({});
  CHECK(reply.status == 500);
  CHECK(reply.body.find("blobs") == std::string::npos);
  CHECK(lines.find("model.safetensors") != std::string::npos);
}

}  // namespace
}  // namespace hubdist
