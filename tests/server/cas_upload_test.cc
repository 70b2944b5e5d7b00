// What may be wrong with what clients upload by the CAS API: nothing of it is left.
#include <thread>

#include "tests/server/cas_fixture.h"

namespace hubdist {
namespace {

using testing::CasFixture;
using testing::mixed_bytes;
using testing::RawClient;
using testing::shard_of;
using testing::XetSample;

struct Fixture : CasFixture {
  const XetSample sample{mixed_bytes(1, 200'000)};
  const BuiltXorb& xorb = sample.xorbs.front();
  const std::string path = concat("/v1/xorbs/default/", xet_hex(xorb.index.hash));

  void check_nothing_kept() {
    for (int i = 0; i < 1000 && files(".tmp") > 0; ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    CHECK(files(".tmp") == 0);
    CHECK(files("xorbs") == 0);
    CHECK(files("xet-proofs") == 0);
  }
  std::string head(const Cas& cas, std::string_view size, std::string_view more = "") const {
    return concat("POST ", cas.url.substr(server->endpoint().size()), path,
                  " HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer ", cas.token.reveal(), "\r\n",
                  size, "\r\n", more, "\r\n");
  }
};

TEST_CASE_FIXTURE(Fixture, "a xorb that is not what its name says") {
  begin();
  const Cas up = cas("ada/m");
  Bytes body = xorb.bytes;
  const auto header = [](std::uint32_t packed, std::uint8_t scheme, std::uint32_t raw) {
    Bytes bytes;
    append_le(bytes, packed << 8);
    append_le(bytes, scheme | raw << 8);
    return bytes;
  };
  std::string_view said;
  SUBCASE("another chunk") {
    body[20] ^= std::byte{1};
    said = "xorb";
  }
  SUBCASE("a chunk less") {
    body.resize(xorb.index.packed_ends[2]);
    said = "they make";
  }
  SUBCASE("cut inside a chunk") {
    body.resize(body.size() - 1);
    said = "ends inside a chunk";
  }
  SUBCASE("nothing") {
    body.clear();
    said = "no chunk";
  }
  SUBCASE("bytes behind it") {
    body.push_back(std::byte{0});
    said = "xorb";
  }
  SUBCASE("an unknown scheme") {
    body = header(100, 3, 100);
    body.resize(body.size() + 100);
    said = "scheme";
  }
  SUBCASE("a chunk that states more than one may have") {
    body = header(100, 1, 200'000);
    body.resize(body.size() + 100);
    said = "chunk";
  }
  SUBCASE("a chunk that unpacks to more than it states") {
    const Bytes zeros(100'000);
    Bytes packed;
    ChunkCompressor compressor;
    append_packed_chunk(packed, zeros, CompressionScheme::kLz4, compressor);
    body = header(static_cast<std::uint32_t>(packed.size() - kChunkHeaderSize), 1, 50);
    append_bytes(body, ByteView(packed).subspan(kChunkHeaderSize));
    said = "chunk 0";
  }
  SUBCASE("a footer of another") {
    append_xorb_footer(body, sample.xorbs.back().index);
    said = "footer";
  }
  const HttpReply reply = call(up, "POST", path, body);
  CHECK(reply.status == 400);
  CHECK_MESSAGE(reply.body.find(said) != std::string::npos, reply.body);
  check_nothing_kept();
  CHECK(post_xorb(up, xorb).status == 200);
}

TEST_CASE_FIXTURE(Fixture, "a xorb with its footer is taken as it is") {
  begin();
  const Cas up = cas("ada/m");
  Bytes body = xorb.bytes;
  append_xorb_footer(body, xorb.index);
  CHECK(call(up, "POST", path, body).status == 200);
  const std::string name = xet_hex(xorb.index.hash);
  CHECK(std::filesystem::file_size(temp / "root" / "xorbs" / name.substr(0, 2) / name) ==
        body.size());
}

TEST_CASE_FIXTURE(Fixture, "a xorb that breaks off, or is larger than announced") {
  begin();
  const Cas up = cas("ada/m");
  SUBCASE("broken off") {
    RawClient client(port());
    client.send(head(up, concat("Content-Length: ", xorb.bytes.size())));
    client.send(as_text(xorb.bytes).substr(0, 10'000));
  }
  SUBCASE("more than a xorb may have") {
    RawClient client(port());
    client.send(head(up, "Content-Length: 99999999"));
    CHECK(client.read_head().starts_with("HTTP/1.1 413"));
  }
  SUBCASE("without end") {
    RawClient client(port());
    client.send(head(up, "Transfer-Encoding: chunked"));
    client.send(concat("8\r\n", as_text(ByteView(xorb.bytes).first(8)), "\r\n"));
    client.send("zz\r\n");
  }
  check_nothing_kept();
}

TEST_CASE_FIXTURE(Fixture, "uploads beyond the limit are told to come again, before their body") {
  options.max_uploads = 1;
  begin();
  const Cas up = cas("ada/m");
  const std::string announced =
      head(up, concat("Content-Length: ", xorb.bytes.size()), "Expect: 100-continue\r\n");
  RawClient first(port());
  first.send(announced);
  REQUIRE(first.read_head().starts_with("HTTP/1.1 100"));
  RawClient second(port());
  second.send(announced);
  const std::string refusal = second.read_answer();
  CHECK(refusal.starts_with("HTTP/1.1 503"));
  CHECK(refusal.find("Retry-After: 1\r\n") != std::string::npos);
  first.send(as_text(xorb.bytes));
  CHECK(first.read_head().starts_with("HTTP/1.1 200"));
  CHECK(post_xorb(up, sample.xorbs.back()).status == 200);
}

TEST_CASE_FIXTURE(Fixture, "a full disk is told, and nothing half stored") {
  set_log_sink([](LogLevel, std::string_view) {});
  begin();
  const Cas up = cas("ada/m");
  SUBCASE("in the middle") { fs.fill_after(10'000); }
  SUBCASE("before the first byte") { fs.fill_after(0); }
  SUBCASE("at the footer") { fs.fill_after(xorb.bytes.size()); }
  SUBCASE("when it is synced") { fs.fail("sync", ENOSPC); }
  const HttpReply full = post_xorb(up, xorb);
  CHECK(full.status == 507);
  CHECK(full.body.find("disk is full") != std::string::npos);
  fs.make_room();
  CHECK(files(".tmp") == 0);
  CHECK(files("xet-proofs") == 0);
  upload(up, sample);
}

TEST_CASE_FIXTURE(Fixture, "a disk that is full when a shard comes") {
  set_log_sink([](LogLevel, std::string_view) {});
  begin();
  const Cas up = cas("ada/m");
  for (const BuiltXorb& one : sample.xorbs) REQUIRE(post_xorb(up, one).status == 200);
  const std::size_t proofs = files("xet-proofs");
  fs.fill_after(0);
  CHECK(post_shard(up, shard_of(sample)).status == 507);
  const HttpReply events = call(up, "POST", "/v2/shards", *shard_of(sample).upload_form());
  CHECK(events.body.find(R"("type":"error")") != std::string::npos);
  fs.make_room();
  CHECK(files("xet-proofs") == proofs);
  CHECK(files("proofs") == 0);
  CHECK(call(up, "GET", file_path(sample)).status == 404);
  CHECK(post_shard(up, shard_of(sample)).status == 200);
}

// Who wrote its proof may have been killed before it was synced.
TEST_CASE_FIXTURE(Fixture, "that a xorb is there is told when it is durable") {
  set_log_sink([](LogLevel, std::string_view) {});
  begin();
  const Cas up = cas("ada/m");
  REQUIRE(post_xorb(up, xorb).status == 200);
  fs.fail("sync_directory", EIO);
  CHECK(call(up, "HEAD", path).status == 500);
  fs.reset();
  CHECK(call(up, "HEAD", path).status == 200);
  fs.fail("sync_directory", EIO);
  CHECK(post_xorb(up, xorb).status == 500);
  fs.reset();
  CHECK(post_xorb(up, xorb).body == R"({"was_inserted":false})");
}

TEST_CASE_FIXTURE(Fixture, "a shard that says what is not so") {
  begin();
  const Cas up = cas("ada/m");
  for (const BuiltXorb& one : sample.xorbs) REQUIRE(post_xorb(up, one).status == 200);
  FileRecord record{sample.file.hash, sample.file.terms, {}, sample.file.sha256};
  for (const BuiltXorb& one : sample.xorbs)
    record.range_hashes.push_back(range_hash(one.index.hashes));
  std::vector<Bytes> shards;
  const auto add = [&](const FileRecord& file) {
    ShardBuilder builder;
    REQUIRE(builder.add(file).ok());
    shards.push_back(*builder.upload_form());
  };
  FileRecord wrong = record;
  wrong.terms[0].chunks.end += 1;  // past the xorb's end
  add(wrong);
  wrong = record;
  wrong.terms[0].raw_size -= 1;
  add(wrong);
  wrong = record;
  std::swap(wrong.terms[0], wrong.terms[1]);
  std::swap(wrong.range_hashes[0], wrong.range_hashes[1]);  // another file
  add(wrong);
  wrong = record;
  wrong.range_hashes[1] = wrong.range_hashes[0];
  add(wrong);
  wrong = record;
  wrong.sha256 = sha256(as_bytes("another"));
  add(wrong);
  ShardBuilder xorbs;
  XorbRecord block = make_record(xorb.index);
  block.chunks.pop_back();
  REQUIRE(xorbs.add(std::move(block)).ok());
  shards.push_back(*xorbs.upload_form());
  ShardBuilder::Stored keyed;
  keyed.key.fill(std::byte{1});
  shards.push_back(*shard_of(sample).stored_form(keyed));
  const Bytes right = *shard_of(sample).upload_form();
  for (const std::size_t size : {std::size_t{0}, std::size_t{47}, right.size() - 48})
    shards.emplace_back(right.begin(), right.begin() + static_cast<std::ptrdiff_t>(size));
  for (const Bytes& shard : shards) {
    const HttpReply reply = call(up, "POST", "/v1/shards", shard);
    CHECK_MESSAGE(reply.status == 400, reply.body);
  }
  CHECK(files("xet-files") == 0);
  CHECK(files("proofs") == 0);
  CHECK(files("xet-chunks") == 0);
  CHECK(call(up, "POST", "/v1/shards", right).status == 200);
}

TEST_CASE_FIXTURE(Fixture, "a small shard that tells of more than a hub takes") {
  begin();
  const Cas up = cas("ada/m");
  const XetSample large(Bytes(64 * kMaxChunkSize), kMaxChunkSize, 64);
  REQUIRE(post_xorb(up, large.xorbs.front()).status == 200);
  FileRecord record;
  record.hash = large.file.hash;
  record.terms.assign((kGiB << 10) / large.content.size() + 1, large.file.terms.front());
  record.range_hashes.assign(record.terms.size(), range_hash(large.xorbs.front().index.hashes));
  ShardBuilder shard;
  REQUIRE(shard.add(std::move(record)).ok());
  const HttpReply reply = post_shard(up, shard);
  CHECK(reply.status == 400);
  CHECK(reply.body.find("more than a hub takes") != std::string::npos);
}

TEST_CASE_FIXTURE(Fixture, "a shard that announces more than one may have") {
  begin();
  const Cas up = cas("ada/m");
  RawClient client(port());
  client.send(concat("POST ", up.url.substr(server->endpoint().size()),
                     "/v2/shards HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer ", up.token.reveal(),
                     "\r\nContent-Length: 67108865\r\n\r\n"));
  CHECK(client.read_head().starts_with("HTTP/1.1 413"));
}

TEST_CASE_FIXTURE(Fixture, "shards beyond the memory for them are told to come again") {
  begin();
  const Cas up = cas("ada/m");
  const std::string announced =
      concat("POST ", up.url.substr(server->endpoint().size()),
             "/v1/shards HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer ", up.token.reveal(),
             "\r\nContent-Length: 67108864\r\nExpect: 100-continue\r\n\r\n");
  RawClient first(port());
  RawClient second(port());
  for (RawClient* client : {&first, &second}) {
    client->send(announced);
    REQUIRE(client->read_head().starts_with("HTTP/1.1 100"));
  }
  RawClient third(port());
  third.send(announced);
  CHECK(third.read_answer().starts_with("HTTP/1.1 503"));
}

}  // namespace
}  // namespace hubdist
