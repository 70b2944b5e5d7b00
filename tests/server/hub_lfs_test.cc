// Contents that come and go by LFS, and what may go wrong with them.
#include <atomic>
#include <ctime>
#include <thread>

#include <openssl/evp.h>

#include "server/internal/lfs_link.h"
#include "server/internal/lfs_upload.h"
#include "tests/server/hub_fixture.h"

namespace hubdist {
namespace {

using testing::HubFixture;
using testing::lfs_line;
using testing::RawClient;

const std::string kContent = [] {
  std::string text(700'000, '\0');
  for (std::size_t i = 0; i < text.size(); ++i) text[i] = static_cast<char>(i * 31 + i / 255);
  return text;
}();
const std::string kOid = sha256(as_bytes(kContent)).hex();

std::string base64(std::string_view text) {
  std::string out((text.size() + 2) / 3 * 4 + 1, '\0');
  const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                   reinterpret_cast<const unsigned char*>(text.data()),
                                   static_cast<int>(text.size()));
  out.resize(static_cast<std::size_t>(size));
  return out;
}

struct Fixture : HubFixture {
  void begin() {
    start();
    create("m", ada);
  }
  // Nothing of an upload is left.
  void check_nothing_kept() {
    CHECK(files("proofs") == 0);
    CHECK_FALSE(std::filesystem::exists(temp / "root" / "blobs" / kOid.substr(0, 2) / kOid));
    for (int i = 0; i < 1000 && files(".tmp") > 0; ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    CHECK(files(".tmp") == 0);
    CHECK(commit("ada/m", lfs_line("w.bin", kContent)).status == 400);
  }
  std::string path_of(std::string_view url) const {
    return std::string(url.substr(server->endpoint().size()));
  }
};

TEST_CASE_FIXTURE(Fixture, "a content comes by a link and goes by one") {
  begin();
  const std::string up = link("ada/m", kContent, "upload");
  CHECK(up.starts_with(server->endpoint()));
  const HttpReply stored = put(up, kContent);
  CHECK(stored.status == 200);
  CHECK(stored.headers.get("ETag") == concat('"', kOid, '"'));
  CHECK(ask("POST", "/ada/m.git/info/lfs/objects/verify",
            concat(R"({"oid":")", kOid, R"(","size":)", kContent.size(), "}"))
            .status == 200);
  CHECK(link("ada/m", kContent, "upload").empty());  // it is there
  CHECK(commit("ada/m", lfs_line("w.bin", kContent)).status == 200);
  CHECK(ask("GET", "/ada/m/resolve/main/w.bin").body == kContent);
  const std::string down = link("ada/m", kContent, "download");
  CHECK(ask("GET", down, "", Secret()).body == kContent);
  CHECK(put(up, kContent).status == 200);  // a client that tries again
  CHECK(files(".tmp") == 0);
}

TEST_CASE_FIXTURE(Fixture, "a download by link has ranges") {
  begin();
  REQUIRE(put(link("ada/m", kContent, "upload"), kContent).status == 200);
  HttpRequest request;
  request.url = link("ada/m", kContent, "download");
  request.headers.add("Range", "bytes=1000-1999");
  const auto part = http.fetch(request);
  REQUIRE(part.ok());
  CHECK(part->status == 206);
  CHECK(part->body == kContent.substr(1000, 1000));
}

TEST_CASE_FIXTURE(Fixture, "a body that is not what its link says leaves nothing") {
  begin();
  const std::string up = link("ada/m", kContent, "upload");
  std::string other = kContent;
  other[12345] ^= 1;
  SUBCASE("another content") {
    const HttpReply reply = put(up, other);
    CHECK(reply.status == 400);
    CHECK(reply.body.find(sha256(as_bytes(other)).hex()) != std::string::npos);
  }
  SUBCASE("shorter") { CHECK(put(up, kContent.substr(1)).status == 400); }
  SUBCASE("longer") { CHECK(put(up, kContent + "x").status == 413); }
  SUBCASE("empty") { CHECK(put(up, "").status == 400); }
  SUBCASE("broken off") {
    RawClient client(port());
    client.send(concat("PUT ", path_of(up), " HTTP/1.1\r\nHost: h\r\nContent-Length: ",
                       kContent.size(), "\r\n\r\n", kContent.substr(0, 500'000)));
    // Else it hangs up before anything was begun.
    for (int i = 0; i < 1000 && files(".tmp") == 0; ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  SUBCASE("longer, in chunks") {
    RawClient client(port());
    client.send(concat("PUT ", path_of(up),
                       " HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nF4240\r\n",
                       std::string(1'000'000, 'x'), "\r\n0\r\n\r\n"));
    CHECK(client.read_head().starts_with("HTTP/1.1 413"));
  }
  check_nothing_kept();
  CHECK(put(link("ada/m", kContent, "upload"), kContent).status == 200);
}

TEST_CASE_FIXTURE(Fixture, "a link is for one thing only") {
  begin();
  create("other", ada);
  const std::string up = link("ada/m", kContent, "upload");
  const auto with = [&](std::string_view what, std::string_view instead) {
    std::string changed = up;
    const std::size_t at = changed.find(what);
    REQUIRE(at != std::string::npos);
    return changed.replace(at, what.size(), instead);
  };
  const std::string zeros(64, '0');
  CHECK(put(with(kOid, zeros), kContent).status == 403);
  CHECK(put(with("size=700000", "size=700001"), kContent).status == 403);
  CHECK(put(with("signature=", "signature=0"), kContent).status == 403);
  CHECK(put(with("action=upload", "action=part"), kContent).status == 403);
  CHECK(put(up.substr(0, up.find('?')), kContent).status == 403);
  const std::string storage = up.substr(up.find("/api/lfs/") + 9, 32);
  CHECK(put(with(storage, zeros.substr(0, 32)), kContent).status == 403);
  CHECK(ask("GET", up).status == 403);
  CHECK(ask("POST", up).status == 403);
  check_nothing_kept();
  // A link to one repository proves nothing to another.
  REQUIRE(put(up, kContent).status == 200);
  CHECK(commit("ada/other", lfs_line("w.bin", kContent)).status == 400);
}

TEST_CASE("links expire, and other hubs' are not taken") {
  const internal::LfsLinks links(Secret("key"));
  const internal::LfsLinks others(Secret("another"));
  internal::LfsLink link;
  link.action = internal::LfsLink::Action::kUploadPart;
  link.storage = StorageId::random();
  link.oid = sha256(as_bytes("x"));
  link.size = 100;
  link.part_size = 40;
  link.part = 3;
  const std::string url = links.make(link, 1'000'000);
  const std::string path = url.substr(0, url.find('?'));
  const std::string query = url.substr(url.find('?') + 1);
  const auto read = links.read("PUT", path, query, 1'000'000);
  REQUIRE(read.ok());
  CHECK(read->storage == link.storage);
  CHECK(read->parts() == 3);
  CHECK(read->upload_size() == 20);
  CHECK(links.read("PUT", path, query, 1'003'600).ok());
  CHECK_FALSE(links.read("PUT", path, query, 1'003'601).ok());
  CHECK_FALSE(links.read("GET", path, query, 1'000'000).ok());
  CHECK_FALSE(others.read("PUT", path, query, 1'000'000).ok());
  for (const char* wrong : {"", "/api/lfs/", "/api/lfs/x", "/api/lfs/x/y/z"})
    CHECK_FALSE(links.read("PUT", wrong, query, 1'000'000).ok());
}

TEST_CASE("the hub's own key signs no link") {
  const internal::LfsLinks links(Secret("key"));
  internal::LfsLink link;
  link.storage = StorageId::random();
  const std::string url = links.make(link, 1'000'000);
  const std::size_t mark = url.find("&signature=");
  CHECK(url.substr(mark + 11) != hmac_sha256(as_bytes("key"), as_bytes(url.substr(0, mark))).hex());
}

TEST_CASE("no link lives longer than a week, however large its content") {
  const internal::LfsLinks links(Secret("key"));
  internal::LfsLink link;
  link.action = internal::LfsLink::Action::kUpload;
  link.storage = StorageId::random();
  link.oid = sha256(as_bytes("x"));
  link.size = 1024 * 1024 * kGiB;
  const std::string url = links.make(link, 1'000'000);
  const std::string path = url.substr(0, url.find('?'));
  const std::string query = url.substr(url.find('?') + 1);
  CHECK(links.read("PUT", path, query, 1'000'000 + 7 * 24 * 3600).ok());
  CHECK_FALSE(links.read("PUT", path, query, 1'000'001 + 7 * 24 * 3600).ok());
}

TEST_CASE_FIXTURE(Fixture, "contents of other repositories are as if they were nowhere") {
  begin();
  REQUIRE(put(link("ada/m", kContent, "upload"), kContent).status == 200);
  REQUIRE(commit("ada/m", lfs_line("w.bin", kContent)).status == 200);
  create("other", ada);
  CHECK_FALSE(link("ada/other", kContent, "upload").empty());  // "upload it"
  CHECK(link("ada/other", kContent, "download").empty());
  CHECK(ask("POST", "/ada/other.git/info/lfs/objects/verify",
            concat(R"({"oid":")", kOid, R"(","size":)", kContent.size(), "}"))
            .status == 404);
  const HttpReply named = commit("ada/other", lfs_line("w.bin", kContent));
  CHECK(named.status == 400);
  CHECK(named.body.find("never uploaded to this repository") != std::string::npos);
  // Not by the name of a file that it holds in git either.
  const std::string absent = "nobody has this";
  CHECK(commit("ada/other", lfs_line("w.bin", absent)).body.find("never uploaded") !=
        std::string::npos);
}

TEST_CASE_FIXTURE(Fixture, "a size that is not the content's is told") {
  begin();
  REQUIRE(put(link("ada/m", kContent, "upload"), kContent).status == 200);
  const HttpReply batch =
      ask("POST", "/ada/m.git/info/lfs/objects/batch",
          concat(R"({"operation":"upload","objects":[{"oid":")", kOid, R"(","size":1}]})"));
  CHECK(batch.body.find("\"code\":422") != std::string::npos);
  CHECK(commit("ada/m", concat(R"({"key":"lfsFile","value":{"path":"w.bin","oid":")", kOid,
                               R"(","size":1}})"))
            .status == 400);
}

TEST_CASE_FIXTURE(Fixture, "wrong batches are refused") {
  begin();
  const std::string url = "/ada/m.git/info/lfs/objects/batch";
  for (const char* wrong :
       {"", "[]", "{}", R"({"operation":"upload"})", R"({"operation":"take","objects":[]})",
        R"({"operation":"upload","objects":[1]})", R"({"operation":"upload","objects":[{}]})",
        R"({"operation":"upload","objects":[{"oid":"../x","size":1}]})",
        R"({"operation":"upload","objects":[{"oid":"00","size":-1}]})",
        R"({"operation":"upload","hash_algo":"md5","objects":[]})"}) {
    const int status = static_cast<int>(ask("POST", url, wrong).status);
    CHECK_MESSAGE((status >= 400 && status < 500), wrong);
  }
  const Secret eve = token("eve");
  CHECK(ask("POST", url, R"({"operation":"upload","objects":[]})", eve).status == 403);
  CHECK(ask("POST", url, R"({"operation":"upload","objects":[]})", Secret()).status == 401);
  CHECK(ask("POST", url, R"({"operation":"download","objects":[]})", Secret()).status == 200);
  CHECK(ask("GET", url).status == 405);
  CHECK(ask("POST", "/ada/no.git/info/lfs/objects/batch", "{}", Secret()).status == 401);
}

// The batch of an upload in parts of `count` objects of one size each.
std::string upload_batch(std::size_t count, std::string_view size) {
  std::string body = R"({"operation":"upload","transfers":["multipart"],"objects":[)";
  for (std::size_t i = 0; i < count; ++i)
    body += concat(i == 0 ? "" : ",", R"({"oid":")", sha256(as_bytes(std::to_string(i))).hex(),
                   R"(","size":)", size, "}");
  return body + "]}";
}

TEST_CASE_FIXTURE(Fixture, "a batch of more than a hub takes is refused, and at once") {
  options.lfs_part = 1 * kMiB;
  begin();
  const std::string url = "/ada/m.git/info/lfs/objects/batch";
  for (const char* size : {"18446744073709551615", "9223372036854775807", "2199023255553"}) {
    const HttpReply reply = ask("POST", url, upload_batch(1, size));
    CHECK(reply.status == 422);
    CHECK(reply.body.find("at most 2199023255552 bytes") != std::string::npos);
  }
  const HttpReply largest = ask("POST", url, upload_batch(1, "2199023255552"));
  CHECK(largest.status == 200);
  CHECK(largest.body.find("\"10000\":\"http") != std::string::npos);
  CHECK(largest.body.find("\"10001\":") == std::string::npos);
  const HttpReply many = ask("POST", url, upload_batch(2, "2199023255552"));
  CHECK(many.status == 413);
  CHECK(many.body.find("ask for fewer objects at once") != std::string::npos);
  CHECK(ask("POST", url, upload_batch(1000, "1")).status == 200);
}

TEST_CASE_FIXTURE(Fixture, "git's clients send the token as a password") {
  begin();
  const auto batch = [&](std::string_view authorization) {
    HttpRequest request;
    request.method = "POST";
    request.url = server->endpoint() + "/ada/m.git/info/lfs/objects/batch";
    if (!authorization.empty()) request.headers.add("Authorization", std::string(authorization));
    request.body = R"({"operation":"upload","objects":[]})";
    return *http.fetch(request);
  };
  const std::string token(ada.reveal());
  CHECK(batch(concat("Basic ", base64("ada:" + token))).status == 200);
  CHECK(batch(concat("basic ", base64("whoever:" + token))).status == 200);
  CHECK(batch(concat("Basic ", base64(token + ':'))).status == 200);
  for (const std::string& wrong : {base64("ada:wrong"), base64(token), base64(":"), base64(""),
                                   std::string("%%%%"), token, base64("ada:" + token).substr(1)}) {
    CAPTURE(wrong);
    CHECK(batch("Basic " + wrong).status == 401);
  }
  // Of what it is told to ask afterwards it takes for granted that it needs no password.
  const std::string verify = link("ada/m", kContent, "verify");
  CHECK(ask("POST", verify, "{}", Secret()).status == 404);
  REQUIRE(put(link("ada/m", kContent, "upload"), kContent).status == 200);
  CHECK(ask("POST", verify, "{}", Secret()).status == 200);
  CHECK(put(verify, kContent).status == 403);
  const HttpReply nobody = batch("");
  CHECK(nobody.status == 401);
  CHECK(nobody.headers.get("LFS-Authenticate") == "Basic realm=\"hub\"");
}

TEST_CASE_FIXTURE(Fixture, "uploads beyond the limit are told to come again, before their body") {
  options.max_uploads = 1;
  begin();
  const std::string up = link("ada/m", kContent, "upload");
  const std::string head =
      concat("PUT ", path_of(up), " HTTP/1.1\r\nHost: h\r\nContent-Length: ", kContent.size(),
             "\r\nExpect: 100-continue\r\n\r\n");
  RawClient first(port());
  first.send(head);
  REQUIRE(first.read_head().starts_with("HTTP/1.1 100"));
  RawClient second(port());
  second.send(head);
  const std::string refusal = second.read_answer();
  CHECK(refusal.starts_with("HTTP/1.1 503"));
  CHECK(refusal.find("Retry-After: 1\r\n") != std::string::npos);
  first.send(kContent);
  CHECK(first.read_head().starts_with("HTTP/1.1 200"));
  CHECK(put(link("ada/m", "other", "upload"), "other").status == 200);
}

TEST_CASE_FIXTURE(Fixture, "a full disk is told, and nothing half stored") {
  set_log_sink([](LogLevel, std::string_view) {});
  begin();
  const std::string up = link("ada/m", kContent, "upload");
  SUBCASE("in the middle") { fs.fill_after(300'000); }
  SUBCASE("before the first byte") { fs.fill_after(0); }
  SUBCASE("when the proof is written") { fs.fill_after(kContent.size()); }
  SUBCASE("when it is synced") { fs.fail("sync", ENOSPC); }
  const HttpReply full = put(up, kContent);
  CHECK(full.status == 507);
  CHECK(full.body.find("disk is full") != std::string::npos);
  fs.make_room();
  CHECK(files(".tmp") == 0);
  CHECK(files("proofs") == 0);
  CHECK(commit("ada/m", lfs_line("w.bin", kContent)).status == 400);
  CHECK(put(up, kContent).status == 200);
  CHECK(commit("ada/m", lfs_line("w.bin", kContent)).status == 200);
}

// An upload of kContent in three parts.
struct PartsFixture : Fixture {
  std::string answer;  // of the batch
  std::string complete;

  void begin_parts() {
    options.lfs_part = 300'000;
    begin();
    answer =
        ask("POST", "/ada/m.git/info/lfs/objects/batch",
            concat(R"({"operation":"upload","transfers":["basic","multipart"],"objects":[{"oid":")",
                   kOid, R"(","size":)", kContent.size(), "}]}"))
            .body;
    complete = url_after("\"upload\":{\"href\":\"");
  }
  std::string url_after(std::string_view mark) const {
    const std::size_t begin = answer.find(mark) + mark.size();
    return answer.substr(begin, answer.find('"', begin) - begin);
  }
  long part(int number, std::string_view bytes) {
    return put(url_after(concat('"', number, "\":\"")), bytes).status;
  }
  void put_parts() {
    for (int i = 0; i < 3; ++i)
      REQUIRE(part(i + 1, kContent.substr(static_cast<std::size_t>(i) * 300'000, 300'000)) == 200);
  }
};

TEST_CASE_FIXTURE(PartsFixture, "parts are joined, and only when they are the content") {
  begin_parts();
  CHECK(answer.find("\"transfer\":\"multipart\"") != std::string::npos);
  CHECK(answer.find("\"chunk_size\":\"300000\"") != std::string::npos);
  CHECK(part(1, kContent.substr(0, 300'000)) == 200);
  CHECK(part(2, kContent.substr(300'000, 300'000)) == 200);
  CHECK(part(3, kContent.substr(0, 5)) == 400);
  CHECK(ask("POST", complete, "{}", Secret()).status == 400);  // one is missing
  SUBCASE("right") {
    CHECK(part(3, kContent.substr(600'000)) == 200);
    CHECK(ask("POST", complete, "{}", Secret()).status == 200);
    CHECK(ask("POST", complete, "{}", Secret()).status == 200);  // again, for a lost answer
    CHECK(commit("ada/m", lfs_line("w.bin", kContent)).status == 200);
    CHECK(ask("GET", "/ada/m/resolve/main/w.bin").body == kContent);
  }
  SUBCASE("wrong") {
    CHECK(part(3, std::string(100'000, 'x')) == 200);
    CHECK(ask("POST", complete, "{}", Secret()).status == 400);
    check_nothing_kept();
  }
  CHECK(files("parts") == 0);
  CHECK(files(".tmp") == 0);
}

TEST_CASE_FIXTURE(PartsFixture, "a hub that stops ends joining, and the parts stay") {
  begin_parts();
  put_parts();
  const auto store = *open_folder_store(fs, temp / "root");
  Repositories repositories(*store);
  internal::LfsLink link;
  link.action = internal::LfsLink::Action::kComplete;
  link.storage.text = complete.substr(complete.find("/api/lfs/") + 9, 32);
  link.oid = sha256(as_bytes(kContent));
  link.size = kContent.size();
  link.part_size = 300'000;
  std::stop_source stop;
  stop.request_stop();
  const Status stopped = internal::join_parts(repositories, link, stop.get_token());
  CHECK(detail(stopped, Detail::kHttpStatus) == "503");
  CHECK(files("parts") == 3);
  CHECK(ask("POST", complete, "{}", Secret()).status == 200);
}

TEST_CASE_FIXTURE(PartsFixture, "joining counts as an upload") {
  options.max_uploads = 1;
  begin_parts();
  put_parts();
  const std::string up = link("ada/m", "other", "upload");
  RawClient other(port());
  other.send(concat("PUT ", path_of(up),
                    " HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n"));
  REQUIRE(other.read_head().starts_with("HTTP/1.1 100"));
  RawClient client(port());
  client.send(
      concat("POST ", path_of(complete), " HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n"));
  const std::string refusal = client.read_answer();
  CHECK(refusal.starts_with("HTTP/1.1 503"));
  CHECK(refusal.find("Retry-After: 1\r\n") != std::string::npos);
  other.send("other");
  REQUIRE(other.read_head().starts_with("HTTP/1.1 200"));
  CHECK(ask("POST", complete, "{}", Secret()).status == 200);
}

TEST_CASE_FIXTURE(PartsFixture, "who joins parts beside another that is first succeeds as well") {
  begin_parts();
  put_parts();
  std::atomic<bool> first = true;
  long beside = 0;
  fs.set_hook([&](const testing::FileOperation& operation) -> Status {
    const std::string path = operation.path.native();
    if (operation.name == "open" && path.find("/parts/") != std::string::npos &&
        first.exchange(false))
      beside = ask("POST", complete, "{}", Secret()).status;
    return {};
  });
  CHECK(ask("POST", complete, "{}", Secret()).status == 200);
  CHECK(beside == 200);
  CHECK(commit("ada/m", lfs_line("w.bin", kContent)).status == 200);
  fs.set_hook(nullptr);
}

}  // namespace
}  // namespace hubdist
