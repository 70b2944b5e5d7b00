// Commits through the API, and what may go wrong with them.
#include <thread>
#include <vector>

#include "server/internal/commit_operations.h"
#include "server/internal/git_patterns.h"
#include "tests/server/hub_fixture.h"
#include <hubdist/server/lfs_rules.h>

namespace hubdist {
namespace {

using internal::CommitOperation;
using internal::GitIgnore;
using testing::file_line;
using testing::HubFixture;
using testing::RawClient;

struct Fixture : HubFixture {
  void begin() {
    start();
    create("m", ada);
  }
};

TEST_CASE_FIXTURE(Fixture, "a commit answers with its id") {
  begin();
  const std::string before = head("ada/m");
  const HttpReply made = commit("ada/m", file_line("a/b.txt", "hello"));
  CHECK(made.status == 200);
  const std::string after = head("ada/m");
  CHECK(after != before);
  CHECK(made.body.find(concat("\"commitOid\":\"", after, '"')) != std::string::npos);
  CHECK(ask("GET", "/ada/m/resolve/main/a/b.txt").body == "hello");
  // The same files again: the branch stays.
  CHECK(commit("ada/m", file_line("a/b.txt", "hello")).status == 200);
  CHECK(head("ada/m") == after);
}

TEST_CASE_FIXTURE(Fixture, "wrong commits change nothing") {
  begin();
  const std::string before = head("ada/m");
  const std::string header = R"({"key":"header","value":{"summary":"s","description":""}})";
  const std::string url = "/api/models/ada/m/commit/main";
  const std::string wrong[] = {
      "",
      "\n\n",
      "no json",
      "[]",
      R"({"key":"header"})",
      R"({"key":"header","value":{"summary":" ","description":""}})",
      R"({"key":"header","value":{"summary":"s","parentCommit":"zz"}})",
      R"({"key":"header","value":{"summary":"a\u0000b"}})",
      file_line("a.txt", "no header"),
      concat(header, '\n', header),
      concat(header, '\n', R"({"key":"file","value":{"path":"a.txt"}})"),
      concat(header, '\n',
             R"({"key":"file","value":{"path":"a","content":"x=","encoding":"base64"}})"),
      concat(header, '\n',
             R"({"key":"file","value":{"path":"a","content":"x","encoding":"rot13"}})"),
      concat(header, '\n', R"({"key":"lfsFile","value":{"path":"a","oid":"12"}})"),
      concat(header, '\n', R"({"key":"lfsFile","value":{"path":"a","algo":"md5","oid":"12"}})"),
      concat(header, '\n', R"({"key":"symlink","value":{"path":"a"}})"),
      concat(header, '\n', file_line("a", "file"), file_line("a/b", "folder")),
      concat(header, '\n', file_line(".gitattributes/b", "folder")),
  };
  for (const std::string& body : wrong) {
    CAPTURE(body);
    const HttpReply reply = ask("POST", url, body);
    CHECK(reply.status == 400);
    CHECK(reply.headers.get("X-Error-Message"));
  }
  CHECK(ask("POST", url + "/x", header).status == 404);
  CHECK(ask("POST", "/api/models/ada/m/commit/nowhere", header).status == 404);
  CHECK(ask("GET", url).status == 405);
  CHECK(head("ada/m") == before);
}

TEST_CASE_FIXTURE(Fixture, "paths that lead out of the repository are refused") {
  begin();
  const std::string before = head("ada/m");
  for (const char* path : {"", "/", "/etc/passwd", "..", "../x", "a/../../x", "a/..", "./a", "a//b",
                           "a/", ".git/config", "a/.GIT/hooks/x", "a\\\\b", "a\\u0000b"}) {
    CAPTURE(path);
    CHECK(commit("ada/m", file_line(path, "x")).status == 400);
    CHECK(commit("ada/m", testing::lfs_line(path, "x")).status == 400);
    CHECK(
        commit("ada/m", concat(R"({"key":"deletedFile","value":{"path":")", path, "\"}}")).status ==
        400);
  }
  std::string deep;
  for (int i = 0; i < 300; ++i) deep += "d/";
  CHECK(commit("ada/m", file_line(deep + "f", "x")).status == 400);
  CHECK(head("ada/m") == before);
  CHECK(commit("ada/m", file_line("..a/b..c/...", "x")).status == 200);
}

TEST_CASE_FIXTURE(Fixture, "a stale commit is refused before its contents are taken") {
  begin();
  const std::string old = head("ada/m");
  REQUIRE(commit("ada/m", file_line("a", "1")).status == 200);
  const std::string header = concat(
      R"({"key":"header","value":{"summary":"s","description":"","parentCommit":")", old, "\"}}\n");
  RawClient client(port());
  client.send(concat(
      "POST /api/models/ada/m/commit/main HTTP/1.1\r\nHost: h\r\nAuthorization: "
      "Bearer ",
      ada.reveal(), "\r\nContent-Length: 1000000\r\n\r\n", header, std::string(300'000, ' ')));
  CHECK(client.read_head().starts_with("HTTP/1.1 412"));
  CHECK(ask("GET", "/ada/m/resolve/main/a").body == "1");
}

TEST_CASE_FIXTURE(Fixture, "a file is at most 10 MiB in git") {
  begin();
  CHECK(commit("ada/m", file_line("fits", std::string(kMaxRegularFile, 'x'))).status == 200);
  const HttpReply big = commit("ada/m", file_line("big", std::string(kMaxRegularFile + 1, 'x')));
  CHECK(big.status == 400);
  CHECK(big.body.find("must be uploaded by LFS") != std::string::npos);
  CHECK(commit("ada/m", file_line("big", std::string(2 * kMaxRegularFile, 'x'))).status == 400);
}

TEST_CASE_FIXTURE(Fixture, "commits beyond the limit are told to come again") {
  options.max_commits = 1;
  begin();
  RawClient first(port());
  first.send(
      concat("POST /api/models/ada/m/commit/main HTTP/1.1\r\nHost: h\r\nAuthorization: "
             "Bearer ",
             ada.reveal(), "\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n"));
  REQUIRE(first.read_head().starts_with("HTTP/1.1 100"));
  CHECK(commit("ada/m", "").status == 503);
  first.send("no!");
  CHECK(first.read_head().starts_with("HTTP/1.1 400"));
}

TEST_CASE_FIXTURE(Fixture, "a full disk leaves the branch as it was") {
  set_log_sink([](LogLevel, std::string_view) {});
  begin();
  const std::string before = head("ada/m");
  std::string lines;
  for (int i = 0; i < 40; ++i) lines += file_line(concat("f", i), std::string(1000, 'a'));
  lines += file_line("other", std::string(5000, 'b'));
  for (const std::uint64_t room : {0, 500, 3000, 6100}) {
    fs.fill_after(room);
    const HttpReply full = commit("ada/m", lines);
    fs.make_room();
    CHECK(full.status == 507);
    CHECK(files(".tmp") == 0);
    CHECK(head("ada/m") == before);
  }
  CHECK(commit("ada/m", lines).status == 200);
  CHECK(ask("GET", "/ada/m/resolve/main/other").body == std::string(5000, 'b'));
}

TEST_CASE_FIXTURE(Fixture, "two servers on one folder lose nothing") {
  begin();
  auto second = HubServer::start({.root = temp / "root"});
  REQUIRE(second.ok());
  const std::string endpoints[] = {server->endpoint(), (*second)->endpoint()};
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i)
    threads.emplace_back([&, i] {
      HttpRequest request;
      request.method = "POST";
      request.url = endpoints[i % 2] + "/api/models/ada/m/commit/main";
      request.bearer = ada;
      request.body = concat(R"({"key":"header","value":{"summary":"s","description":""}})", '\n',
                            file_line(concat("f", i), "x"));
      const auto reply = http.fetch(request);
      CHECK((reply.ok() && reply->status == 200));
    });
  for (std::thread& thread : threads) thread.join();
  for (int i = 0; i < 8; ++i) CHECK(ask("GET", concat("/ada/m/resolve/main/f", i)).status == 200);
  CHECK(ask("GET", "/ada/m/resolve/main/f9").status == 404);
}

TEST_CASE_FIXTURE(Fixture, "preupload says which files are kept apart, ignored or there") {
  begin();
  REQUIRE(commit("ada/m", file_line("a.txt", "a")).status == 200);
  const HttpReply reply =
      ask("POST", "/api/models/ada/m/preupload/main",
          R"({"files":[{"path":"w.bin","size":3,"sample":""},{"path":"e.bin","size":0},)"
          R"({"path":"a.txt","size":1},{"path":"x/y.tmp","size":1}],"gitIgnore":"*.tmp\n"})");
  CHECK(reply.status == 200);
  CHECK(reply.body.find(R"({"path":"w.bin","uploadMode":"lfs","shouldIgnore":false})") !=
        std::string::npos);
  CHECK(reply.body.find(R"({"path":"e.bin","uploadMode":"regular")") != std::string::npos);
  CHECK(reply.body.find(
            concat(R"("path":"a.txt","uploadMode":"regular","shouldIgnore":false,"oid":")",
                   git_sha1(as_bytes("a")).hex())) != std::string::npos);
  CHECK(reply.body.find(R"({"path":"x/y.tmp","uploadMode":"regular","shouldIgnore":true})") !=
        std::string::npos);
  for (const char* wrong : {"", "{}", R"({"files":[1]})", R"({"files":[{"path":"a"}]})",
                            R"({"files":[{"path":"../a","size":1}]})"})
    CHECK(ask("POST", "/api/models/ada/m/preupload/main", wrong).status == 400);
}

RepoEntry entry(std::string path, GitMode mode = GitMode::kFile) {
  RepoEntry made;
  made.path = std::move(path);
  made.mode = mode;
  return made;
}

TEST_CASE("operations are applied in their order") {
  using Kind = CommitOperation::Kind;
  const RepoListing before(
      {entry("a/b"), entry("a/c"), entry("a-d"), entry("a0"), entry("run", GitMode::kExecutable)});
  const auto after = [&](std::vector<CommitOperation> operations) {
    std::string text;
    const auto files = internal::apply_operations(before, operations);
    if (!files.ok()) return std::string(message(files.status()));
    for (const RepoEntry& file : *files)
      text += concat(file.path, file.mode == GitMode::kExecutable ? "* " : " ");
    return text;
  };
  CHECK(after({}) == "a-d a/b a/c a0 run* ");
  CHECK(after({{Kind::kDeleteFolder, entry("a")}}) == "a-d a0 run* ");
  CHECK(after({{Kind::kDeleteFile, entry("a/b")}, {Kind::kPut, entry("a/b")}}) ==
        "a-d a/b a/c a0 run* ");
  CHECK(after({{Kind::kDeleteFolder, entry("a")}, {Kind::kPut, entry("a")}}) == "a a-d a0 run* ");
  CHECK(after({{Kind::kPut, entry("run")}}) == "a-d a/b a/c a0 run* ");  // it may still run
  CHECK(after({{Kind::kPut, entry("n/e/w")}}) == "a-d a/b a/c a0 n/e/w run* ");
  CHECK(after({{Kind::kPut, entry("a")}}).find("a file and the folder") != std::string::npos);
  CHECK(after({{Kind::kDeleteFile, entry("a")}}).find("doesn't exist") != std::string::npos);
  CHECK(after({{Kind::kDeleteFolder, entry("a-d")}}).find("doesn't exist") != std::string::npos);
}

TEST_CASE("gitignore") {
  const GitIgnore ignore = GitIgnore::parse(
      "# comment\n*.tmp\n!keep.tmp\n/top\nbuild/\ndoc/*.txt\n\n\\#hash\n**/deep/*.bin  \r\n");
  for (const char* path : {"a.tmp", "x/y.tmp", "top", "top/inside", "build/a", "x/build/b",
                           "doc/a.txt", "#hash", "a/b/deep/c.bin"})
    CHECK_MESSAGE(ignore.ignores(path), path);
  for (const char* path :
       {"keep.tmp", "x/top", "build", "doc/x/a.txt", "# comment", "deep.bin", "a"})
    CHECK_FALSE_MESSAGE(ignore.ignores(path), path);
}

std::string repeat(std::string_view text, std::size_t count) {
  std::string out;
  for (std::size_t i = 0; i < count; ++i) out += text;
  return out;
}

TEST_CASE_FIXTURE(Fixture, "the paths of a commit are bounded together") {
  begin();
  const std::string before = head("ada/m");
  const std::string line = concat(R"({"key":"deletedFile","value":{"path":")",
                                  repeat(std::string(199, 'p') + "/", 20), "x\"}}\n");
  const HttpReply many = commit("ada/m", repeat(line, 32 * kMiB / 4000));
  CHECK(many.status == 413);
  CHECK(many.body.find("make several commits of it") != std::string::npos);
  CHECK(head("ada/m") == before);
}

TEST_CASE("'**' crosses folders") {
  using internal::match_git_pattern;
  for (const auto& [pattern, path] :
       std::vector<std::pair<const char*, const char*>>{{"**/a", "a"},
                                                        {"**/a", "x/y/a"},
                                                        {"a/**", "a/b"},
                                                        {"a/**", "a/b/c"},
                                                        {"a/**/b", "a/b"},
                                                        {"a/**/b", "a/x/y/b"},
                                                        {"**/a/**/b", "a/a/x/b"},
                                                        {"a/**/b/c", "a/b/b/b/c"},
                                                        {"**/a/b/**/c/*", "x/a/a/b/c/c/d"},
                                                        {"/**/**/a", "x/a"},
                                                        {"**/a/**", "a/a"}})
    CHECK_MESSAGE(match_git_pattern(pattern, path), concat(pattern, ' ', path));
  for (const auto& [pattern, path] :
       std::vector<std::pair<const char*, const char*>>{{"**/a", "ba"},
                                                        {"**/a", "a/b"},
                                                        {"a/**", "a"},
                                                        {"a/**", "b/a/c"},
                                                        {"a/**/b", "a"},
                                                        {"a/**/b", "a/b/c"},
                                                        {"**/a/**/b", "a"},
                                                        {"**/a/**", "a"},
                                                        {"a/**/b/c", "a/b/x/c"}})
    CHECK_FALSE_MESSAGE(match_git_pattern(pattern, path), concat(pattern, ' ', path));
}

TEST_CASE("a pattern that fits in very many ways is done at once") {
  const GitIgnore ignore = GitIgnore::parse(repeat("**/a/", 12) + "b");
  CHECK_FALSE(ignore.ignores(repeat("a/", 250) + "c"));
  CHECK(ignore.ignores(repeat("a/", 250) + "b"));
}

TEST_CASE("rules beyond the limit are passed over") {
  CHECK(GitIgnore::parse(repeat("a\n", internal::kMaxIgnoreRules - 1) + "b\n").ignores("b"));
  CHECK_FALSE(GitIgnore::parse(repeat("a\n", internal::kMaxIgnoreRules) + "b\n").ignores("b"));
  const std::string line = "a filter=lfs\n";
  CHECK(LfsRules::parse(repeat(line, kMaxLfsRules - 1) + "b filter=lfs\n").is_lfs("b", 1));
  CHECK_FALSE(LfsRules::parse(repeat(line, kMaxLfsRules) + "b filter=lfs\n").is_lfs("b", 1));
}

TEST_CASE_FIXTURE(Fixture, "more files than rules allow are refused before they are matched") {
  begin();
  const auto preupload = [&](std::string_view path, const std::string& ignore) {
    return ask(
        "POST", "/api/models/ada/m/preupload/main",
        concat(R"({"files":[{"path":")", path, R"(","size":1}],"gitIgnore":")", ignore, "\"}"));
  };
  const std::string deep = repeat("abcdefg/", 120) + "b";
  CHECK(preupload(deep, "*.tmp").status == 200);
  const HttpReply many = preupload(deep, repeat("abcdefghi?\\n", 9000));
  CHECK(many.status == 413);
  CHECK(many.body.find("ask for fewer files at once") != std::string::npos);
  CHECK(preupload("short", repeat("abcdefghi?\\n", 9000)).status == 200);
  CHECK(preupload("a", std::string(kMiB + 1, 'x')).status == 413);
}

}  // namespace
}  // namespace hubdist
