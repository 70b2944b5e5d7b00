// The routes of the CAS API: what they answer when all is well, and when a question is wrong.
#include "tests/server/cas_fixture.h"
#include <hubdist/core/manifest.h>
#include <hubdist/core/reconstruction.h>

namespace hubdist {
namespace {

using testing::CasFixture;
using testing::mixed_bytes;
using testing::shard_of;
using testing::text_field;
using testing::XetSample;

struct Fixture : CasFixture {
  const XetSample sample{mixed_bytes(1, 200'000)};

  // The bytes of a file (or a part) by what a reconstruction says, without its offset.
  std::string fetch(const Cas& cas, const Reconstruction& plan) {
    std::string content;
    for (const Term& term : plan.terms) {
      const auto place = plan.find(term);
      REQUIRE(place.range != nullptr);
      const ByteRange bytes = place.range->bytes;
      const HttpReply part = call({cas.url, Secret()}, "GET", place.fetch->url, {},
                                  concat(bytes.begin, '-', bytes.end - 1));
      REQUIRE_MESSAGE(part.status == 206, part.body);
      ChunkSplitter splitter;
      std::uint32_t chunk = place.range->chunks.begin;
      for (ByteView rest = as_bytes(part.body); !rest.empty(); ++chunk) {
        const auto step = splitter.next(rest);
        REQUIRE(step.ok());
        REQUIRE(step->chunk);
        Bytes buffer;
        const auto raw = unpack_chunk(*step->chunk, buffer);
        REQUIRE(raw.ok());
        if (chunk >= term.chunks.begin && chunk < term.chunks.end) content += as_text(*raw);
        rest = rest.subspan(step->taken);
      }
    }
    return content;
  }
  std::string fetch_range(const Cas& cas, std::string_view version, std::string_view range,
                          std::size_t size) {
    const HttpReply reply = call(cas, "GET", file_path(sample, version), {}, range);
    REQUIRE_MESSAGE(reply.status == 200, reply.body);
    const auto plan = parse_reconstruction(reply.body);
    REQUIRE(plan.ok());
    return fetch(cas, *plan).substr(plan->offset_into_first_range, size);
  }
};

TEST_CASE_FIXTURE(Fixture, "a file goes up and comes down") {
  begin();
  const Cas up = cas("ada/m");
  CHECK(up.url.starts_with(server->endpoint()));
  upload(up, sample);
  const Cas down = cas("ada/m", "read", Secret());  // anybody
  const std::string content(as_text(sample.content));
  CHECK(fetch_range(down, "v1", "", content.size()) == content);
  CHECK(fetch_range(down, "v2", "", content.size()) == content);
  CHECK(fetch_range(down, "v2", "12345-150000", 137'656) == content.substr(12345, 137'656));
  CHECK(fetch_range(down, "v1", "199999-999999999", 1) == content.substr(199'999));
  CHECK(call(down, "GET", file_path(sample), {}, "200000-").status == 416);
  CHECK(call(down, "GET", file_path(sample, "v2"), {}, "200000-300000").status == 416);

  const HttpReply size = call(down, "HEAD", concat("/v1/files/", xet_hex(sample.file.hash)));
  CHECK(size.status == 200);
  CHECK(size.headers.get("Content-Length") == "200000");
  CHECK(ask("POST", "/api/models/ada/m/commit/main",
            concat(R"({"key":"header","value":{"summary":"s"}})", '\n',
                   testing::lfs_line("w.bin", content)))
            .status == 200);
  const HttpReply file = ask("GET", "/ada/m/resolve/main/w.bin");
  CHECK(file.body == content);
  CHECK(file.headers.get("X-Xet-Hash") == xet_hex(sample.file.hash));
  CHECK(file.headers.get("Link").value_or("").find("/xet-read-token/") != std::string::npos);
  CHECK(ask("GET", "/api/models/ada/m/tree/main").body.find(xet_hex(sample.file.hash)) !=
        std::string::npos);
}

TEST_CASE_FIXTURE(Fixture, "token routes answer in fields and in JSON") {
  begin();
  for (const char* type : {"models", "datasets", "spaces"}) {
    ask("POST", "/api/repos/create",
        concat(R"({"name":"t","type":")", std::string_view(type).substr(0, std::strlen(type) - 1),
               "\"}"));
    const HttpReply reply =
        ask("GET", concat("/api/", type, "/ada/t/xet-write-token/refs%2Fpr%2F1"));
    CHECK(reply.status == 200);
    CHECK(reply.headers.get("X-Xet-Access-Token") == text_field(reply.body, "accessToken"));
    CHECK(reply.headers.get("X-Xet-Cas-Url") == text_field(reply.body, "casUrl"));
    CHECK(reply.body.find(concat("\"exp\":", *reply.headers.get("X-Xet-Token-Expiration"))) !=
          std::string::npos);
    CHECK(reply.headers.get("Cache-Control") == "no-store");
  }
  CHECK(ask("GET", "/api/models/ada/m/xet-write-token/main", "", Secret()).status == 401);
  CHECK(ask("GET", "/api/models/ada/m/xet-write-token/main", "", token("eve")).status == 403);
  CHECK(ask("POST", "/api/models/ada/m/xet-write-token/main").status == 405);
  CHECK(ask("GET", "/api/models/ada/no/xet-read-token/main").status == 404);
}

TEST_CASE_FIXTURE(Fixture, "a manifest makes the file's hash") {
  begin();
  const Cas up = cas("ada/m");
  upload(up, sample);
  const HttpReply reply = call(up, "GET", concat("/v1/manifests/", xet_hex(sample.file.hash)));
  REQUIRE(reply.status == 200);
  ByteReader reader(as_bytes(reply.body));
  Manifest manifest;
  manifest.file_hash = sample.file.hash;
  while (reader.remaining() > 0) {
    Chunk chunk;
    const auto hash = reader.read_bytes(ChunkHash::kSize);
    REQUIRE(hash.ok());
    std::copy(hash->begin(), hash->end(), chunk.hash.bytes.begin());
    chunk.size = *reader.read<std::uint32_t>();
    manifest.chunks.push_back(chunk);
  }
  CHECK(check_manifest(manifest, sample.file.hash, sample.content.size()).ok());
}

TEST_CASE_FIXTURE(Fixture, "several files are asked for at once") {
  begin();
  const Cas up = cas("ada/m");
  const XetSample other(mixed_bytes(9, 50'000));
  upload(up, sample);
  upload(up, other);
  const std::string ids =
      concat("file_id=", xet_hex(sample.file.hash), "&file_id=", xet_hex(other.file.hash));
  const HttpReply both = call(up, "GET", concat("/v1/reconstructions?", ids));
  CHECK(both.status == 200);
  for (const XetSample* one : {&sample, &other})
    CHECK(both.body.find(xet_hex(one->file.hash)) != std::string::npos);
  CHECK(call(up, "GET", concat("/v1/reconstructions?", ids, "&file_id=", std::string(64, '0')))
            .status == 404);
  CHECK(call(up, "GET", "/v1/reconstructions").status == 400);
}

TEST_CASE_FIXTURE(Fixture, "grants") {
  begin();
  const Cas up = cas("ada/m");
  const BuiltXorb& xorb = sample.xorbs.front();
  const std::string name = xet_hex(xorb.index.hash);
  const std::string grants = concat("/v1/xorb-grants/default/", name);
  const std::string commit_path = concat("/v1/xorb-commits/default/", name, "/grant/");
  const std::string ask_for = concat(R"({"length":)", xorb.bytes.size(),
                                     R"(,"checksum":{"algo":"crc64nvme","value":"1"}})");
  const HttpReply grant = call(up, "POST", grants, as_bytes(ask_for));
  REQUIRE(grant.status == 201);
  CHECK(text_field(grant.body, "method") == "PUT");
  const std::string id = text_field(grant.body, "id");
  CHECK(call(up, "POST", commit_path + id).status == 404);  // nothing has come
  const std::string url = text_field(grant.body, "url");
  Bytes wrong = xorb.bytes;
  wrong.pop_back();
  CHECK(put(url, as_text(wrong)).status == 400);
  CHECK(call(up, "POST", commit_path + id).status == 404);
  CHECK(ask("GET", url).status == 403);
  CHECK(put(url.substr(0, url.size() - 1), as_text(xorb.bytes)).status == 403);
  CHECK(put(url, as_text(xorb.bytes)).status == 200);
  CHECK(call(up, "POST", commit_path + id).status == 200);
  CHECK(call(up, "HEAD", concat("/v1/xorbs/default/", name)).status == 200);
  CHECK(call(up, "POST", grants, as_bytes(ask_for)).status == 200);
  for (const char* body : {"", "{}", R"({"length":0})", R"({"length":99999999999})"})
    CHECK(call(up, "POST", grants, as_bytes(body)).status == 400);
}

TEST_CASE_FIXTURE(Fixture, "version 2 of shards tells what happens, line by line") {
  begin();
  const Cas up = cas("ada/m");
  for (const BuiltXorb& xorb : sample.xorbs) REQUIRE(post_xorb(up, xorb).status == 200);
  const HttpReply kept = call(up, "POST", "/v2/shards", *shard_of(sample).upload_form());
  CHECK(kept.status == 200);
  CHECK(kept.body == concat(R"({"type":"validating","verified":0,"total":200000})", '\n',
                            R"({"type":"result"})", '\n'));
  const HttpReply wrong = call(up, "POST", "/v2/shards", as_bytes("no shard"));
  CHECK(wrong.status == 200);
  CHECK(text_field(wrong.body, "type") == "error");
  CHECK(wrong.body.find(R"("retryable":false)") != std::string::npos);
  CHECK(text_field(wrong.body, "message").find("not kept") != std::string::npos);
}

TEST_CASE_FIXTURE(Fixture, "an empty file") {
  begin();
  const Cas up = cas("ada/m");
  const XetSample empty{Bytes()};
  const HttpReply kept = post_shard(up, shard_of(empty, true, Sha256{}));  // as clients state it
  CHECK(kept.status == 200);
  const HttpReply plan = call(up, "GET", file_path(empty));
  CHECK(plan.status == 200);
  CHECK(plan.body.find(R"("terms":[])") != std::string::npos);
  CHECK(commit("ada/m", testing::lfs_line("e.bin", "")).status == 200);
  const HttpReply file = ask("GET", "/ada/m/resolve/main/e.bin");
  CHECK(file.status == 200);
  CHECK(file.body.empty());
}

TEST_CASE_FIXTURE(Fixture, "what is known is taken again, and not doubled") {
  begin();
  const Cas up = cas("ada/m");
  upload(up, sample);
  const std::size_t before = files("");
  CHECK(post_xorb(up, sample.xorbs.front()).body == R"({"was_inserted":false})");
  upload(up, sample);
  CHECK(files("") == before);
  CHECK(files(".tmp") == 0);
}

TEST_CASE_FIXTURE(Fixture, "global deduplication") {
  begin();
  const Cas up = cas("ada/m");
  const std::string first =
      concat("/v1/chunks/default/", xet_hex(sample.xorbs.front().index.hashes.front()));
  CHECK(call(up, "GET", first).status == 404);
  upload(up, sample);
  const HttpReply reply = call(up, "GET", first);
  REQUIRE(reply.status == 200);
  const auto shard = Shard::parse(as_bytes(reply.body));
  REQUIRE(shard.ok());
  CHECK(check_shard(*shard).ok());
  CHECK(shard->file_count() == 0);
  CHECK(shard->xorb_count() == sample.xorbs.size());  // what came with it as well
  REQUIRE(shard->footer());
  CHECK(shard->footer()->key != DedupeKey{});
  CHECK(shard->footer()->key_expiry > shard->footer()->created);
  CHECK(shard->find_chunk(sample.xorbs.back().index.hashes.back()).size() == 1);
  CHECK(reply.body.find(std::string(as_text(sample.xorbs.back().index.hashes.back().bytes))) ==
        std::string::npos);
  // Only chunks that clients ask for are found.
  const std::string second =
      concat("/v1/chunks/default-merkledb/", xet_hex(sample.xorbs.front().index.hashes[1]));
  CHECK(call(up, "GET", second).status == 404);
}

TEST_CASE_FIXTURE(Fixture, "questions that are none") {
  begin();
  const Cas up = cas("ada/m");
  CHECK(call(up, "GET", "/health").status == 200);
  CHECK(call(up, "POST", "/v1/telemetry", as_bytes("anything")).status == 200);
  for (const char* path : {"", "/", "/v1", "/v3/shards", "/v1/xorbs/default", "/v1/xorbs/default/",
                           "/v1/chunks//x", "/v1/nothing", "/v2/xorbs/default/x", "/v1/files/a/b"})
    CHECK_MESSAGE(call(up, "GET", path).status == 404, path);
  for (const char* path : {"/v1/reconstructions/x", "/v1/chunks/default/x", "/v1/manifests/../x"})
    CHECK_MESSAGE(call(up, "GET", path).status >= 400, path);
  CHECK(call(up, "GET", "/v1/shards").status == 405);
  CHECK(call(up, "DELETE", concat("/v1/files/", std::string(64, 'a'))).status == 405);
  CHECK(call(up, "POST", "/v1/xorbs/default/nohash", as_bytes("x")).status == 400);
}

}  // namespace
}  // namespace hubdist
