#include <doctest/doctest.h>

#include "src/store/internal/python_json.h"
#include "tests/support/temp_dir.h"
#include <hubdist/core/hash.h>
#include <hubdist/store/tree_listing.h>

using namespace hubdist;
using hubdist::testing::TempDir;

namespace {

const std::string kCommit(40, '0');

// As huggingface_hub 2.4.0 wrote it.
constexpr std::string_view kListing = R"({
 "format_version": 1,
 "files": {
  "a \"q\" \u6a21\u578b\ud83d\ude00\u007f.bin": {
   "size": 5,
   "blob_id": "b6fc4c620b67d95f953a5c1c1230aaab5db5a1b0"
  },
  "config.json": {
   "size": 519,
   "blob_id": "d7edf6bd2a681fb0175f7735299831ee1b22b812"
  },
  "model.safetensors": {
   "size": 5,
   "blob_id": "d1ca116d6733584c13cb8bb50b21d5b5b81ee28f",
   "lfs_sha256": "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824",
   "lfs_size": 5,
   "xet_hash": "07060504030201000f0e0d0c0b0a090817161514131211101f1e1d1c1b1a1918"
  }
 }
})";

FileEntry small(std::string path, std::uint64_t size, std::string_view sha1) {
  FileEntry file;
  file.path = std::move(path);
  file.size = size;
  file.etag = sha1;
  file.identity.git_sha1 = *Sha1::parse(sha1);
  return file;
}

std::vector<FileEntry> files() {
  FileEntry model;
  model.path = "model.safetensors";
  model.size = 5;
  model.identity.sha256 = sha256(as_bytes("hello"));
  model.etag = model.identity.sha256->hex();
  model.lfs = true;
  model.identity.xet = XetHash{};
  for (std::size_t i = 0; i < 32; ++i) model.identity.xet->bytes[i] = static_cast<std::byte>(i);
  return {small("a \"q\" 模型😀\x7f.bin", 5, "b6fc4c620b67d95f953a5c1c1230aaab5db5a1b0"),
          small("config.json", 519, "d7edf6bd2a681fb0175f7735299831ee1b22b812"), model};
}

struct Fixture {
  TempDir dir;
  FileSystem& fs = posix_file_system();
  Path path = dir / "trees" / (kCommit + ".json");
  void put(std::string_view text) {
    REQUIRE(fs.make_directories(path.parent_path()).ok());
    REQUIRE(write_file_atomic(fs, path, as_bytes(text)).ok());
  }
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "a listing is written byte for byte as the Python client does") {
  REQUIRE(write_tree_listing(fs, dir.path(), kCommit, files()).ok());
  CHECK(*read_file(fs, path, kMiB) == kListing);
  REQUIRE(write_tree_listing(fs, dir.path(), kCommit, {}).ok());
  CHECK(*read_file(fs, path, kMiB) == "{\n \"format_version\": 1,\n \"files\": {}\n}");
}

TEST_CASE_FIXTURE(Fixture, "a listing is read back") {
  put(kListing);
  const auto read = read_tree_listing(fs, dir.path(), kCommit);
  REQUIRE(read);
  const auto expected = files();
  REQUIRE(read->size() == expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    CHECK((*read)[i].path == expected[i].path);
    CHECK((*read)[i].size == expected[i].size);
    CHECK((*read)[i].etag == expected[i].etag);
    CHECK((*read)[i].identity == expected[i].identity);
    CHECK((*read)[i].lfs == expected[i].lfs);
  }
}

TEST_CASE_FIXTURE(Fixture, "a listing that cannot be believed is none") {
  CHECK_FALSE(read_tree_listing(fs, dir.path(), kCommit));
  CHECK_FALSE(read_tree_listing(fs, dir.path(), "../x"));
  for (const char* text :
       {"", "{", "[]", R"({"format_version": 2, "files": {}})", R"({"format_version": 1})",
        R"({"format_version": 1, "files": {"f": {"size": 1}}})",
        R"({"format_version": 1, "files": {"f": {"size": -1, "blob_id": "x"}}})",
        R"({"format_version": 1, "files": {"../f": {"size": 1, "blob_id": "x"}}})",
        R"({"format_version": 1, "files": {"f": {"size": 1, "blob_id": "../x"}}})",
        R"({"format_version": 1, "files": {"f": {"size": 1, "blob_id": "x", "lfs_sha256": "y"}}})",
        R"({"format_version": 1, "files": {"f": {"size": 1, "blob_id": "x", "xet_hash": "y"}}})"}) {
    put(text);
    CHECK_MESSAGE(!read_tree_listing(fs, dir.path(), kCommit), text);
  }
  put(R"({"format_version": 1, "files": {}})");
  CHECK(read_tree_listing(fs, dir.path(), kCommit));
}

TEST_CASE_FIXTURE(Fixture, "a path that JSON cannot say keeps the listing from being written") {
  auto list = files();
  list[0].path = "\xff";
  CHECK(write_tree_listing(fs, dir.path(), kCommit, list).ok());
  CHECK_FALSE(exists(fs, path));
}

TEST_CASE("text is quoted as Python's json module does") {
  CHECK(internal::python_json_string("a/b c~") == "\"a/b c~\"");
  CHECK(internal::python_json_string("\"\\\b\f\n\r\t") == R"("\"\\\b\f\n\r\t")");
  CHECK(internal::python_json_string(std::string_view("\0\x1f\x7f", 3)) ==
        R"("\u0000\u001f\u007f")");
  CHECK(internal::python_json_string("é€\U0001F600") == R"("\u00e9\u20ac\ud83d\ude00")");
}
