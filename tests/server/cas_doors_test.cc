// Nobody gets a content by naming its hash: the doors by which one might try. And who may use a
// token or a link, for what, and until when.
#include <set>
#include <thread>

#include "server/internal/cas_token.h"
#include "server/internal/xorb_link.h"
#include "tests/server/cas_fixture.h"
#include <hubdist/core/reconstruction.h>

namespace hubdist {
namespace {

using testing::CasFixture;
using testing::lfs_line;
using testing::mixed_bytes;
using testing::shard_of;
using testing::XetSample;

struct Fixture : CasFixture {
  const XetSample sample{mixed_bytes(1, 200'000)};
  const std::string content{as_text(sample.content)};
  std::string xorb_path(std::string_view route) const {
    return concat("/v1/", route, "/default/", xet_hex(sample.xorbs.front().index.hash));
  }
  // The sample lies in a private repository, and there is another.
  void begin() {
    CasFixture::begin();
    create_private("secret");
    upload(cas("ada/secret"), sample);
    REQUIRE(commit("ada/secret", lfs_line("w.bin", content)).status == 200);
  }
};

TEST_CASE_FIXTURE(Fixture, "a commit's lfsFile, and what the LFS API says is there") {
  begin();
  const HttpReply named = commit("ada/m", lfs_line("w.bin", content));
  CHECK(named.status == 400);
  CHECK(named.body.find("never uploaded to this repository") != std::string::npos);
  CHECK_FALSE(link("ada/m", content, "upload").empty());  // "upload it"
  CHECK(link("ada/m", content, "download").empty());
  CHECK(link("ada/secret", content, "upload").empty());  // it is there
  CHECK_FALSE(link("ada/secret", content, "download").empty());
}

TEST_CASE_FIXTURE(Fixture, "terms of a shard, and files of another repository") {
  begin();
  const Cas here = cas("ada/m");
  for (const char* route : {"/v1/reconstructions/", "/v2/reconstructions/", "/v1/manifests/"})
    CHECK(call(here, "GET", concat(route, xet_hex(sample.file.hash))).status == 404);
  CHECK(
      call(here, "GET", concat("/v1/reconstructions?file_id=", xet_hex(sample.file.hash))).status ==
      404);
  CHECK(call(here, "HEAD", concat("/v1/files/", xet_hex(sample.file.hash))).status == 404);
  // Who knows all the hashes, but has not the bytes.
  for (const bool with_xorbs : {true, false}) {
    const HttpReply named = post_shard(here, shard_of(sample, with_xorbs));
    CHECK(named.status == 400);
    CHECK(named.body.find("upload it first") != std::string::npos);
  }
  // Nor is an absent xorb answered otherwise.
  const XetSample absent(mixed_bytes(77, 100'000));
  CHECK(post_shard(here, shard_of(absent)).body.find("upload it first") != std::string::npos);
  CHECK(call(here, "GET", file_path(sample)).status == 404);
  CHECK(commit("ada/m", lfs_line("w.bin", content)).status == 400);
  // With the bytes it is this repository's as well.
  upload(here, sample);
  CHECK(call(here, "GET", file_path(sample)).status == 200);
  CHECK(commit("ada/m", lfs_line("w.bin", content)).status == 200);
}

TEST_CASE_FIXTURE(Fixture, "whether a xorb is there") {
  begin();
  const Cas here = cas("ada/m");
  const Cas there = cas("ada/secret");
  const auto& xorb = sample.xorbs.front();
  CHECK(call(there, "HEAD", xorb_path("xorbs")).status == 200);
  CHECK(call(here, "HEAD", xorb_path("xorbs")).status == 404);
  const std::string grant = concat(R"({"length":)", xorb.bytes.size(), "}");
  CHECK(call(there, "POST", xorb_path("xorb-grants"), as_bytes(grant)).status == 200);
  CHECK(call(here, "POST", xorb_path("xorb-grants"), as_bytes(grant)).status == 201);
  CHECK(call(here, "POST", concat(xorb_path("xorb-commits"), "/grant/xorb")).status == 404);
  // Wrong bytes under its name are found out as if there were none.
  Bytes wrong = xorb.bytes;
  wrong[100] ^= std::byte{1};
  CHECK(call(here, "POST", xorb_path("xorbs"), wrong).status == 400);
  CHECK(call(here, "POST", xorb_path("xorbs"), xorb.bytes).body == R"({"was_inserted":true})");
  CHECK(call(here, "HEAD", xorb_path("xorbs")).status == 200);
}

TEST_CASE_FIXTURE(Fixture, "global deduplication finds what anybody may read, at that moment") {
  begin();
  create("public", ada);
  const XetSample open(mixed_bytes(5, 100'000));
  upload(cas("ada/public"), open);
  const Cas here = cas("ada/m");
  const auto chunk_of = [&](const XetSample& of) {
    return call(here, "GET",
                concat("/v1/chunks/default/", xet_hex(of.xorbs.front().index.hashes.front())))
        .status;
  };
  CHECK(chunk_of(sample) == 404);  // private
  CHECK(chunk_of(open) == 200);
  REQUIRE(ask("POST", "/api/repos/move",
              R"({"fromRepo":"ada/public","toRepo":"ada/renamed","type":"model"})")
              .status == 200);
  CHECK(chunk_of(open) == 200);
  settings("ada/renamed", R"({"gated":"auto"})");
  CHECK(chunk_of(open) == 404);
  CHECK(post_shard(here, shard_of(open, false)).status == 400);
  settings("ada/renamed", R"({"gated":false,"private":true})");
  CHECK(chunk_of(open) == 404);
  settings("ada/renamed", R"({"private":false})");
  CHECK(chunk_of(open) == 200);
  // Who has the chunks may build on them; the file is the repository's own then.
  CHECK(post_shard(here, shard_of(open, false)).status == 200);
  CHECK(call(here, "GET", file_path(open)).status == 200);
  CHECK(
      call(here, "HEAD", concat("/v1/xorbs/default/", xet_hex(open.xorbs[0].index.hash))).status ==
      404);
  REQUIRE(ask("DELETE", "/api/repos/delete", R"({"name":"renamed","organization":"ada"})").status ==
          200);
  CHECK(chunk_of(open) == 404);
  create("public", ada);  // another of that name
  CHECK(chunk_of(open) == 404);
  CHECK(call(here, "GET", file_path(open)).status == 200);
}

TEST_CASE_FIXTURE(Fixture, "a file without range hashes is refused") {
  CasFixture::begin();
  const Cas up = cas("ada/m");
  upload(up, sample);
  ShardBuilder shard;
  REQUIRE(shard.add(FileRecord{sample.file.hash, sample.file.terms, {}, sample.file.sha256}).ok());
  CHECK(post_shard(up, shard).status == 400);
}

TEST_CASE_FIXTURE(Fixture, "a token is for one repository, one thing and one time") {
  begin();
  const Cas up = cas("ada/secret");
  const Cas other = cas("ada/m");
  const Cas down = cas("ada/secret", "read");
  const std::string path = file_path(sample);
  CHECK(call(up, "GET", path).status == 200);
  CHECK(call(down, "GET", path).status == 200);
  CHECK(call({up.url, other.token}, "GET", path).status == 401);
  CHECK(call({up.url, Secret()}, "GET", path).status == 401);
  CHECK(call({up.url, ada}, "GET", path).status == 401);  // the hub's own token is none
  CHECK(call({up.url, Secret(concat(up.token.reveal(), "0"))}, "GET", path).status == 401);
  CHECK(call(down, "HEAD", xorb_path("xorbs")).status == 403);
  CHECK(call(down, "POST", xorb_path("xorbs"), sample.xorbs[0].bytes).status == 403);
  CHECK(call(down, "POST", xorb_path("xorb-grants"), as_bytes("{}")).status == 403);
  CHECK(post_shard(down, shard_of(sample)).status == 403);
}

TEST_CASE_FIXTURE(Fixture, "what a token may is asked each time") {
  begin();
  const Secret bob = token("bob");
  settings("ada/secret", R"({"private":false})");
  const Cas anybody = cas("ada/secret", "read", Secret());
  const Cas of_bob = cas("ada/secret", "read", bob);
  const Cas of_ada = cas("ada/secret");
  const std::string path = file_path(sample);
  for (const Cas* one : {&anybody, &of_bob, &of_ada}) CHECK(call(*one, "GET", path).status == 200);
  SUBCASE("the repository goes private") {
    settings("ada/secret", R"({"private":true})");
    CHECK(call(anybody, "GET", path).status == 403);
    CHECK(call(of_bob, "GET", path).status == 403);
    CHECK(call(of_ada, "GET", path).status == 200);
  }
  SUBCASE("the hub's token is revoked") {
    const auto tokens = server->accounts().tokens("bob");
    REQUIRE(server->accounts().revoke(tokens->front().id).ok());
    CHECK(call(of_bob, "GET", path).status == 401);
    CHECK(call(anybody, "GET", path).status == 200);
  }
  SUBCASE("the user is removed") {
    REQUIRE(server->accounts().remove("bob").ok());
    CHECK(call(of_bob, "GET", path).status == 401);
  }
  SUBCASE("the repository is deleted, and another takes its name") {
    REQUIRE(
        ask("DELETE", "/api/repos/delete", R"({"name":"secret","organization":"ada"})").status ==
        200);
    CHECK(call(of_ada, "GET", path).status == 404);
    create("secret", ada);
    CHECK(call(of_ada, "GET", path).status == 404);
    CHECK(call(cas("ada/secret"), "GET", path).status == 404);
  }
  SUBCASE("the repository is renamed") {
    REQUIRE(ask("POST", "/api/repos/move",
                R"({"fromRepo":"ada/secret","toRepo":"ada/renamed","type":"model"})")
                .status == 200);
    CHECK(call(of_ada, "GET", path).status == 200);
  }
}

TEST_CASE_FIXTURE(Fixture, "a link is for its bytes alone") {
  options.metrics = true;
  begin();
  const Cas up = cas("ada/secret");
  const HttpReply reply = call(up, "GET", file_path(sample), {}, "30000-60000");
  const auto plan = parse_reconstruction(reply.body);
  REQUIRE(plan.ok());
  const Fetch& fetch = plan->xorbs.begin()->second.front();
  const ByteRange bytes = fetch.ranges.front().bytes;
  const auto get = [&](std::string_view url, std::string_view range) {
    return call({up.url, Secret()}, "GET", url, {}, range).status;
  };
  const std::string whole = concat(bytes.begin, '-', bytes.end - 1);
  const auto counted = [&](std::string_view what) {
    const std::string metrics = ask("GET", "/metrics").body;
    return metrics.find(concat("\nhubdist_content_", what, "_bytes_total ", bytes.size(), '\n')) !=
           metrics.npos;
  };
  REQUIRE(get(fetch.url, whole) == 206);
  for (int i = 0; i < 1000 && !counted("sent"); ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  CHECK(counted("sent"));
  CHECK(counted("read"));
  CHECK(get(fetch.url, whole) == 206);
  CHECK(get(fetch.url, concat(bytes.begin + 10, '-', bytes.end - 10)) == 206);  // going on
  CHECK(get(fetch.url, "") == 403);
  if (bytes.begin > 0) CHECK(get(fetch.url, concat(bytes.begin - 1, '-', bytes.end - 1)) == 403);
  CHECK(get(fetch.url, concat(bytes.end, '-', bytes.end + 1)) == 403);
  CHECK(get(fetch.url, concat(whole, ",0-1")) == 403);
  std::string other = fetch.url;
  other.replace(other.find("begin="), 7, "begin=1");
  CHECK(get(other, whole) == 403);
  const std::string name = xet_hex(plan->xorbs.begin()->first);
  other = fetch.url;
  other.replace(other.find(name), 64, xet_hex(sample.xorbs.back().index.hash));
  CHECK(get(other, whole) == 403);
  CHECK(ask("PUT", fetch.url, "x").status == 403);
}

TEST_CASE("tokens and links end, and other hubs' are not taken") {
  using internal::CasToken;
  using internal::CasTokens;
  using internal::XorbLink;
  using internal::XorbLinks;
  const CasTokens tokens(Secret("key"), std::chrono::seconds(100));
  const CasTokens others(Secret("another"), std::chrono::seconds(100));
  CasToken token{true, {RepoType::kSpace, "ada/m"}, StorageId::random(), std::string(32, 'a')};
  const Secret text = tokens.make(token, 1000);
  CHECK(token.expires == 1100);
  const auto read = tokens.read(text, 1100);
  REQUIRE(read.ok());
  CHECK(read->writes);
  CHECK(read->repo == token.repo);
  CHECK(read->storage == token.storage);
  CHECK(read->login == token.login);
  CHECK_FALSE(tokens.read(text, 1101).ok());
  CHECK_FALSE(others.read(text, 1000).ok());
  for (const char* wrong : {"", "xet_", "xet_.", "xet_zz.00", "Bearer"})
    CHECK_FALSE(tokens.read(Secret(wrong), 1000).ok());

  const XorbLinks links(Secret("key"), std::chrono::seconds(100));
  const XorbLinks other_links(Secret("another"), std::chrono::seconds(100));
  XorbLink link;
  link.storage = token.storage;
  link.bytes = {10, 20};
  const std::string url = links.make(link, 1000);
  const std::string path = url.substr(0, url.find('?'));
  const std::string query = url.substr(url.find('?') + 1);
  CHECK(links.read("GET", path, query, 1100).ok());
  CHECK_FALSE(links.read("GET", path, query, 1101).ok());
  CHECK_FALSE(links.read("PUT", path, query, 1000).ok());
  CHECK_FALSE(other_links.read("GET", path, query, 1000).ok());
  CHECK_FALSE(links.read("GET", path, query + "&begin=0", 1000).ok());
  CHECK_FALSE(links.read("GET", "/api/xet/xorbs/", query, 1000).ok());
}

}  // namespace
}  // namespace hubdist
