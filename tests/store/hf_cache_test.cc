#include <doctest/doctest.h>

#include "tests/support/fault_file_system.h"
#include "tests/support/temp_dir.h"
#include <hubdist/core/hash.h>
#include <hubdist/core/merkle.h>
#include <hubdist/store/hf_cache.h>

using namespace hubdist;
using hubdist::testing::FaultFileSystem;
using hubdist::testing::TempDir;

namespace {

const std::string kCommit(40, 'a');

struct Fixture {
  TempDir dir;
  FaultFileSystem fs;
  Path root = dir / "hub";
  HfCache cache{fs, {root}};
  Repo repo{RepoType::kModel, "org/name"};

  FileEntry entry(std::string path, std::string_view content) {
    FileEntry file;
    file.path = std::move(path);
    file.size = content.size();
    file.identity.git_sha1 = git_sha1(as_bytes(content));
    file.etag = file.identity.git_sha1->hex();
    return file;
  }
  void put(const Path& path, std::string_view content) {
    REQUIRE(posix_file_system().make_directories(path.parent_path()).ok());
    REQUIRE(write_file_atomic(posix_file_system(), path, as_bytes(content)).ok());
  }
  std::string content(const Path& path) {
    auto text = read_file(posix_file_system(), path, kMiB);
    return text.ok() ? *text : std::string(message(text.status()));
  }
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "paths are where huggingface_hub has them") {
  CHECK(cache.repo_folder(repo) == root / "models--org--name");
  CHECK(cache.repo_folder({RepoType::kDataset, "squad"}) == root / "datasets--squad");
  CHECK(cache.repo_folder({RepoType::kSpace, "a/b"}) == root / "spaces--a--b");
  CHECK(cache.blob_path(repo, "e") == root / "models--org--name/blobs/e");
  CHECK(cache.lock_path(repo, "e") == root / ".locks/models--org--name/e.lock");
  CHECK(cache.pointer_path(repo, kCommit, "d/f") ==
        root / "models--org--name/snapshots" / kCommit / "d/f");
  CHECK(cache.partial_paths(repo, "e").part == root / "models--org--name/blobs/e.hubdist-part");
}

TEST_CASE("repository ids") {
  for (const char* id : {"gpt2", "org/name", "a/b.c-d_e", "_x/y", "A1/2"})
    CHECK_MESSAGE(check_repo_id(id).ok(), id);
  for (const char* id : {"", "/", "a/", "/a", "a/b/c", "a--b", "a..b", "../x", "a/.b", "a/b.",
                         "a b", "a/b.git", "-a/b", "a\\b", "a/b%2F"})
    CHECK_MESSAGE(check_repo_id(id).code() == StatusCode::kInvalidArgument, id);
  CHECK(check_repo_id(std::string(96, 'a')).ok());
  CHECK_FALSE(check_repo_id(std::string(97, 'a')).ok());
}

TEST_CASE("names of blobs cannot leave their folder") {
  for (const char* name : {"", ".", "..", "a/b", "a\\b", "a b", "a\nb"})
    CHECK_FALSE(check_blob_name(name).ok());
  CHECK_FALSE(check_blob_name(std::string(201, 'a')).ok());
  CHECK(check_blob_name("d7edf6bd2a681fb0175f7735299831ee1b22b812").ok());
  CHECK(check_blob_name("5d41402abc-12").ok());
}

TEST_CASE_FIXTURE(Fixture, "a blob is shown by a relative symlink, at any depth") {
  for (const char* path : {"config.json", "a/b/模型 1.bin"}) {
    const FileEntry file = entry(path, "hello");
    put(cache.blob_path(repo, file.etag), "hello");
    CHECK(cache.has_blob(repo, file));
    CHECK_FALSE(cache.has_file(repo, kCommit, file));
    REQUIRE(cache.link_file(repo, kCommit, file, true).ok());
    CHECK(cache.has_file(repo, kCommit, file));
    const Path pointer = cache.pointer_path(repo, kCommit, path);
    CHECK(content(pointer) == "hello");
    CHECK(exists(fs, cache.blob_path(repo, file.etag)));
  }
  CHECK(*fs.read_symlink(cache.pointer_path(repo, kCommit, "config.json")) ==
        "../../blobs/" + entry("", "hello").etag);
  CHECK(*fs.read_symlink(cache.pointer_path(repo, kCommit, "a/b/模型 1.bin")) ==
        "../../../../blobs/" + entry("", "hello").etag);
}

TEST_CASE_FIXTURE(Fixture, "a link that shows something else is replaced") {
  const FileEntry file = entry("f", "hello");
  put(cache.blob_path(repo, file.etag), "hello");
  const Path pointer = cache.pointer_path(repo, kCommit, "f");
  SUBCASE("a link to another blob") {
    put(cache.blob_path(repo, "other"), "world");
    REQUIRE(fs.make_directories(pointer.parent_path(), 0777).ok());
    REQUIRE(fs.make_symlink("../../blobs/other", pointer).ok());
  }
  SUBCASE("a link to nothing") {
    REQUIRE(fs.make_directories(pointer.parent_path(), 0777).ok());
    REQUIRE(fs.make_symlink("nowhere", pointer).ok());
  }
  SUBCASE("a shorter file") { put(pointer, "hell"); }
  CHECK_FALSE(cache.has_file(repo, kCommit, file));
  REQUIRE(cache.link_file(repo, kCommit, file, false).ok());
  CHECK(cache.has_file(repo, kCommit, file));
  CHECK(content(pointer) == "hello");
}

TEST_CASE_FIXTURE(Fixture, "a blob of another size is not the blob") {
  const FileEntry file = entry("f", "hello");
  put(cache.blob_path(repo, file.etag), "hell");
  REQUIRE(cache.link_file(repo, kCommit, file, false).ok());
  CHECK_FALSE(cache.has_blob(repo, file));
  CHECK_FALSE(cache.has_file(repo, kCommit, file));
}

TEST_CASE_FIXTURE(Fixture, "without symlinks the snapshot holds the files") {
  const FileEntry file = entry("d/f", "hello");
  const Path pointer = cache.pointer_path(repo, kCommit, "d/f");
  put(cache.blob_path(repo, file.etag), "hello");
  HfCache off{fs, {root, false}};
  HfCache* used = &cache;
  SUBCASE("switched off") { used = &off; }
  SUBCASE("refused by the file system") { fs.fail("make_symlink", EPERM, 1, fs.kAlways); }
  SUBCASE("a blob that others need is copied") {
    REQUIRE(off.link_file(repo, kCommit, file, false).ok());
    CHECK(exists(fs, cache.blob_path(repo, file.etag)));
    CHECK(content(pointer) == "hello");
    return;
  }
  REQUIRE(used->link_file(repo, kCommit, file, true).ok());
  CHECK(fs.link_info(pointer)->type == FileType::kFile);
  CHECK(content(pointer) == "hello");
  CHECK_FALSE(exists(fs, cache.blob_path(repo, file.etag)));
  CHECK(used->has_file(repo, kCommit, file));
}

TEST_CASE_FIXTURE(Fixture, "refs are written without a newline, only when they change") {
  REQUIRE(cache.write_ref(repo, "main", kCommit).ok());
  REQUIRE(cache.write_ref(repo, "refs/pr/1", kCommit).ok());
  CHECK(content(cache.repo_folder(repo) / "refs/main") == kCommit);
  CHECK(content(cache.repo_folder(repo) / "refs/refs/pr/1") == kCommit);
  CHECK(*cache.read_ref(repo, "main") == kCommit);
  CHECK(*cache.read_ref(repo, kCommit) == kCommit);
  CHECK(*cache.read_ref(repo, "unknown") == std::nullopt);
  CHECK(cache.read_ref(repo, "../../x").status().code() == StatusCode::kInvalidArgument);
  CHECK(cache.write_ref(repo, "main", "../x").code() == StatusCode::kInvalidArgument);
  REQUIRE(cache.write_ref(repo, kCommit, kCommit).ok());
  CHECK_FALSE(exists(fs, cache.repo_folder(repo) / "refs" / kCommit));

  fs.fail("open", EROFS, 2, fs.kAlways);  // the first opens the ref to read it
  CHECK(cache.write_ref(repo, "main", kCommit).ok());
}

TEST_CASE_FIXTURE(Fixture, "an empty ref, as an old client may leave it, is none") {
  put(cache.repo_folder(repo) / "refs/main", "");
  CHECK(*cache.read_ref(repo, "main") == std::nullopt);
}

TEST_CASE_FIXTURE(Fixture, "what the cache can answer without its hub") {
  const FileEntry file = entry("f", "hello");
  CHECK(cache.find(repo, "main", "f")->state == CachedFile::kUnknown);
  REQUIRE(cache.write_ref(repo, "main", kCommit).ok());
  CHECK(cache.find(repo, "main", "f")->state == CachedFile::kUnknown);
  put(cache.blob_path(repo, file.etag), "hello");
  REQUIRE(cache.link_file(repo, kCommit, file, true).ok());
  const auto found = cache.find(repo, "main", "f");
  CHECK(found->state == CachedFile::kPresent);
  CHECK(found->commit == kCommit);
  CHECK(found->path == cache.pointer_path(repo, kCommit, "f"));
  REQUIRE(cache.mark_missing(repo, kCommit, "d/g").ok());
  CHECK(cache.find(repo, "main", "d/g")->state == CachedFile::kKnownMissing);
  CHECK(fs.info(cache.repo_folder(repo) / ".no_exist" / kCommit / "d/g")->size == 0);
}

TEST_CASE_FIXTURE(Fixture, "paths from a hub stay inside") {
  for (const char* path : {"../x", "/x", "a/../../x", ""}) {
    FileEntry file = entry(path, "hello");
    CHECK(cache.link_file(repo, kCommit, file, true).code() == StatusCode::kInvalidArgument);
    CHECK(cache.mark_missing(repo, kCommit, path).code() == StatusCode::kInvalidArgument);
    CHECK(cache.find(repo, "main", path).status().code() == StatusCode::kInvalidArgument);
    CHECK_FALSE(cache.has_file(repo, kCommit, file));
  }
}

TEST_CASE_FIXTURE(Fixture, "the root says that it is a cache, and keeps what it says") {
  REQUIRE(cache.prepare().ok());
  CHECK(
      content(root / "CACHEDIR.TAG").starts_with("Signature: 8a477f597d28d172789f06886806bc55\n"));
  put(root / "CACHEDIR.TAG", "mine");
  REQUIRE(cache.prepare().ok());
  CHECK(content(root / "CACHEDIR.TAG") == "mine");
}

TEST_CASE_FIXTURE(Fixture, "a blob of the shared store is linked, and noted before") {
  FileEntry file = entry("f", "hello");
  file.identity.xet = XetHash{};
  file.identity.xet->bytes[0] = std::byte{0xab};
  const std::string name = xet_hex(*file.identity.xet);
  const Path blob = root / "blobs" / name.substr(0, 2) / name;
  put(blob, "hello");
  CHECK_FALSE(*cache.adopt_shared_blob(repo, file));  // no marker: a foreign folder
  put(root / "blobs/.huggingface-shared-blobs", "1\n");

  SUBCASE("of the right size") {
    CHECK(*cache.adopt_shared_blob(repo, file));
    CHECK(cache.has_blob(repo, file));
    const Path link = cache.blob_path(repo, file.etag);
    CHECK(*fs.read_symlink(link) == "../../blobs/" + name.substr(0, 2) + "/" + name);
    CHECK(content(blob.native() + ".refs") == "models--org--name/blobs/" + file.etag + "\n");
    CHECK(fs.info(blob.native() + ".refs")->mode == 0666);
    REQUIRE(cache.link_file(repo, kCommit, file, true).ok());
    CHECK(cache.has_file(repo, kCommit, file));
    CHECK(content(blob) == "hello");
  }
  SUBCASE("of another size") {
    put(blob, "hell");
    CHECK_FALSE(*cache.adopt_shared_blob(repo, file));
    CHECK_FALSE(exists(fs, cache.blob_path(repo, file.etag)));
  }
  SUBCASE("switched off") {
    HfCache off{fs, {root, true, false}};
    CHECK_FALSE(*off.adopt_shared_blob(repo, file));
  }
  SUBCASE("without symlinks the shared file stays where it is") {
    CHECK(*cache.adopt_shared_blob(repo, file));
    HfCache off{fs, {root, false}};
    REQUIRE(off.link_file(repo, kCommit, file, true).ok());
    CHECK(content(blob) == "hello");
    CHECK(content(cache.pointer_path(repo, kCommit, "f")) == "hello");
  }
}
