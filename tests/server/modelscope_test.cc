// ModelScope's read API as its clients need it, to the letter.
#include "server/internal/modelscope.h"

#include "tests/server/hub_fixture.h"

namespace hubdist {
namespace {

using namespace testing;
using internal::find_cookie;
using internal::parse_modelscope_route;

const std::string kRepo = "/api/v1/models/ada/name";

struct Fixture : HubFixture {
  Fixture() {
    start();
    create("name", ada);
    const HttpReply done = commit("ada/name", file_line("a/one.txt", "1") + file_line("two", "22"));
    REQUIRE_MESSAGE(done.status == 200, done.body);
  }
  HttpReply get(std::string_view path, std::optional<Secret> who = Secret()) {
    return ask("GET", path, "", who);
  }
  HttpReply with_cookie(std::string_view path, const std::string& cookie) {
    HttpRequest request;
    request.url = server->endpoint() + std::string(path);
    request.headers.add("Cookie", cookie);
    auto reply = http.fetch(request);
    REQUIRE_MESSAGE(reply.ok(), message(reply.status()));
    return *std::move(reply);
  }
};

bool has(const HttpReply& reply, std::string_view text) {
  return reply.body.find(text) != std::string::npos;
}

TEST_CASE("which routes are ModelScope's") {
  const auto verb = [](std::string_view path) {
    const auto route = parse_modelscope_route(path);
    return route ? concat(plural(route->type), ' ', route->repo, ' ', route->verb) : "none";
  };
  CHECK(verb("/api/v1/models/a/b") == "models a/b ");
  CHECK(verb("/api/v1/datasets/a/b/repo/tree") == "datasets a/b repo/tree");
  CHECK(verb("/api/v1/models/a/b%2Ec/repo") == "models a/b.c repo");
  CHECK(verb("/api/v1/models/a/repo/repo/files/") == "models a/repo repo/files");
  for (const char* path : {"/api/v1/models/a", "/api/v1/models//b", "/api/v1/models/a//",
                           "/api/v1/spaces/a/b", "/api/v1/models/a/b/repo/other",
                           "/api/v1/models/a/b%2/repo", "/api/models/a/b", "/api/v1/"})
    CHECK(verb(path) == "none");
  // A '/' inside a name leads nowhere, since no repository has one.
  CHECK(verb("/api/v1/models/a/b%2Fc/repo") == "models a/b/c repo");
}

TEST_CASE("a cookie among others") {
  CHECK(find_cookie("m_session_id=abc", "m_session_id") == "abc");
  CHECK(find_cookie("x=1; m_session_id=\"a=b\" ;y", "m_session_id") == "a=b");
  for (const char* field : {"", ";;", "m_session_id", "xm_session_id=1", "m_session_idx=1", " ="})
    CHECK(find_cookie(field, "m_session_id").empty());
}

TEST_CASE_FIXTURE(Fixture, "a listing has names, sizes and hashes of files of both kinds") {
  const HttpReply all = get(kRepo + "/repo/files?Revision=master&Recursive=True");
  REQUIRE(all.status == 200);
  CHECK(has(all, R"({"Code":200,"Message":"success","RequestId":")" +
                     all.headers.get("X-Request-Id").value_or("") + R"(","Success":true)"));
  CHECK(has(all, R"("Name":"one.txt","Path":"a/one.txt","Type":"blob")"));
  CHECK(has(all, R"("Path":"a","Type":"tree")"));
  CHECK(has(all, R"("Size":2,"Sha256":")" + sha256(as_bytes("22")).hex()));
  CHECK(has(all, "\"TotalCount\":4"));
  const HttpReply top = get(kRepo + "/repo/files?Recursive=False");
  CHECK(has(top, "\"TotalCount\":3"));
  CHECK_FALSE(has(top, "one.txt"));
  CHECK(has(get(kRepo + "/repo/files?Root=%2Fa%2F"), "\"TotalCount\":1"));
  CHECK(has(get(kRepo + "/repo/files?Root=none"), R"("Files":[])"));
  CHECK(has(get(kRepo + "/repo/files?Root=two"), "\"TotalCount\":1"));
}

TEST_CASE_FIXTURE(Fixture, "a file's Revision is the commit that changed it last") {
  const std::string before = head("ada/name");
  CHECK(commit("ada/name", file_line("two", "23")).status == 200);
  const HttpReply all = get(kRepo + "/repo/files?Recursive=True");
  const auto revision_of = [&](std::string_view name) {
    const std::size_t at = all.body.find(concat("\"Path\":\"", name, '"'));
    constexpr std::string_view kMark = "\"Revision\":\"";
    return all.body.substr(all.body.find(kMark, at) + kMark.size(), 40);
  };
  CHECK(revision_of("a/one.txt") == before);
  CHECK(revision_of("two") == head("ada/name"));
  const HttpReply old = get(concat(kRepo, "/repo?FilePath=two&Revision=", before));
  CHECK(old.body == "22");
}

TEST_CASE_FIXTURE(Fixture, "pages end where the listing ends, whatever is asked") {
  const auto page = [&](std::string_view query) {
    const HttpReply reply = get(concat(kRepo, "/repo/tree?Recursive=True&", query));
    REQUIRE(reply.status == 200);
    std::size_t entries = 0;
    for (std::size_t at = 0; (at = reply.body.find("\"Path\"", at)) != std::string::npos; ++at)
      ++entries;
    return entries;
  };
  CHECK(page("PageNumber=1&PageSize=3") == 3);
  CHECK(page("PageNumber=2&PageSize=3") == 1);
  CHECK(page("PageNumber=3&PageSize=3") == 0);
  CHECK(page("PageNumber=1&PageSize=4") == 4);
  CHECK(page("PageNumber=2&PageSize=4") == 0);
  CHECK(page("PageNumber=0&PageSize=0") == 4);
  CHECK(page("PageNumber=-1&PageSize=x") == 4);
  CHECK(page("PageNumber=18446744073709551615&PageSize=18446744073709551615") == 0);
}

TEST_CASE_FIXTURE(Fixture, "a file comes whole or in part, with its SHA-256") {
  const HttpReply whole = get(kRepo + "/repo?Revision=main&FilePath=a%2Fone.txt");
  CHECK(whole.status == 200);
  CHECK(whole.body == "1");
  CHECK(whole.headers.get("X-Linked-Etag") == concat('"', sha256(as_bytes("1")).hex(), '"'));
  CHECK(whole.headers.get("X-Repo-Commit") == head("ada/name"));
  HttpRequest request;
  request.url = server->endpoint() + kRepo + "/repo?FilePath=two";
  request.headers.add("Range", "bytes=1-");
  const auto part = http.fetch(request);
  CHECK(part->status == 206);
  CHECK(part->headers.get("Content-Range") == "bytes 1-1/2");
  CHECK(get(kRepo + "/repo").status == 400);
  CHECK(get(kRepo + "/repo?FilePath=a").status == 404);
  CHECK(get(kRepo + "/repo?FilePath=..%2F..%2Fetc%2Fpasswd").status == 404);
}

TEST_CASE_FIXTURE(Fixture, "revisions: master among the branches, tags from the newest on") {
  CHECK(ask("POST", "/api/models/ada/name/tag/main", R"({"tag":"v1"})").status == 200);
  const HttpReply first = get(kRepo + "/revisions");
  CHECK(has(first, R"("Branches":[{"Revision":"master","CreatedAt":)"));
  CHECK(has(first, R"({"Revision":"main","CreatedAt":)"));
  CHECK(has(first, R"("Tags":[{"Revision":"v1","CreatedAt":)"));
  CHECK(ask("POST", "/api/models/ada/name/branch/master", "{}").status == 200);
  const HttpReply second = get(kRepo + "/revisions");
  CHECK(second.body.find("\"master\"") == second.body.rfind("\"master\""));
  const HttpReply history = get(kRepo + "/commits?Ref=v1&PageNumber=1&PageSize=1");
  CHECK(has(history, R"("Commit":[{"Id":")" + head("ada/name")));
  CHECK_FALSE(has(history, "TotalCount"));
  CHECK(has(get(kRepo + "/commits"), "\"TotalCount\":2"));
  CHECK(has(get(kRepo + "/commits?PageNumber=99999999999"), R"("Commit":[])"));
  CHECK(has(get(kRepo), R"("Id":"ada/name","Path":"ada","Name":"name","Type":1)"));
}

TEST_CASE_FIXTURE(Fixture, "errors come in ModelScope's form") {
  const auto check = [&](const HttpReply& reply, int status) {
    CHECK(reply.status == status);
    CHECK(has(reply, concat("{\"Code\":", status, ",\"Message\":\"")));
    CHECK(has(reply, concat("\"RequestId\":\"", *reply.headers.get("X-Request-Id"),
                            "\",\"Success\":false}")));
  };
  check(get("/api/v1/models/ada/none/repo/files"), 404);
  check(get(kRepo + "/repo/files?Revision=none"), 404);
  check(get(kRepo + "/repo?FilePath=none"), 404);
  check(get("/api/v1/nothing"), 404);
  check(ask("POST", "/api/v1/models", "{}"), 405);
  check(ask("DELETE", kRepo), 405);
  check(get(kRepo + "/revisions", Secret("wrong")), 401);
  check(get(kRepo + "/repo?FilePath=%zz"), 400);
  check(ask("POST", "/api/v1/login", "no json"), 400);
  CHECK(ask("PUT", "/api/models/ada/name/settings", R"({"private":true})").status == 200);
  for (const std::optional<Secret>& who : {std::optional(Secret()), std::optional(token("eve"))})
    for (const char* route : {"", "/repo/files", "/revisions", "/commits", "/repo?FilePath=two"})
      check(get(kRepo + route, who), 404);
  CHECK(get(kRepo + "/repo?FilePath=two", ada).body == "22");
  CHECK(ask("PUT", "/api/models/ada/name/settings", R"({"private":false,"gated":"auto"})").status ==
        200);
  CHECK(get(kRepo + "/revisions").status == 200);
  check(get(kRepo + "/repo/files"), 403);
  check(get(kRepo + "/repo?FilePath=two"), 403);
  check(get(kRepo + "/repo?FilePath=two", token("eve")), 403);
}

TEST_CASE_FIXTURE(Fixture, "a token is heeded as ModelScope's cookie, where nothing is written") {
  CHECK(ask("PUT", "/api/models/ada/name/settings", R"({"private":true})").status == 200);
  const std::string cookie = concat("a=b; m_session_id=", ada.reveal());
  CHECK(with_cookie(kRepo + "/repo?FilePath=two", cookie).body == "22");
  CHECK(with_cookie(kRepo + "/revisions", "m_session_id=wrong").status == 401);
  CHECK(with_cookie("/api/models/ada/name", cookie).status == 401);
  CHECK(with_cookie("/api/whoami-v2", cookie).status == 401);
}

TEST_CASE_FIXTURE(Fixture, "logging in tells who it is, and a wrong token that it is wrong") {
  const auto login = [&](std::string_view token) {
    return ask("POST", "/api/v1/login", concat(R"({"AccessToken":")", token, "\"}"), Secret());
  };
  const HttpReply right = login(ada.reveal());
  CHECK(right.status == 200);
  CHECK(has(right, R"("Username":"ada")"));
  CHECK(right.headers.get("Set-Cookie") ==
        concat("m_session_id=", ada.reveal(), "; Path=/; HttpOnly; SameSite=Strict"));
  CHECK(right.headers.get("Cache-Control") == "no-store");
  for (const char* token : {"", "wrong"}) {
    const HttpReply refused = login(token);
    CHECK(refused.status == 400);
    CHECK(has(refused, R"("Code":10010103009)"));
    CHECK_FALSE(refused.headers.get("Set-Cookie"));
  }
  const HttpReply me = get("/openapi/v1/users/me", ada);
  CHECK(has(me, R"("username":"ada")"));
  for (const Secret& wrong : {Secret(), Secret("wrong")}) {
    const HttpReply nobody = get("/openapi/v1/users/me", wrong);
    CHECK(nobody.status == 401);
    CHECK(has(nobody, R"("code":"InvalidAuthentication")"));
  }
}

TEST_CASE_FIXTURE(Fixture, "nobody is sent elsewhere for speed") {
  const HttpReply info = get("/api/v1/repos/internalAccelerationInfo");
  CHECK(has(info, R"("Data":{"InternalRegionQueryAddress":""})"));
}

}  // namespace
}  // namespace hubdist
