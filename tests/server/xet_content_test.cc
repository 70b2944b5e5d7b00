// What a hub answers of contents that lie in its Xet storage: as if they were objects of their own.
#include <doctest/doctest.h>

#include "tests/server/hub_fixture.h"
#include "tests/server/xet_files.h"
#include <hubdist/server/repository.h>

namespace hubdist {
namespace {

using testing::file_line;
using testing::HubFixture;
using testing::lfs_line;
using testing::mixed_bytes;
using testing::XetSample;

struct Fixture : HubFixture {
  const XetSample sample{mixed_bytes(3, 300'000)};
  const std::string content{as_text(sample.content)};
  const std::string sha256 = sample.file.sha256->hex();
  std::unique_ptr<ObjectStore> store;
  std::unique_ptr<XetStore> xet;

  // A repository whose file lies in Xet storage alone.
  Fixture() {
    options.metrics = true;
    start();
    create("m", ada);
    REQUIRE(put(link("ada/m", content, "upload"), content).status == 200);
    REQUIRE(commit("ada/m", lfs_line("w.bin", content)).status == 200);
    store = *open_folder_store(posix_file_system(), temp / "root");
    xet = std::make_unique<XetStore>(*store);
    testing::put_sample(*xet, sample);
    REQUIRE(store->remove(blob_key(*sample.file.sha256)).ok());
  }

  HttpReply get(std::string_view path, HttpHeaders headers = {}, std::string method = "GET") {
    HttpRequest request;
    request.method = std::move(method);
    request.url =
        path.starts_with("http") ? std::string(path) : server->endpoint() + std::string(path);
    request.headers = std::move(headers);
    auto reply = http.fetch(request);
    REQUIRE_MESSAGE(reply.ok(), message(reply.status()));
    return *std::move(reply);
  }
  HttpReply get_range(std::string_view path, std::string_view range) {
    HttpHeaders headers;
    headers.add("Range", concat("bytes=", range));
    return get(path, std::move(headers));
  }
  static std::string field(const HttpReply& reply, std::string_view name) {
    return reply.headers.get(name).value_or("");
  }
  std::uint64_t metric(std::string_view name) {
    const std::string text = get("/metrics").body;
    const std::size_t at = text.find(concat('\n', name, ' '));
    REQUIRE(at != std::string::npos);
    return std::stoull(text.substr(at + name.size() + 2));
  }
};

constexpr std::string_view kPath = "/ada/m/resolve/main/w.bin";

}  // namespace

TEST_CASE_FIXTURE(Fixture, "a file is served out of xorbs: whole, in ranges, and on conditions") {
  const HttpReply whole = get(kPath);
  CHECK(whole.status == 200);
  CHECK(whole.body == content);
  CHECK(field(whole, "ETag") == concat('"', sha256, '"'));
  CHECK(field(whole, "X-Linked-Size") == std::to_string(content.size()));
  CHECK(field(whole, "Accept-Ranges") == "bytes");

  const HttpReply part = get_range(kPath, "12345-67890");
  CHECK(part.status == 206);
  CHECK(part.body == content.substr(12345, 67890 - 12345 + 1));
  CHECK(field(part, "Content-Range") == concat("bytes 12345-67890/", content.size()));
  CHECK(get_range(kPath, "-10").body == content.substr(content.size() - 10));
  CHECK(get_range(kPath, "299990-").body == content.substr(299'990));
  CHECK(get_range(kPath, "300000-").status == 416);

  const HttpReply head = get(kPath, {}, "HEAD");
  CHECK(head.status == 200);
  CHECK(field(head, "Content-Length") == std::to_string(content.size()));
  HttpHeaders known;
  known.add("If-None-Match", concat('"', sha256, '"'));
  CHECK(get(kPath, known).status == 304);
  CHECK(get("/ada/m/raw/main/w.bin").body.starts_with("version https://git-lfs"));
}

TEST_CASE_FIXTURE(Fixture, "clients of LFS get a link to it, with ranges") {
  const std::string url = link("ada/m", content, "download");
  REQUIRE_FALSE(url.empty());
  const HttpReply whole = get(url);
  CHECK(whole.status == 200);
  CHECK(whole.body == content);
  CHECK(field(whole, "ETag") == concat('"', sha256, '"'));
  CHECK(get_range(url, "100000-").body == content.substr(100'000));
  // Its content is there: nothing is to be uploaded.
  CHECK(link("ada/m", content, "upload").empty());
}

TEST_CASE_FIXTURE(Fixture, "a small file that git keeps is read from wherever it lies") {
  const std::string rules = "*.npy filter=lfs\\n";
  REQUIRE(commit("ada/m", file_line(".gitattributes", rules)).status == 200);
  const std::string text = "*.npy filter=lfs\n";
  const XetSample small(Bytes(as_bytes(text).begin(), as_bytes(text).end()));
  testing::put_sample(*xet, small);
  REQUIRE(store->remove(blob_key(*small.file.sha256)).ok());
  CHECK(get("/ada/m/raw/main/.gitattributes").body == text);
  CHECK(get("/ada/m/resolve/main/.gitattributes").body == text);
  const HttpReply modes = ask("POST", "/api/models/ada/m/preupload/main",
                              R"({"files":[{"path":"a.npy","size":3,"sample":""},)"
                              R"({"path":"a.bin","size":3,"sample":""}]})");
  CHECK(modes.body.find(R"("path":"a.npy","uploadMode":"lfs")") != std::string::npos);
  CHECK(modes.body.find(R"("path":"a.bin","uploadMode":"regular")") != std::string::npos);
}

TEST_CASE_FIXTURE(Fixture, "adding a folder stores nothing that lies in xorbs") {
  const Path folder = temp / "folder";
  std::filesystem::create_directory(folder);
  REQUIRE(write_file_atomic(posix_file_system(), folder / "same.bin", as_bytes(content)).ok());
  const auto added = server->add(folder, *RepoId::parse(RepoType::kModel, "ada/other"));
  REQUIRE(added.ok());
  CHECK(added->new_bytes == 0);
  CHECK(get("/ada/other/resolve/main/same.bin").body == content);
}

TEST_CASE_FIXTURE(Fixture, "what was read is counted against what was sent") {
  CHECK(metric("hubdist_content_sent_bytes_total") == 0);
  CHECK(get(kPath).body.size() == content.size());
  CHECK(metric("hubdist_content_sent_bytes_total") == content.size());
  // The file's terms and the indexes come on top of the chunks.
  const std::uint64_t first = metric("hubdist_content_read_bytes_total");
  CHECK(first > sample.packed_size());
  CHECK(first < sample.packed_size() + 10'000);
  CHECK(get(kPath).body.size() == content.size());
  CHECK(metric("hubdist_content_read_bytes_total") == first + sample.packed_size());
  // A range costs whole chunks, here of 5,000 bytes.
  CHECK(get_range(kPath, "7000-7099").body.size() == 100);
  CHECK(metric("hubdist_content_read_bytes_total") <=
        first + sample.packed_size() + 5000 + kChunkHeaderSize);
  // Nothing is read for a client that wants to know alone.
  const std::uint64_t before = metric("hubdist_content_read_bytes_total");
  CHECK(get(kPath, {}, "HEAD").status == 200);
  CHECK(metric("hubdist_content_read_bytes_total") == before);
  // An object is sent as it is.
  CHECK(get("/ada/m/resolve/main/.gitattributes").status == 200);
  const std::uint64_t rules = metric("hubdist_content_read_bytes_total") - before;
  CHECK(rules > 1000);
  CHECK(metric("hubdist_content_sent_bytes_total") == 2 * content.size() + 100 + rules);
}

TEST_CASE_FIXTURE(Fixture, "a damaged xorb gives no wrong byte") {
  const XorbHash last = sample.xorbs.back().index.hash;
  const auto object = store->get(xorb_key(last), kGiB);
  REQUIRE(object.ok());
  std::string bytes = object->content;
  bytes[100] = static_cast<char>(bytes[100] ^ 1);
  set_log_sink([](LogLevel, std::string_view) {});
  SUBCASE("damaged in its middle") { REQUIRE(store->put(xorb_key(last), as_bytes(bytes)).ok()); }
  SUBCASE("gone") { REQUIRE(store->remove(xorb_key(last)).ok()); }
  // An answer that has begun breaks off; one that cannot begin is an error.
  HttpRequest request;
  request.url = server->endpoint() + std::string(kPath);
  const auto whole = http.fetch(request);
  CHECK_FALSE(whole.ok());
  CHECK(get_range(kPath, "280010-280020").status == 500);
  CHECK(get_range(kPath, "0-99").body == content.substr(0, 100));
}

}  // namespace hubdist
