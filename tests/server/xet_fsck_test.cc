// fsck of a hub whose contents lie in Xet storage.
#include <vector>

#include <doctest/doctest.h>

#include "tests/server/hub_fixture.h"
#include "tests/server/xet_files.h"
#include <hubdist/server/fsck.h>
#include <hubdist/server/repository.h>

namespace hubdist {
namespace {

using testing::HubFixture;
using testing::lfs_line;
using testing::mixed_bytes;
using testing::XetSample;

struct Fixture : HubFixture {
  const XetSample sample{mixed_bytes(3, 100'000)};
  const Sha256 sha256 = *sample.file.sha256;
  std::unique_ptr<ObjectStore> store;
  std::unique_ptr<XetStore> xet;
  std::vector<std::string> problems;

  Fixture() {
    const std::string content(as_text(sample.content));
    start();
    create("m", ada);
    REQUIRE(put(link("ada/m", content, "upload"), content).status == 200);
    REQUIRE(commit("ada/m", lfs_line("w.bin", content)).status == 200);
    store = *open_folder_store(posix_file_system(), temp / "root");
    xet = std::make_unique<XetStore>(*store);
    testing::put_sample(*xet, sample);
    REQUIRE(store->remove(blob_key(sha256)).ok());
  }
  FsckResult check(bool hash_contents = true) {
    problems.clear();
    const auto result = check_hub(*store, {.hash_contents = hash_contents},
                                  [&](std::string_view what) { problems.emplace_back(what); });
    REQUIRE(result.ok());
    CHECK(result->problems == problems.size());
    return *result;
  }
  // Whether a problem says all of that.
  bool is_told(std::string_view part, std::string_view other = "") {
    for (const std::string& problem : problems)
      if (problem.find(part) != std::string::npos && problem.find(other) != std::string::npos)
        return true;
    for (const std::string& problem : problems) MESSAGE(problem);
    return false;
  }
  std::string object(const std::string& key) {
    const auto found = store->get(key, kGiB);
    REQUIRE(found.ok());
    return found->content;
  }
  void put_object(const std::string& key, std::string_view content) {
    REQUIRE(store->put(key, as_bytes(content)).ok());
  }
  void flip(const std::string& key, std::size_t at) {
    std::string bytes = object(key);
    bytes[at] = static_cast<char>(bytes[at] ^ 1);
    put_object(key, bytes);
  }
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "a hub whose contents lie in xorbs is whole") {
  const FsckResult result = check();
  for (const std::string& problem : problems) MESSAGE(problem);
  CHECK(result.problems == 0);
  CHECK(result.xorbs == sample.xorbs.size());
  CHECK(result.xet_files == 1);
  CHECK(result.contents == 2);  // .gitattributes and w.bin
  CHECK(result.bytes > sample.content.size());
  CHECK(result.unused_contents + result.unused_files + result.unused_xorbs == 0);
  CHECK(check(false).problems == 0);
}

TEST_CASE_FIXTURE(Fixture, "damage in Xet storage is named") {
  const std::string xorb = xorb_key(sample.xorbs[1].index.hash);
  const std::string file = xet_file_key(sample.file.hash);
  const std::string record = xet_content_key(sha256);
  SUBCASE("a chunk") {
    flip(xorb, 100);
    CHECK(check(false).problems == 0);  // nothing says so but the bytes
    check();
    CHECK(is_told(xorb));
    CHECK(is_told(record));
  }
  SUBCASE("a footer") {
    flip(xorb, sample.xorbs[1].bytes.size() + 60);
    check(false);
    CHECK(is_told(xorb, "damaged"));
    CHECK(is_told(file));
  }
  SUBCASE("a xorb that is cut") {
    put_object(xorb, object(xorb).substr(0, 500));
    check(false);
    CHECK(is_told(xorb));
  }
  SUBCASE("a xorb that is gone") {
    REQUIRE(store->remove(xorb).ok());
    check(false);
    CHECK(is_told(file, "there is no xorb"));
  }
  SUBCASE("a xorb in the place of another") {
    put_object(xorb, object(xorb_key(sample.xorbs[0].index.hash)));
    check(false);
    CHECK(is_told(xorb, "that of another"));
  }
  SUBCASE("a file that is gone") {
    REQUIRE(store->remove(file).ok());
    check(false);
    CHECK(is_told(record, "there is no Xet file"));
    CHECK(is_told("model ada/m: the content of 'w.bin'", "cannot be read"));
  }
  SUBCASE("a file that names other chunks") {
    flip(file, 3 * kShardEntrySize + 12 * 4);  // the first term's bytes
    check(false);
    CHECK(is_told(file));
  }
  SUBCASE("a file that is nonsense") {
    put_object(file, "nonsense");
    check(false);
    CHECK(is_told(file, "damaged"));
  }
  SUBCASE("a record that is nonsense") {
    put_object(record, "nonsense");
    check(false);
    CHECK(is_told(record));
  }
  SUBCASE("a record that names the file of another content") {
    const XetSample other(mixed_bytes(9, 100'000));
    testing::put_sample(*xet, other);
    put_object(record, xet_hex(other.file.hash));
    CHECK(check(false).problems == 0);  // it has the right size
    check();
    CHECK(is_told(record, other.file.sha256->hex()));
  }
  SUBCASE("a record that is gone") {
    REQUIRE(store->remove(record).ok());
    CHECK(check(false).unused_files == 1);
    CHECK(is_told("model ada/m: the content of 'w.bin'"));
  }
  SUBCASE("objects with wrong names") {
    put_object("xorbs/ab/abc", "");
    put_object("xet-files/ab/abc", "");
    put_object("xet-contents/ab/abc", "");
    CHECK(check(false).problems == 3);
  }
  SUBCASE("proofs of what is not there") {
    const std::string none(64, '0');
    put_object(concat("xet-proofs/xorbs/00/", none, "/someone"), "");
    put_object(concat("xet-proofs/files/00/", none, "/someone"), "");
    CHECK(check(false).problems == 2);
    CHECK(is_told("xet-proofs/xorbs/", "what it proves is not there"));
  }
  CHECK(check().problems > 0);  // it changed nothing
}

TEST_CASE_FIXTURE(Fixture, "proofs of what is there are right") {
  const std::string xorb = xet_hex(sample.xorbs[0].index.hash);
  const std::string file = xet_hex(sample.file.hash);
  put_object(concat("xet-proofs/xorbs/", xorb.substr(0, 2), '/', xorb, "/someone"), "");
  const std::string proof = concat("xet-proofs/files/", file.substr(0, 2), '/', file, "/someone");
  put_object(proof, store->get(xet_file_key(sample.file.hash), kMiB)->content);
  CHECK(check(false).problems == 0);
  put_object(proof, "ada/m");  // no terms
  CHECK(check(false).problems == 1);
}

TEST_CASE_FIXTURE(Fixture, "what nobody uses is a fact, no problem") {
  const XetSample other(mixed_bytes(9, 50'000));
  testing::put_sample(*xet, other);
  const XetSample alone(mixed_bytes(20, 3000));
  testing::put_xorb(*xet, alone.xorbs[0]);
  put_object(blob_key(Sha256{}), "text");
  const FsckResult result = check(false);
  CHECK(result.problems == 0);
  CHECK(result.unused_contents == 2);
  CHECK(result.unused_files == 0);
  CHECK(result.unused_xorbs == 1);
  CHECK(result.unused_bytes == 4 + object(xorb_key(alone.xorbs[0].index.hash)).size());
}

TEST_CASE_FIXTURE(Fixture, "an old footer is a fact, and stays as it is") {
  const BuiltXorb& xorb = sample.xorbs[0];
  const Bytes old = testing::with_footer(xorb, 0);
  put_object(xorb_key(xorb.index.hash), as_text(old));
  const FsckResult result = check();
  for (const std::string& problem : problems) MESSAGE(problem);
  CHECK(result.problems == 0);
  CHECK(result.old_footers == 1);
  CHECK(object(xorb_key(xorb.index.hash)) == as_text(old));
}

TEST_CASE_FIXTURE(Fixture, "git's id of a content in xorbs is checked, too") {
  const std::string text = "of git's own";
  REQUIRE(commit("ada/m", testing::file_line("a.txt", text)).status == 200);
  const XetSample small(Bytes(as_bytes(text).begin(), as_bytes(text).end()));
  testing::put_sample(*xet, small);
  REQUIRE(store->remove(blob_key(*small.file.sha256)).ok());
  CHECK(check().problems == 0);
  put_object(blob_key(*small.file.sha256), "or of others");
  check();
  CHECK(is_told("'a.txt'", "another content than its id"));
  CHECK(is_told("'a.txt'", "has the SHA-256"));
}

}  // namespace hubdist
