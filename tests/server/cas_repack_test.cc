// A xorb's hash says nothing of how its chunks are packed: what several repositories make of one
// another's chunks and files.
#include "tests/server/cas_fixture.h"
#include <hubdist/core/reconstruction.h>

namespace hubdist {
namespace {

using testing::bf16_weights;
using testing::CasFixture;
using testing::lfs_line;
using testing::shard_of;
using testing::XetSample;

struct Fixture : CasFixture {
  const Bytes content = bf16_weights(1, 60'000);

  // The sample with all its chunks packed in one way.
  static XetSample packed(XetSample sample, CompressionScheme scheme) {
    std::size_t at = 0;
    for (BuiltXorb& xorb : sample.xorbs) {
      XorbBuilder builder;
      for (std::uint32_t c = 0; c < xorb.index.chunk_count(); ++c) {
        const std::size_t size = xorb.index.chunk(c).size;
        const ByteView chunk = ByteView(sample.content).subspan(at, size);
        REQUIRE(builder.add(xorb.index.hashes[c], chunk, scheme).ok());
        at += size;
      }
      const XorbHash hash = xorb.index.hash;
      xorb = *builder.finish();
      REQUIRE(xorb.index.hash == hash);
    }
    return sample;
  }
  HttpReply download(std::string_view repo) {
    return ask("GET", concat('/', repo, "/resolve/main/w.bin"));
  }
  std::string stored(const XorbHash& hash) const {
    const std::string name = xet_hex(hash);
    auto file = posix_file_system().open(temp / "root" / "xorbs" / name.substr(0, 2) / name,
                                         OpenMode::kRead);
    REQUIRE(file.ok());
    std::string bytes(static_cast<std::size_t>((*file)->info()->size), '\0');
    REQUIRE(read_exactly(**file, std::as_writable_bytes(std::span(bytes)), 0).ok());
    return bytes;
  }
  void damage(std::string_view key) {
    auto file = posix_file_system().open(temp / "root" / key, OpenMode::kReadWrite);
    REQUIRE(file.ok());
    REQUIRE((*file)->truncate(10).ok());
  }
};

TEST_CASE_FIXTURE(Fixture, "a xorb that comes again in another packing") {
  const XetSample plain = packed(XetSample(content), CompressionScheme::kNone);
  const XetSample grouped = packed(XetSample(content), CompressionScheme::kByteGroupedLz4);
  const XorbHash hash = plain.xorbs.front().index.hash;
  REQUIRE(plain.xorbs.front().bytes != grouped.xorbs.front().bytes);
  begin();
  create("n", ada);
  const Cas first = cas("ada/m");
  upload(first, plain);
  REQUIRE(commit("ada/m", lfs_line("w.bin", as_text(content))).status == 200);
  const std::string before = stored(hash);
  const auto plan = parse_reconstruction(call(first, "GET", file_path(plain)).body);
  REQUIRE(plan.ok());
  const Fetch& fetch = plan->xorbs.at(hash).front();
  const ByteRange bytes = fetch.ranges.front().bytes;
  const auto fetched = [&] {
    return call({first.url, Secret()}, "GET", fetch.url, {},
                concat(bytes.begin, '-', bytes.end - 1))
        .body;
  };
  const std::string chunks = fetched();
  REQUIRE(chunks.size() == bytes.size());

  std::unique_ptr<HubServer> other;
  SUBCASE("to the same server") {}
  SUBCASE("to another server on the folder") {
    auto started = HubServer::start(options);
    REQUIRE_MESSAGE(started.ok(), message(started.status()));
    other = *std::move(started);
    std::swap(server, other);
  }
  upload(cas("ada/n"), grouped);
  REQUIRE(commit("ada/n", lfs_line("w.bin", as_text(content))).status == 200);
  CHECK(download("ada/n").body == as_text(content));
  if (other) std::swap(server, other);

  CHECK(stored(hash) == before);
  CHECK(files(".tmp") == 0);
  CHECK(fetched() == chunks);
  CHECK(download("ada/m").body == as_text(content));
  CHECK(download("ada/n").body == as_text(content));
}

TEST_CASE_FIXTURE(Fixture, "a xorb whose footer is damaged is replaced by one that comes again") {
  const XetSample plain = packed(XetSample(content), CompressionScheme::kNone);
  const XetSample grouped = packed(XetSample(content), CompressionScheme::kByteGroupedLz4);
  begin();
  create("n", ada);
  upload(cas("ada/m"), plain);
  damage(xorb_key(plain.xorbs.front().index.hash));
  upload(cas("ada/n"), grouped);
  REQUIRE(commit("ada/n", lfs_line("w.bin", as_text(content))).status == 200);
  CHECK(download("ada/n").body == as_text(content));
}

TEST_CASE_FIXTURE(Fixture,
                  "a repository sees its own xorbs in a file that others packed otherwise") {
  const XetSample secret(content, 5000, 4);
  const XetSample mine(content, 5000, 3);
  REQUIRE(secret.file.hash == mine.file.hash);
  begin();
  create_private("secret");
  const Cas there = cas("ada/secret");
  const Cas here = cas("ada/m");
  upload(there, secret);
  upload(here, mine);
  const auto names_of = [&](const Cas& cas, std::string_view path) {
    std::vector<XorbHash> names;
    const auto plan = parse_reconstruction(call(cas, "GET", path).body);
    REQUIRE(plan.ok());
    for (const Term& term : plan->terms) names.push_back(term.xorb);
    return names;
  };
  const auto names_in = [](const XetSample& sample) {
    std::vector<XorbHash> names;
    for (const Term& term : sample.file.terms) names.push_back(term.xorb);
    return names;
  };
  for (const char* version : {"v1", "v2"}) {
    CHECK(names_of(here, file_path(mine, version)) == names_in(mine));
    CHECK(names_of(there, file_path(secret, version)) == names_in(secret));
  }
  const std::string batch =
      call(here, "GET", concat("/v1/reconstructions?file_id=", xet_hex(mine.file.hash))).body;
  for (const BuiltXorb& xorb : secret.xorbs)
    if (xorb.index.hash != mine.xorbs.back().index.hash)
      CHECK(batch.find(xet_hex(xorb.index.hash)) == batch.npos);
  REQUIRE(commit("ada/m", lfs_line("w.bin", as_text(content))).status == 200);
  CHECK(download("ada/m").body == as_text(content));
}

TEST_CASE_FIXTURE(Fixture, "whether somebody else has a file is not seen by the hashing of it") {
  const XetSample sample(content);
  begin();
  create_private("secret");
  upload(cas("ada/secret"), sample);
  const Cas here = cas("ada/m");
  for (const BuiltXorb& xorb : sample.xorbs) REQUIRE(post_xorb(here, xorb).status == 200);
  const auto events = [&] {
    return call(here, "POST", "/v2/shards", *shard_of(sample).upload_form()).body;
  };
  // What is damaged behind a sound footer is found out by reading alone.
  const std::string name = xorb_key(sample.xorbs.front().index.hash);
  auto file = posix_file_system().open(temp / "root" / name, OpenMode::kReadWrite);
  REQUIRE(file.ok());
  Bytes byte(1);
  REQUIRE(read_exactly(**file, byte, 100).ok());
  const Bytes flipped{byte[0] ^ std::byte{1}};
  REQUIRE((*file)->pwrite(flipped, 100).ok());
  CHECK(events().find(R"("type":"error")") != std::string::npos);
  REQUIRE((*file)->pwrite(byte, 100).ok());
  CHECK(events().find(R"("type":"result")") != std::string::npos);
  // Its own is not read again.
  REQUIRE((*file)->pwrite(flipped, 100).ok());
  CHECK(events().find(R"("type":"result")") != std::string::npos);
}

TEST_CASE_FIXTURE(Fixture, "a file whose object is damaged is healed by who uploads it again") {
  const XetSample sample(content);
  begin();
  const Cas up = cas("ada/m");
  upload(up, sample);
  REQUIRE(commit("ada/m", lfs_line("w.bin", as_text(content))).status == 200);
  damage(xet_file_key(sample.file.hash));
  server.reset();
  start();
  CHECK(download("ada/m").status == 500);
  create("n", ada);
  upload(cas("ada/n"), sample);
  CHECK(download("ada/m").body == as_text(content));
}

}  // namespace
}  // namespace hubdist
