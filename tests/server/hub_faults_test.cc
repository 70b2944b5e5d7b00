// Disks and clients that fail at any point, and names and sizes at the edges.
#include <thread>

#include "tests/server/hub_fixture.h"
#include "tests/support/memory_file_system.h"
#include <hubdist/server/fsck.h>

namespace hubdist {
namespace {

using testing::file_line;
using testing::HubFixture;
using testing::lfs_line;
using testing::MemoryFileSystem;
using testing::RawClient;

struct Disk {
  MemoryFileSystem memory;
};

struct Fixture : Disk, HubFixture {
  std::unique_ptr<ObjectStore> store;

  Fixture() : HubFixture(memory) {
    set_log_sink([](LogLevel, std::string_view) {});
    options.root = "/hub";
    start();
    create("m", ada);
    store = *open_folder_store(memory, options.root);
  }
  // Every reference leads to something whole, and nothing half is left.
  void check_whole() {
    std::string problems;
    const auto found =
        check_hub(*store, {}, [&](std::string_view problem) { problems += concat(problem, '\n'); });
    CHECK(found.ok());
    CHECK_MESSAGE(problems.empty(), problems);
  }
  std::size_t temporaries() { return memory.list("/hub/.tmp")->size(); }
  std::string read(std::string_view path) {
    return ask("GET", concat("/ada/m/resolve/main/", path)).body;
  }
  std::string post_head(std::size_t length) {
    return concat(
        "POST /api/models/ada/m/commit/main HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer ",
        ada.reveal(), "\r\nContent-Length: ", length, "\r\n\r\n");
  }
};

const std::string kHeader = R"({"key":"header","value":{"summary":"s","description":""}})"
                            "\n";

// The first line of what a request with that head gets before any of its body is sent.
std::string status_before_body(RawClient& client, std::string_view path, std::string_view fields) {
  client.send(
      concat("POST ", path, " HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n", fields, "\r\n"));
  return client.read_head().substr(0, 12);
}

TEST_CASE_FIXTURE(Fixture, "what needs a token shows it before a long body is read") {
  const std::string long_body = "Content-Length: 5000000\r\n";
  const std::string wrong = "Authorization: Bearer wrong\r\n";
  const std::string right = concat("Authorization: Bearer ", ada.reveal(), "\r\n");
  const auto status = [&](std::string_view path, const std::string& fields) {
    RawClient client(port());
    return status_before_body(client, path, fields);
  };
  CHECK(status("/api/models/ada/m/preupload/main", long_body) == "HTTP/1.1 401");
  CHECK(status("/api/models/ada/m/preupload/main", long_body + wrong) == "HTTP/1.1 401");
  CHECK(status("/api/models/ada/m/preupload/main", long_body + right) == "HTTP/1.1 100");
  CHECK(status("/api/models/ada/m/paths-info/main", long_body + wrong) == "HTTP/1.1 401");
  CHECK(status("/api/models/ada/m/paths-info/main", long_body) == "HTTP/1.1 100");
  const std::string batch = "/ada/m.git/info/lfs/objects/batch";
  CHECK(status(batch, "Content-Length: 500000\r\n") == "HTTP/1.1 100");
  CHECK(status(batch, "Content-Length: 500000\r\n" + wrong) == "HTTP/1.1 401");
  for (const char* path : {"/api/repos/create", "/api/v1/login", "/api/nothing", "/ada/x"})
    CHECK_MESSAGE(status(path, "Content-Length: 65537\r\n") == "HTTP/1.1 413", path);
  CHECK(status("/api/validate-yaml", "Content-Length: 1048576\r\n") == "HTTP/1.1 100");
  CHECK(status("/api/validate-yaml", "Content-Length: 1048577\r\n") == "HTTP/1.1 413");
  CHECK(status("/api/lfs/x/y", "Content-Length: 1048576\r\n") == "HTTP/1.1 403");
}

TEST_CASE_FIXTURE(Fixture, "long bodies have room for so many bytes together") {
  const std::string path = "/api/models/ada/m/paths-info/main";
  const std::string fields = "Transfer-Encoding: chunked\r\n";
  std::vector<std::unique_ptr<RawClient>> clients;
  for (int i = 0; i < 8; ++i) {
    clients.push_back(std::make_unique<RawClient>(port()));
    REQUIRE(status_before_body(*clients.back(), path, fields) == "HTTP/1.1 100");
  }
  RawClient beyond(port());
  beyond.send(concat("POST ", path, " HTTP/1.1\r\nHost: h\r\n", fields, "\r\n"));
  const std::string refusal = beyond.read_head();
  CHECK(refusal.starts_with("HTTP/1.1 503"));
  CHECK(refusal.find("Retry-After: 1\r\n") != std::string::npos);
  // Whoever shows a token has a room of their own, and a short body needs none.
  RawClient known(port());
  CHECK(status_before_body(known, path,
                           concat(fields, "Authorization: Bearer ", ada.reveal(), "\r\n")) ==
        "HTTP/1.1 100");
  CHECK(ask("POST", path, R"({"paths":["x"]})", Secret()).status == 200);
  clients.clear();
  const std::string large = concat(R"({"paths":["x"],"more":")", std::string(kMiB, 'x'), "\"}");
  long status = 503;
  for (int i = 0; i < 1000 && status == 503; ++i) {
    status = ask("POST", path, large, Secret()).status;
    if (status == 503) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  CHECK(status == 200);
}

TEST_CASE_FIXTURE(Fixture, "a disk that is full at any byte of a commit") {
  std::uint64_t room = 0;
  for (;; ++room) {
    const std::string before = head("ada/m");
    const std::string lines =
        file_line("a/b", concat("content ", room)) + file_line("c", std::string(100, 'c'));
    fs.fill_after(room);
    const HttpReply reply = commit("ada/m", lines);
    fs.make_room();
    CHECK(temporaries() == 0);
    if (reply.status == 200) break;
    REQUIRE(reply.status == 507);
    REQUIRE(head("ada/m") == before);
    check_whole();
  }
  CHECK(room > 500);
  CHECK(read("a/b") == concat("content ", room));
}

TEST_CASE_FIXTURE(Fixture, "a disk that is full at any byte of an upload") {
  std::uint64_t room = 0;
  for (;; ++room) {
    const std::string content = concat("a large content ", room);
    const std::string to = link("ada/m", content, "upload");
    fs.fill_after(room);
    const HttpReply reply = put(to, content);
    fs.make_room();
    CHECK(temporaries() == 0);
    if (reply.status == 200) break;
    REQUIRE(reply.status == 507);
    REQUIRE(commit("ada/m", lfs_line("w", content)).status == 400);
    check_whole();
  }
  CHECK(room > 15);
}

// Whatever fails, the hub says that it failed, stays whole, and does the same request a second
// time.
TEST_CASE_FIXTURE(Fixture, "any call of the disk may fail") {
  struct Request {
    std::string_view method;
    std::string path;
    std::string body;
    int done_already;  // the answer when the first try did it after all
  };
  const auto request_of = [&](int kind, int number) -> Request {
    const std::string text = std::to_string(number);
    switch (kind) {
      case 0:
        return {"POST", "/api/models/ada/m/commit/main", kHeader + file_line("a/b", text), 200};
      case 1:
        return {"POST", "/api/repos/create", concat(R"({"name":"n)", text, "\"}"), 409};
      case 2:
        return {"POST", concat("/api/models/ada/m/branch/b", text), "", 409};
      default:
        return {"POST", "/api/models/ada/m/super-squash/main", "{}", 200};
    }
  };
  for (int kind = 0; kind < 4; ++kind)
    for (int kth = 1;; ++kth) {
      CAPTURE(kind);
      CAPTURE(kth);
      const Request request = request_of(kind, 1000 * kind + kth);
      fs.reset();
      fs.fail("", EIO, kth);
      ask(request.method, request.path, request.body);
      const bool struck = fs.operations().size() >= static_cast<std::size_t>(kth);
      fs.reset();
      const int again = static_cast<int>(ask(request.method, request.path, request.body).status);
      CHECK_MESSAGE((again == 200 || again == request.done_already), again);
      check_whole();
      if (!struck) break;
      REQUIRE(kth < 500);
    }
}

TEST_CASE_FIXTURE(Fixture, "a commit's body that is shorter or longer than announced") {
  const std::string before = head("ada/m");
  const std::string body = kHeader + file_line("a", "text");
  for (std::size_t sent = 0; sent < body.size(); sent += 7) {
    RawClient client(port());
    client.send(post_head(body.size()) + body.substr(0, sent));
    client.finish_sending();
    CHECK(client.read_to_end().find(" 200 ") == std::string::npos);
  }
  CHECK(head("ada/m") == before);
  // What comes after the announced end is another request, and none.
  RawClient client(port());
  client.send(post_head(body.size()) + body + "more\r\n\r\n");
  CHECK(client.read_answer().starts_with("HTTP/1.1 200"));
  CHECK(client.read_answer().starts_with("HTTP/1.1 400"));
  CHECK(read("a") == "text");
  check_whole();
}

TEST_CASE_FIXTURE(Fixture, "files of no bytes") {
  REQUIRE(put(link("ada/m", "", "upload"), "").status == 200);
  REQUIRE(commit("ada/m", lfs_line("by-lfs", "") + file_line("in-git", "")).status == 200);
  for (const char* path : {"by-lfs", "in-git"}) {
    const HttpReply reply = ask("GET", concat("/ada/m/resolve/main/", path));
    CHECK(reply.status == 200);
    CHECK(reply.body.empty());
    CHECK(reply.headers.get("Content-Length") == "0");
  }
  check_whole();
}

TEST_CASE_FIXTURE(Fixture, "names in any script") {
  const std::string names[] = {"文件夹/名.txt", "ملف/نص.txt", "קובץ",
                               "हिन्दी/फ़ाइल",    "ไฟล์",        "파일",
                               "файл",          "αρχείο",     "😀/🏳️‍🌈.bin",
                               "e\u0301",       "\u00e9",     "a b/c%20d+e&f=g?h#i",
                               "'\u2028'",      "~a/-b/_c",   std::string(250, 'n')};
  std::string lines;
  for (const std::string& name : names) lines += file_line(name, name);
  REQUIRE(commit("ada/m", lines).status == 200);
  for (const std::string& name : names) CHECK(read(percent_encode(name)) == name);
  const HttpReply tree = ask("GET", "/api/models/ada/m/tree/main?recursive=true");
  for (const std::string& name : names)
    CHECK_MESSAGE(tree.body.find(concat("\"path\":\"", name, '"')) != std::string::npos, name);
  check_whole();
}

// Of two that want the same at two servers, one gets it.
TEST_CASE_FIXTURE(Fixture, "two servers on one folder agree") {
  HubServerOptions other = options;
  other.file_system = &memory;
  const auto second = HubServer::start(other);
  REQUIRE(second.ok());
  const std::string endpoints[] = {server->endpoint(), (*second)->endpoint()};
  // How many of eight requests, four at each server, were answered 200.
  const auto winners = [&](const std::string& path, const std::function<std::string(int)>& body) {
    std::atomic<int> count = 0;
    std::vector<std::thread> threads;
    for (int i = 0; i < 8; ++i)
      threads.emplace_back([&, i] {
        HttpRequest request;
        request.method = "POST";
        request.url = endpoints[i % 2] + path;
        request.bearer = ada;
        request.headers.add("Content-Type", "application/json");
        request.body = body(i);
        const auto reply = http.fetch(request);
        if (reply.ok() && reply->status == 200) ++count;
      });
    for (std::thread& thread : threads) thread.join();
    return count.load();
  };
  CHECK(winners("/api/repos/create", [](int) { return R"({"name":"n"})"; }) == 1);
  CHECK(winners("/api/models/ada/m/branch/b", [](int) { return ""; }) == 1);
  const std::string parent =
      concat(R"({"key":"header","value":{"summary":"s","description":"","parentCommit":")",
             head("ada/m"), "\"}}\n");
  CHECK(winners("/api/models/ada/m/commit/main",
                [&](int i) { return parent + file_line("a", std::to_string(i)); }) == 1);
  CHECK(winners("/api/models/ada/m/commit/main",
                [&](int i) { return kHeader + file_line(concat("f", i), "same"); }) == 8);
  const HttpReply commits = ask("GET", "/api/models/ada/m/commits/main");
  std::size_t count = 0;
  for (std::size_t at = 0; (at = commits.body.find("\"id\":", at)) != std::string::npos; ++at)
    ++count;
  CHECK(count == 10);  // the first one, one of eight, and eight
  check_whole();
}

}  // namespace
}  // namespace hubdist
