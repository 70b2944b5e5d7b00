#include <doctest/doctest.h>

#include "tests/support/fault_server.h"
#include <hubdist/backend/modelscope_backend.h>
#include <hubdist/core/hash.h>

namespace hubdist {
namespace {

using namespace testing;

const std::string kCommit(40, 'c');
const std::string kApi = "/api/v1/models/org/name/";
const std::string kSha(64, 'a');

std::string entry(std::string_view path, std::string_view more = R"(,"Size":1)") {
  return concat(R"({"Type":"blob","Path":")", path, '"', more, R"(,"Sha256":")", kSha, "\"}");
}
std::string folder(std::string_view path) {
  return concat(R"({"Type":"tree","Path":")", path, R"("})");
}
std::string listing(std::string_view entries, std::string_view more = "") {
  return concat(R"({"Code":200,"Success":true,"Data":{"Files":[)", entries, "]}", more, "}");
}

FaultScript choose(std::function<FaultScript(const SeenRequest&)> script) {
  return [script = std::move(script)](const SeenRequest& request, FaultConnection& connection) {
    script(request)(request, connection);
  };
}

struct Fixture {
  FaultHttpServer hub;
  std::shared_ptr<HttpClient> client = std::make_shared<HttpClient>();

  Fixture() {
    hub.on("*", answer(404, {}, R"({"Code":404,"Message":"nothing","Success":false})"));
    hub.on(kApi + "commits",
           answer(200, {}, R"({"Code":200,"Data":{"Commit":[{"Id":")" + kCommit + "\"}]}}"));
  }
  std::shared_ptr<Backend> backend(const std::string& token = "tok") {
    ModelScopeBackendOptions options;
    options.endpoint = hub.url("");
    options.token = Secret(token);
    return make_modelscope_backend(client, options);
  }
  Result<Snapshot> listed(std::string body) {
    hub.on(kApi + "repo/files", answer(200, {}, std::move(body)));
    return list_snapshot(*backend(), *parse_uri("modelscope://org/name@" + kCommit), {});
  }
};

Uri uri(const std::string& text) { return *parse_uri("modelscope://" + text); }

TEST_CASE_FIXTURE(Fixture, "the token goes to ModelScope in both its forms, and never to a store") {
  FaultHttpServer store;
  store.on("*", answer(200, {}, "weights"));
  hub.on(kApi + "repo", redirect(302, store.url("/bytes?Signature=SECRET")));
  std::string got;
  const auto sink = [&](ByteView bytes) -> Status {
    got += as_text(bytes);
    return {};
  };
  CHECK(backend()->read(uri("org/name/a b+c&d.bin"), {0, 7}, sink, {}).ok());
  CHECK(got == "weights");
  REQUIRE(hub.seen().size() == 1);
  CHECK(hub.seen()[0].headers.get("Authorization") == "Bearer tok");
  CHECK(hub.seen()[0].headers.get("Cookie") == "m_session_id=tok");
  CHECK(hub.seen()[0].target == kApi + "repo?Revision=master&FilePath=a%20b%2Bc%26d.bin");
  REQUIRE(store.seen().size() == 1);
  CHECK_FALSE(store.seen()[0].headers.get("Authorization"));
  CHECK_FALSE(store.seen()[0].headers.get("Cookie"));
  CHECK(store.seen()[0].headers.get("Range") == "bytes=0-6");
}

TEST_CASE_FIXTURE(Fixture, "a listing is of the commit that the revision stands for") {
  hub.on(kApi + "repo/files", answer(200, {}, listing(entry("a/b") + "," + folder("a"))));
  const auto snapshot = list_snapshot(*backend(), uri("org/name@v1"), {});
  REQUIRE_MESSAGE(snapshot.ok(), message(snapshot.status()));
  CHECK(snapshot->commit == kCommit);
  REQUIRE(snapshot->files.size() == 1);
  CHECK(snapshot->files[0].identity.sha256->hex() == kSha);
  CHECK(snapshot->files[0].etag == kSha);
  const auto seen = hub.seen();
  REQUIRE(seen.size() == 2);
  CHECK(seen[0].target == kApi + "commits?Ref=v1&PageNumber=1&PageSize=1");
  CHECK(seen[1].target == kApi + "repo/files?Revision=" + kCommit + "&Recursive=True");
}

TEST_CASE_FIXTURE(Fixture, "a hub that tells no commits is read by the revision's name") {
  for (const auto& reply : {answer(404), answer(200, {}, "{}"), answer(200, {}, "<html>"),
                            answer(200, {}, R"({"Data":{"Commit":[{"Id":"../x"}]}})")}) {
    hub.on(kApi + "commits", reply);
    hub.on(kApi + "repo/files", answer(200, {}, listing(entry("one"))));
    hub.forget();
    const auto snapshot = list_snapshot(*backend(), uri("org/name@v1"), {});
    REQUIRE_MESSAGE(snapshot.ok(), message(snapshot.status()));
    CHECK(snapshot->commit.empty());
    CHECK(hub.seen().back().target == kApi + "repo/files?Revision=v1&Recursive=True");
    const auto info = backend()->stat(uri("org/name@v1/one"), {});
    REQUIRE(info.ok());
    CHECK(info->commit.empty());
    CHECK(info->identity.sha256->hex() == kSha);
  }
}

TEST_CASE_FIXTURE(Fixture, "what ModelScope states no hash for is listed, without identity") {
  const auto snapshot =
      listed(listing(R"({"Path":"a","Type":"blob","Size":3,"Sha256":""},{"Path":"b","Size":4})"));
  REQUIRE_MESSAGE(snapshot.ok(), message(snapshot.status()));
  CHECK(snapshot->files.size() == 2);
  CHECK_FALSE(snapshot->files[0].identity.provable());
}

TEST_CASE_FIXTURE(Fixture, "sick listings are DataLoss, and paths out of the folder are refused") {
  CHECK(listed(listing("")).ok());
  CHECK(listed(R"({"Code":200,"Data":[]})").ok());
  CHECK(listed(R"({"Code":200,"Data":{"Files":null}})").ok());
  for (const std::string& body : {std::string(""),
                                  std::string("<html>"),
                                  std::string("[]"),
                                  std::string("{}"),
                                  std::string(R"({"Data":{"Files":[]}})"),
                                  std::string(R"({"Code":"200","Data":[]})"),
                                  std::string(R"({"Code":200})"),
                                  std::string(R"({"Code":200,"Data":7})"),
                                  std::string(R"({"Code":200,"Data":{}})"),
                                  std::string(R"({"Code":200,"Data":{"Files":{}}})"),
                                  listing("1"),
                                  listing("{}"),
                                  listing(R"({"Path":"","Size":1})"),
                                  listing(R"({"Path":"a"})"),
                                  listing(entry("a", R"(,"Size":-1)")),
                                  listing(entry("a", R"(,"Size":1.5)")),
                                  listing(entry("a", R"(,"Size":"1")")),
                                  listing(entry("a", R"(,"Size":18446744073709551616)")),
                                  listing(entry("a", R"(,"Size":9223372036854775807)")),
                                  listing(R"({"Path":"a","Size":1,"Sha256":"../x"})"),
                                  listing(entry("a") + "," + entry("a"))}) {
    CAPTURE(body);
    CHECK(listed(body).status().code() == StatusCode::kDataLoss);
  }
  for (const char* path :
       {"../x", "/etc/passwd", "a/../../x", "a//b", "a\\u0000b", ".", "a\\\\b"}) {
    CAPTURE(path);
    CHECK(listed(listing(entry(path))).status().code() == StatusCode::kInvalidArgument);
  }
}

TEST_CASE_FIXTURE(Fixture, "errors that come with HTTP 200 are errors") {
  const auto code = [&](std::string_view start) {
    const Status status = listed(concat(start, R"(,"Message":"told\u001b[2J"})")).status();
    CHECK(message(status).find("told?[2J") != std::string_view::npos);
    CHECK(message(status).find("modelscope://org/name") != std::string_view::npos);
    return status.code();
  };
  CHECK(code(R"({"Code":404)") == StatusCode::kNotFound);
  CHECK(code(R"({"Code":403)") == StatusCode::kPermissionDenied);
  CHECK(code(R"({"Code":503)") == StatusCode::kUnavailable);
  CHECK(code(R"({"Code":10010205001)") == StatusCode::kInvalidArgument);
  CHECK(code(R"({"Code":200,"Success":false)") == StatusCode::kInvalidArgument);
}

TEST_CASE_FIXTURE(Fixture, "each status of ModelScope's has the contract's code") {
  const auto code = [&](int http, HttpHeaders headers = {}) {
    hub.on(kApi + "repo/files",
           answer(http, std::move(headers), R"({"Code":1,"Message":"because","Success":false})"));
    const Status status = backend()->list(uri("org/name@" + kCommit), "", {}).status();
    CHECK(message(status).find("because") != std::string_view::npos);
    CHECK(message(status).find("tok") == message(status).find("token"));
    return status;
  };
  CHECK(code(401).code() == StatusCode::kUnauthenticated);
  CHECK(code(403).code() == StatusCode::kPermissionDenied);
  CHECK(code(404).code() == StatusCode::kNotFound);
  CHECK(code(500).code() == StatusCode::kUnavailable);
  const Status slow_down = code(429, {{"Retry-After", "33"}});
  CHECK(slow_down.code() == StatusCode::kResourceExhausted);
  CHECK(detail(slow_down, Detail::kRetryAfter) == "33");
}

TEST_CASE_FIXTURE(Fixture, "a listing that was cut off is taken folder by folder") {
  std::string cut;
  for (int i = 0; i < 3000; ++i) cut += concat(i == 0 ? "" : ",", entry(concat("a/", i)));
  hub.on(kApi + "repo/files", choose([&](const SeenRequest& request) {
           const auto asks = [&](std::string_view what) {
             return request.target.find(what) != std::string::npos;
           };
           if (asks("Root=a%2Fdeep")) return answer(200, {}, listing(entry("a/deep/x")));
           if (asks("Root=a") && asks("Recursive=True"))
             return answer(
                 200, {}, listing(entry("a/1") + "," + folder("a/deep") + "," + entry("a/deep/x")));
           if (asks("Root=b")) return answer(200, {}, listing(entry("b/1")));
           if (asks("Recursive=True")) return answer(200, {}, listing(cut));
           return answer(200, {}, listing(folder("a") + "," + folder("b") + "," + entry("top")));
         }));
  const auto snapshot = list_snapshot(*backend(), uri("org/name@" + kCommit), {});
  REQUIRE_MESSAGE(snapshot.ok(), message(snapshot.status()));
  std::string paths;
  for (const FileEntry& file : snapshot->files) paths += file.path + " ";
  CHECK(paths == "a/1 a/deep/x b/1 top ");

  // As many as that are no reason when the hub says that there are no more.
  CHECK(listed(listing(cut, R"(,"TotalCount":3000)")).value().files.size() == 3000);
  CHECK(listed(listing(cut)).status().code() == StatusCode::kFailedPrecondition);
  const auto info = backend()->stat(uri("org/name@" + kCommit + "/none"), {});
  CHECK(info.status().code() == StatusCode::kFailedPrecondition);
}

TEST_CASE_FIXTURE(Fixture, "a listing cannot send the client round in circles") {
  std::string cut;
  for (int i = 0; i < 3000; ++i) cut += concat(i == 0 ? "" : ",", entry(concat(i)));
  for (const char* loop : {"", "a/b", "..", "/a"}) {
    hub.on(kApi + "repo/files", choose([&](const SeenRequest& request) {
             const bool whole = request.target.find("Recursive=True") != std::string::npos;
             return answer(200, {}, listing(whole ? cut : folder(loop)));
           }));
    const auto snapshot = list_snapshot(*backend(), uri("org/name@" + kCommit), {});
    CHECK_FALSE(snapshot.ok());
  }
  const std::string tree = "/api/v1/datasets/org/set/repo/tree";
  std::string page;
  for (int i = 0; i < 200; ++i) page += concat(i == 0 ? "" : ",", entry(concat("p/", i)));
  hub.on(tree, answer(200, {}, listing(page)));
  hub.forget();
  const auto again = list_snapshot(*backend(), uri("datasets/org/set@" + kCommit), {});
  CHECK(again.status().code() == StatusCode::kDataLoss);
  CHECK(hub.seen().size() == 2);
  const auto stat = backend()->stat(uri("datasets/org/set@" + kCommit + "/p/none"), {});
  CHECK(stat.status().code() == StatusCode::kDataLoss);
}

TEST_CASE_FIXTURE(Fixture, "a listing at another host is not followed") {
  FaultHttpServer other;
  other.on("*", answer(200, {}, listing("")));
  hub.on(kApi + "repo/files", redirect(302, other.url("/steal")));
  CHECK_FALSE(list_snapshot(*backend(), uri("org/name@" + kCommit), {}).ok());
  CHECK(other.seen().empty());
}

TEST_CASE_FIXTURE(Fixture, "a file that was replaced at ModelScope is Aborted") {
  hub.on(kApi + "repo", answer(200, {{"X-Linked-Etag", "\"" + kSha + "\""}}, "1"));
  const auto drop = [](ByteView) -> Status { return {}; };
  CHECK(backend()->read_version(uri("org/name/a"), kSha, {0, 1}, drop, {}).ok());
  CHECK(backend()->read_version(uri("org/name/a"), std::string(64, 'b'), {0, 1}, drop, {}).code() ==
        StatusCode::kAborted);
}

}  // namespace
}  // namespace hubdist
