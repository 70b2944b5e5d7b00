// A xorb's hash says nothing of how its chunks are packed: what several repositories make of one
// another's chunks and files.
#include "tests/server/cas_fixture.h"
#include <hubdist/core/reconstruction.h>

namespace hubdist {
namespace {

using testing::bf16_weights;
using testing::CasFixture;
using testing::lfs_line;
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

}  // namespace
}  // namespace hubdist
