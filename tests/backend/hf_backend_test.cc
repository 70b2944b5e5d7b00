#include <doctest/doctest.h>

#include "tests/support/fake_hub.h"
#include <hubdist/backend/hf_backend.h>
#include <hubdist/core/hash.h>
#include <hubdist/core/merkle.h>

namespace hubdist {
namespace {

using namespace testing;

const std::string kCommit(40, 'c');

struct Fixture {
  FakeHub hub;
  std::shared_ptr<HttpClient> client = std::make_shared<HttpClient>();

  Fixture() {
    FakeRepo repo;
    repo.commit = kCommit;
    repo.files = {{"config.json", {"{}"}}, {"model.bin", {"weights", true, {}}}};
    hub.set("models/org/name", repo);
  }
  std::shared_ptr<HfBackend> backend(const std::string& token = "tok") {
    HfBackendOptions options;
    options.endpoint = hub.endpoint() + "/";
    options.token = Secret(token);
    options.headers = {{"X-Own-Key", "k"}};
    return make_hf_backend(client, options);
  }
};

Uri uri(const std::string& text) {
  auto parsed = parse_uri(text);
  REQUIRE_MESSAGE(parsed.ok(), message(parsed.status()));
  return *parsed;
}

Status read_all(Backend& backend, const Uri& from, std::uint64_t size, std::string* out = nullptr) {
  return backend.read(from, {0, size},
                      [&](ByteView bytes) -> Status {
                        if (out) *out += as_text(bytes);
                        return {};
                      },
                      {});
}

TEST_CASE_FIXTURE(Fixture, "the token goes to the hub and never to its store") {
  std::string got;
  CHECK(read_all(*backend(), uri("hf://org/name/model.bin"), 7, &got).ok());
  CHECK(got == "weights");
  const auto at_hub = hub.hub().seen();
  const auto at_store = hub.store().seen();
  REQUIRE(at_hub.size() == 1);
  REQUIRE(at_store.size() == 1);
  CHECK(at_hub[0].headers.get("Authorization") == "Bearer tok");
  CHECK(at_hub[0].headers.get("X-Own-Key") == "k");
  CHECK_FALSE(at_store[0].headers.get("Authorization"));
  CHECK_FALSE(at_store[0].headers.get("X-Own-Key"));
  CHECK(at_store[0].headers.get("Range") == "bytes=0-6");
}

TEST_CASE_FIXTURE(Fixture, "the facts of a file come from the hub, without asking its store") {
  const auto info = backend()->stat(uri("hf://org/name/model.bin"), {});
  REQUIRE(info.ok());
  CHECK(info->size == 7);
  CHECK(info->commit == kCommit);
  CHECK(info->etag == sha256(as_bytes("weights")).hex());
  CHECK(info->identity.sha256 == sha256(as_bytes("weights")));
  CHECK_FALSE(info->identity.git_sha1);
  CHECK(hub.store().seen().empty());
  CHECK(hub.hub().seen().at(0).headers.get("Accept-Encoding") == "identity");
  const auto plain = backend()->stat(uri("hf://org/name/config.json"), {});
  CHECK(plain->identity.git_sha1 == git_sha1(as_bytes("{}")));
}

TEST_CASE_FIXTURE(Fixture, "a renamed repository is followed, with the token") {
  hub.rename("models/old/name", "models/org/name");
  CHECK(backend()->stat(uri("hf://old/name/model.bin"), {})->size == 7);
  CHECK(backend()->resolve_revision(uri("hf://old/name"), {}).value_or("") == kCommit);
  std::string got;
  CHECK(read_all(*backend(), uri("hf://old/name/model.bin"), 7, &got).ok());
  CHECK(got == "weights");
  for (const auto& request : hub.hub().seen())
    CHECK(request.headers.get("Authorization") == "Bearer tok");
}

TEST_CASE_FIXTURE(Fixture, "a Xet hash is read in the protocol's text form") {
  const std::string text =
      "0706050403020100"
      "0f0e0d0c0b0a0908"
      "1716151413121110"
      "1f1e1d1c1b1a1918";
  FakeRepo repo;
  repo.commit = kCommit;
  repo.files = {{"x", {"content", true, text}}};
  hub.set("models/org/xet", repo);
  const auto info = backend()->stat(uri("hf://org/xet/x"), {});
  REQUIRE(info.ok());
  REQUIRE(info->identity.xet);
  CHECK(info->identity.xet->bytes[0] == std::byte{0});
  CHECK(info->identity.xet->bytes[31] == std::byte{31});
  const auto snapshot = list_snapshot(*backend(), uri("hf://org/xet"), {});
  CHECK(snapshot->files.at(0).identity.xet == info->identity.xet);
  CHECK(snapshot->files.at(0).lfs);
}

TEST_CASE_FIXTURE(Fixture, "each error of the hub keeps its name") {
  const auto check = [&](const Status& status, StatusCode code, std::string_view error) {
    CHECK(status.code() == code);
    CHECK(detail(status, Detail::kHubError).value_or("") == error);
    CHECK(message(status).find("hf://") != std::string_view::npos);
    CHECK(message(status).find("tok") == std::string_view::npos);
  };
  for (const bool list : {false, true}) {
    CAPTURE(list);
    const auto ask = [&](const std::string& name, const std::string& token = "") {
      const auto asked = backend(token);
      return list ? asked->list(uri("hf://" + name), "", {}).status()
                  : asked->stat(uri("hf://" + name + "/config.json"), {}).status();
    };
    check(ask("org/none@main"), StatusCode::kNotFound, "RepoNotFound");
    check(ask("org/name@none"), StatusCode::kNotFound, "RevisionNotFound");
    FakeRepo repo;
    repo.commit = kCommit;
    repo.token = "right";
    hub.set("models/org/private", repo);
    check(ask("org/private@main"), StatusCode::kNotFound, "RepoNotFound");
    repo.gated = true;
    hub.set("models/org/gated", repo);
    check(ask("org/gated@main"), StatusCode::kPermissionDenied, "GatedRepo");
    check(ask("org/gated@main", "wrong"), StatusCode::kPermissionDenied, "GatedRepo");
  }
  const Status missing = backend()->stat(uri("hf://org/name/none"), {}).status();
  check(missing, StatusCode::kNotFound, "EntryNotFound");
  CHECK(detail(missing, Detail::kCommit) == kCommit);
  const Status unread = read_all(*backend(), uri("hf://org/name/none"), 1);
  check(unread, StatusCode::kNotFound, "EntryNotFound");

  hub.hub().on("/org/name/resolve/main/a",
               answer(403, {{"X-Error-Message", "Access to this resource is disabled."}}));
  check(backend()->stat(uri("hf://org/name/a"), {}).status(), StatusCode::kPermissionDenied,
        "DisabledRepo");
  hub.hub().on("/org/name/resolve/main/a",
               answer(401, {{"X-Error-Message", "Invalid credentials in Authorization header"}}));
  check(backend()->stat(uri("hf://org/name/a"), {}).status(), StatusCode::kUnauthenticated, "");
  hub.hub().on("/org/name/resolve/main/a",
               answer(403, {{"X-Error-Message", "\x1b[2J" + std::string(10'000, 'x')}}));
  const Status loud = backend()->stat(uri("hf://org/name/a"), {}).status();
  CHECK(message(loud).find('\x1b') == std::string_view::npos);
  CHECK(message(loud).size() < 700);
  hub.hub().on("/org/name/resolve/main/a", answer(404));
  check(backend()->stat(uri("hf://org/name/a"), {}).status(), StatusCode::kNotFound, "");
}

TEST_CASE_FIXTURE(Fixture, "a commit that is none is not passed on") {
  hub.hub().on("/org/name/resolve/main/a",
               hub_error(404, "EntryNotFound", {{"X-Repo-Commit", "../../../etc"}}));
  CHECK_FALSE(detail(backend()->stat(uri("hf://org/name/a"), {}).status(), Detail::kCommit));
  hub.hub().on("/org/name/resolve/main/a",
               answer(200, {{"X-Repo-Commit", "../x"}, {"ETag", "\"e\""}}, "a"));
  CHECK(backend()->stat(uri("hf://org/name/a"), {}).status().code() ==
        StatusCode::kFailedPrecondition);
  hub.hub().on("/api/models/org/name/revision/main", answer(200, {}, R"({"sha":"../x"})"));
  CHECK(backend()->resolve_revision(uri("hf://org/name"), {}).status().code() ==
        StatusCode::kDataLoss);
}

TEST_CASE_FIXTURE(Fixture, "what is no hub is said to be none") {
  hub.hub().on("/org/name/resolve/main/a", answer(200, {{"ETag", "\"e\""}}, "hello"));
  const Status status = backend()->stat(uri("hf://org/name/a"), {}).status();
  CHECK(status.code() == StatusCode::kFailedPrecondition);
  CHECK(message(status).find("HF_ENDPOINT") != std::string_view::npos);
}

TEST_CASE_FIXTURE(Fixture, "too many requests carry the time to wait") {
  hub.hub().on("/org/name/resolve/main/a", answer(429, {{"RateLimit", R"("resolvers";r=0;t=33)"}}));
  const Status status = backend()->stat(uri("hf://org/name/a"), {}).status();
  CHECK(status.code() == StatusCode::kResourceExhausted);
  CHECK(detail(status, Detail::kRetryAfter) == "33");
}

TEST_CASE_FIXTURE(Fixture, "a store that refuses a signed way is worth another try") {
  for (const int status : {401, 403}) {
    hub.store().on("*", answer(status));
    hub.hub().on("/org/name/resolve/main/a",
                 redirect(302, hub.store().url("/gone?Signature=SECRET")));
    const Status result = read_all(*backend(), uri("hf://org/name/a"), 5);
    CHECK(result.code() == StatusCode::kUnavailable);
    CHECK_FALSE(detail(result, Detail::kHubError));
    CHECK(message(result).find("SECRET") == std::string_view::npos);
  }
}

TEST_CASE_FIXTURE(Fixture, "a file that was replaced is Aborted") {
  const auto here = uri("hf://org/name/config.json");
  const auto none = [](ByteView) -> Status { return {}; };
  CHECK(backend()->read_version(here, git_sha1(as_bytes("{}")).hex(), {0, 2}, none, {}).ok());
  CHECK(backend()->read_version(here, std::string(40, '0'), {0, 2}, none, {}).code() ==
        StatusCode::kAborted);
}

TEST_CASE_FIXTURE(Fixture, "a tree is listed page by page at one commit") {
  FakeRepo repo;
  repo.commit = kCommit;
  for (int i = 0; i < 25; ++i) repo.files[concat("f", i)] = {concat(i)};
  hub.set("models/org/many", repo);
  hub.set_page_size(10);
  const auto snapshot = list_snapshot(*backend(), uri("hf://org/many"), {});
  REQUIRE_MESSAGE(snapshot.ok(), message(snapshot.status()));
  CHECK(snapshot->files.size() == 25);
  CHECK(snapshot->commit == kCommit);
  CHECK(snapshot->scope == hub.endpoint().substr(7) + "/models/org/many");
  int revisions = 0;
  for (const auto& request : hub.hub().seen()) {
    revisions += request.target.find("/revision/") != std::string::npos;
    CHECK(request.headers.get("Authorization") == "Bearer tok");
  }
  CHECK(revisions == 1);
  CHECK(hub.hub().seen().size() == 4);

  hub.hub().forget();
  CHECK(list_snapshot(*backend(), uri("hf://org/many@" + kCommit), {}).ok());
  CHECK(hub.hub().seen().size() == 3);  // a commit needs no resolving
}

TEST_CASE_FIXTURE(Fixture, "a listing that leads to another host is refused before it is asked") {
  FaultHttpServer other;
  other.on("*", answer(200, {}, "[]"));
  hub.hub().on("/api/models/org/name/tree/" + kCommit,
               answer(200, {{"Link", "<" + other.url("/steal") + ">; rel=\"next\""}}, "[]"));
  CHECK(list_snapshot(*backend(), uri("hf://org/name"), {}).status().code() ==
        StatusCode::kDataLoss);
  hub.hub().on("/api/models/org/name/tree/" + kCommit, redirect(302, other.url("/steal")));
  CHECK_FALSE(list_snapshot(*backend(), uri("hf://org/name"), {}).ok());
  CHECK(other.seen().empty());
}

TEST_CASE_FIXTURE(Fixture, "wrong listings are DataLoss, and a path out of the folder is refused") {
  const auto listed = [&](std::string body) {
    hub.hub().on("/api/models/org/name/tree/" + kCommit, answer(200, {}, std::move(body)));
    return list_snapshot(*backend(), uri("hf://org/name@" + kCommit), {}).status().code();
  };
  const std::string oid = R"("oid":")" + std::string(40, 'a') + '"';
  const auto entry = [&](const std::string& path) {
    return R"({"type":"file","size":1,"path":)" + path + "," + oid + "}";
  };
  CHECK(listed("[]") == StatusCode::kOk);
  CHECK(listed("[" + entry(R"("a/b")") + "]") == StatusCode::kOk);
  for (const std::string& body :
       {std::string(""), std::string("{}"), std::string("[1]"), std::string("[{]"),
        std::string("<html>"), R"([{"type":"file","path":"a"}])" + std::string(),
        R"([{"type":"file","path":"a","size":-1,)" + oid + "}]",
        R"([{"type":"file","path":"a","size":1.5,)" + oid + "}]",
        std::string(R"([{"type":"file","path":"a","size":1,"oid":"zz"}])"),
        R"([{"type":"file","size":1,)" + oid + "}]",
        R"([{"type":"file","path":"a","size":1,"lfs":{"oid":"../x"},)" + oid + "}]",
        R"([{"type":"file","path":"a","size":9223372036854775807,)" + oid + "}]",
        "[" + entry(R"("a")") + "," + entry(R"("a")") + "]"}) {
    CAPTURE(body);
    CHECK(listed(body) == StatusCode::kDataLoss);
  }
  for (const char* path : {R"("../x")", R"("/etc/passwd")", R"("a/../../x")", R"("a//b")",
                           R"("a\u0000b")", R"(".")", R"("a\\b")"}) {
    CAPTURE(path);
    CHECK(listed("[" + entry(path) + "]") == StatusCode::kInvalidArgument);
  }
}

TEST_CASE_FIXTURE(Fixture, "leave to read from Xet storage comes from the hub alone") {
  FakeRepo repo;
  repo.commit = kCommit;
  repo.token = "tok";
  repo.files = {{"model.bin", {"weights", true, std::string(64, '1'), {}}}};
  const auto file = uri("hf://org/name/model.bin");

  SUBCASE("as it is") {
    repo.files["model.bin"].xet_route =
        hub.hub().url("/api/models/org/name/xet-read-token/main?x=1");
    repo.xet_token = R"({"accessToken":"t","casUrl":"https://cas.example/","exp":1})";
    hub.set("models/org/name", repo);
    const auto info = backend()->stat(file, {});
    REQUIRE(info.ok());
    CHECK(info->xet_route == repo.files["model.bin"].xet_route);
    hub.hub().forget();
    const Instant before = system_clock().now();
    const auto access = backend()->xet_access(file, info->xet_route, {});
    REQUIRE_MESSAGE(access.ok(), access.status().ToString());
    CHECK(hub.hub().seen().front().target.ends_with("?x=1"));
    CHECK(access->cas_url == "https://cas.example");
    CHECK(access->token.reveal() == "t");
    CHECK_FALSE(access->allow_insecure_token);
    // A clock that is wrong is no reason to ask again at every turn.
    CHECK(access->expires >= before + std::chrono::seconds(60));
  }
  SUBCASE("a route on another host is not asked") {
    repo.xet_token = R"({"accessToken":"t","casUrl":"http://127.0.0.1:1","exp":99999999999})";
    hub.set("models/org/name", repo);
    const auto access = backend()->xet_access(file, hub.store().url("/token"), {});
    CHECK(access.ok());
    CHECK(hub.store().seen().empty());
    CHECK(access->expires <= system_clock().now() + std::chrono::hours(24));
  }
  SUBCASE("a hub without Xet") {
    hub.set("models/org/name", repo);
    CHECK(backend()->xet_access(file, "", {}).status().code() == StatusCode::kNotFound);
  }
  SUBCASE("answers that are none") {
    for (const char* text : {"[]", R"({"accessToken":"t"})", R"({"casUrl":"https://a"})",
                             R"({"accessToken":"t","casUrl":"ftp://a","exp":1})"}) {
      repo.xet_token = text;
      hub.set("models/org/name", repo);
      CHECK_FALSE(backend()->xet_access(file, "", {}).ok());
    }
  }
}

TEST_CASE("commit ids") {
  CHECK(is_commit_id(kCommit));
  CHECK_FALSE(is_commit_id(kCommit + "c"));
  CHECK_FALSE(is_commit_id("main"));
  CHECK_FALSE(is_commit_id(std::string(40, 'C')));
}

}  // namespace
}  // namespace hubdist
