// Downloads of files that lie in Xet storage.
#include "tests/client/client_fixture.h"
#include "tests/support/fake_cas.h"

using namespace hubdist;
using namespace hubdist::testing;

namespace {

struct XetFixture : ClientFixture {
  FakeCas cas;

  XetFixture() {
    hub->cas_url = cas.url();
    store("model.bin");
    ClientOptions quick = options();
    quick.retry.base_delay = std::chrono::milliseconds(1);
    quick.retry.max_delay = std::chrono::milliseconds(5);
    client = make(std::move(quick));
  }
  void store(const std::string& path) { hub->xet[path] = cas.add(files.at(path)); }
  std::uint64_t small() const { return 2 + 3; }  // bytes of the other files, one of them once
};

}  // namespace

TEST_CASE_FIXTURE(XetFixture, "a file in Xet storage comes from there") {
  const DownloadReport report = get(request());
  check_all(report.path, files);
  CHECK(report.verified);
  CHECK(report.bytes_from_origin == big.size() + small());
  CHECK(hub->bytes == small());
  CHECK(hub->leaves == 1);
  CHECK(cas.xorb_bytes() > big.size());
  // Held: nobody is asked.
  CHECK(get(request()).bytes_from_origin == 0);
  CHECK(hub->leaves == 1);
}

TEST_CASE_FIXTURE(XetFixture, "one file alone does, too") {
  auto report = client->download_file(file_request("model.bin"));
  REQUIRE_MESSAGE(report.ok(), report.status().ToString());
  CHECK((content(report->path) == big));
  CHECK(hub->bytes == 0);
}

TEST_CASE_FIXTURE(XetFixture, "without Xet the plain way is open") {
  SUBCASE("the hub refuses") { hub->no_leave = not_found("no Xet here"); }
  SUBCASE("the hub forbids") { hub->no_leave = permission_denied("not for you"); }
  SUBCASE("the store does not know the file") {
    hub->xet["model.bin"] = file_hash(std::vector<Chunk>{{chunk_hash(as_bytes("x")), 1}});
  }
  SUBCASE("nobody wants it") {
    ClientOptions plain = options();
    plain.xet = false;
    client = make(plain);
  }
  const DownloadReport report = get(request());
  check_all(report.path, files);
  CHECK(hub->bytes == big.size() + small());
  CHECK(cas.xorb_bytes() == 0);
}

TEST_CASE_FIXTURE(XetFixture, "files that have chunks in common are read together") {
  files["again.bin"] = big.substr(0, 2'000'000) + "changed" + big.substr(2'000'000);
  hub->commit(kFirst, files);
  store("again.bin");
  const DownloadReport report = get(request());
  check_all(report.path, files);
  CHECK(cas.xorb_bytes() < big.size() + 500'000);
}

TEST_CASE_FIXTURE(XetFixture, "a download that broke off goes on where it stopped") {
  std::atomic<int> asked = 0;
  cas.serve_xorb = [&](const XorbHash&, ByteRange range, const std::string& bytes) -> FaultScript {
    if (++asked < 2) return {};
    if (asked > 2) return answer(410);
    return [range, bytes](const SeenRequest&, FaultConnection& connection) {
      connection.send(response_head(206, {{"Content-Length", std::to_string(bytes.size())}}));
      connection.send(bytes.substr(0, bytes.size() / 2));
      connection.close();
    };
  };
  auto broken = client->download_snapshot(request());
  REQUIRE(!broken.ok());
  const std::uint64_t before = cas.xorb_bytes();
  cas.serve_xorb = nullptr;
  client = make();
  const DownloadReport report = get(request());
  check_all(report.path, files);
  CHECK(report.bytes_held > big.size() / 4);
  CHECK(cas.xorb_bytes() - before < big.size() - report.bytes_held + 200'000);
}

TEST_CASE_FIXTURE(XetFixture, "wrong bytes never reach a file's path") {
  const Term damaged = cas.terms_of(hub->xet["model.bin"]).front();
  const auto flip = [&](int times) {
    auto left = std::make_shared<std::atomic<int>>(times);
    cas.serve_xorb = [=](const XorbHash& xorb, ByteRange range, std::string bytes) -> FaultScript {
      if (xorb != damaged.xorb || range.begin > 5000 || (*left)-- <= 0) return {};
      bytes[5000 - range.begin] = static_cast<char>(bytes[5000 - range.begin] ^ 1);
      return xorb_part(range, bytes);
    };
  };
  SUBCASE("damaged once, it is read again") {
    flip(1);
    check_all(get(request()).path, files);
  }
  SUBCASE("where the store tells the chunks, the wrong one alone is read again") {
    cas.manifests = true;
    flip(1);
    check_all(get(request()).path, files);
    CHECK(cas.xorb_bytes() < big.size() + 2 * kMaxChunkSize);
  }
  SUBCASE("damaged for ever, the error names the xorb") {
    flip(1000);
    const auto report = client->download_snapshot(request());
    CHECK(report.status().code() == StatusCode::kDataLoss);
    const std::string text(message(report.status()));
    CHECK_MESSAGE(text.find("model.bin") != text.npos, text);
    CHECK_MESSAGE(text.find(xet_hex(damaged.xorb)) != text.npos, text);
    CHECK_FALSE(exists(fs, dir / "hub/models--org--model/snapshots" / kFirst / "model.bin"));
    // Repaired, it is fetched as if nothing had been.
    cas.serve_xorb = nullptr;
    check_all(get(request()).path, files);
  }
}

TEST_CASE_FIXTURE(XetFixture, "a full disk is said, and what came is kept") {
  fs.fill_after(1'000'000);
  const auto report = client->download_snapshot(request());
  CHECK(report.status().code() == StatusCode::kFailedPrecondition);
  CHECK(message(report.status()).find("the disk is full") != std::string_view::npos);
}
