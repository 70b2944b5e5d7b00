#include <filesystem>

#include <doctest/doctest.h>

#include "tests/support/temp_dir.h"
#include <hubdist/store/local_dir.h>

using namespace hubdist;
using hubdist::testing::TempDir;

namespace {

struct Fixture {
  TempDir dir;
  FileSystem& fs = posix_file_system();
  LocalDir local{fs, dir / "out"};

  FileEntry put(std::string path, std::string_view content) {
    const Path target = local.file_path(path);
    REQUIRE(fs.make_directories(target.parent_path()).ok());
    REQUIRE(write_file_atomic(fs, target, as_bytes(content)).ok());
    FileEntry file;
    file.path = std::move(path);
    file.size = content.size();
    return file;
  }
  std::string content(const Path& path) {
    auto text = read_file(fs, path, kMiB);
    return text.ok() ? *text : std::string(message(text.status()));
  }
  void write_raw(std::string_view path, std::string_view text) {
    const Path target = local.metadata_path(path);
    REQUIRE(fs.make_directories(target.parent_path()).ok());
    REQUIRE(write_file_atomic(fs, target, as_bytes(text)).ok());
  }
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "the bookkeeping lies where huggingface_hub has it") {
  const Path book = dir / "out/.cache/huggingface";
  CHECK(local.bookkeeping() == book);
  CHECK(local.metadata_path("a/b.bin") == book / "download/a/b.bin.metadata");
  CHECK(local.lock_path("a/b.bin") == book / "download/a/b.bin.lock");
  CHECK(local.partial_paths("a", "e").part.parent_path() == book / "download");
  CHECK(local.partial_paths("a", "e").part != local.partial_paths("a", "f").part);
  CHECK(local.partial_paths("a", "e").part != local.partial_paths("b", "e").part);
  REQUIRE(local.prepare().ok());
  CHECK(content(book / ".gitignore") == "*");
  CHECK(content(book / "CACHEDIR.TAG").starts_with("Signature: 8a477f597d28d172789f06886806bc55"));
}

TEST_CASE_FIXTURE(Fixture, "metadata says which content a file is") {
  const FileEntry file = put("a/b.bin", "hello");
  CHECK_FALSE(local.metadata(file));
  REQUIRE(local.write_metadata("a/b.bin", "commit", "etag").ok());
  const auto known = local.metadata(file);
  REQUIRE(known);
  CHECK(known->commit == "commit");
  CHECK(known->etag == "etag");
  CHECK(content(local.metadata_path("a/b.bin")).starts_with("commit\netag\n"));
}

TEST_CASE_FIXTURE(Fixture, "metadata of a file that was changed, cut or removed is none") {
  FileEntry file = put("f", "hello");
  REQUIRE(local.write_metadata("f", "c", "e").ok());
  SUBCASE("changed two seconds later") {
    const auto time = std::filesystem::last_write_time(local.file_path("f"));
    std::filesystem::last_write_time(local.file_path("f"), time + std::chrono::seconds(2));
    CHECK_FALSE(local.metadata(file));
  }
  SUBCASE("half a second is forgiven") {
    const auto time = std::filesystem::last_write_time(local.file_path("f"));
    std::filesystem::last_write_time(local.file_path("f"), time + std::chrono::milliseconds(500));
    CHECK(local.metadata(file));
  }
  SUBCASE("another size") {
    file.size = 4;
    CHECK_FALSE(local.metadata(file));
  }
  SUBCASE("removed") {
    REQUIRE(fs.remove(local.file_path("f")).ok());
    CHECK_FALSE(local.metadata(file));
  }
}

TEST_CASE_FIXTURE(Fixture, "foreign metadata is read as the Python client writes it") {
  const FileEntry file = put("f", "hello");
  write_raw("f", "11c5a3d5811f50298f278a704980280950aedb10\nabc\n4102444800.123\n");
  REQUIRE(local.metadata(file));
  CHECK(local.metadata(file)->etag == "abc");
  for (const char* damaged : {"", "c\ne\n", "c\ne\nnoon\n", "c\n1712656091\n"}) {
    write_raw("f", damaged);
    CHECK_FALSE(local.metadata(file));
  }
}

TEST_CASE_FIXTURE(Fixture, "paths stay inside, lines stay lines") {
  CHECK(local.write_metadata("../f", "c", "e").code() == StatusCode::kInvalidArgument);
  CHECK(local.write_metadata("f", "c\nd", "e").code() == StatusCode::kInvalidArgument);
  FileEntry file;
  file.path = "../f";
  CHECK_FALSE(local.metadata(file));
}
