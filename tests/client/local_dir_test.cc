#include <filesystem>
#include <thread>

#include "tests/client/client_fixture.h"
#include <hubdist/store/local_dir.h>

using namespace hubdist;
using namespace hubdist::testing;

namespace {

struct LocalFixture : ClientFixture {
  Path out = dir / "out";
  SnapshotRequest local() {
    SnapshotRequest wanted = request();
    wanted.local_dir = out;
    return wanted;
  }
};

}  // namespace

TEST_CASE_FIXTURE(LocalFixture, "a snapshot comes into a folder, as files with their metadata") {
  const DownloadReport report = get(local());
  CHECK(report.path == out);
  check_all(out, files);
  CHECK(fs.link_info(out / "model.bin")->type == FileType::kFile);
  const LocalDir folder(fs, out);
  for (const auto& [path, text] : files) {
    const auto known = folder.metadata(path);
    REQUIRE(known);
    CHECK(known->commit == kFirst);
    CHECK(known->etag == FakeHub::entry(path, text).etag);
  }
  CHECK_FALSE(exists(fs, dir / "hub/models--org--model/blobs"));
  const std::uint64_t before = hub->bytes;
  CHECK(get(local()).bytes_held == report.bytes);
  CHECK(hub->bytes == before);
}

TEST_CASE_FIXTURE(LocalFixture, "a new commit moves what changed and renews the metadata") {
  get(local());
  files["config.json"] = "[]";
  hub->commit(kSecond, files);
  CHECK(get(local()).bytes_from_origin == 2);
  check_all(out, files);
  CHECK(LocalDir(fs, out).metadata("model.bin")->commit == kSecond);
}

TEST_CASE_FIXTURE(LocalFixture,
                  "a file that a user edited is fetched again, one that only was "
                  "copied is recognised") {
  get(local());
  const std::uint64_t before = hub->bytes;
  const auto later = std::filesystem::file_time_type::clock::now() + std::chrono::seconds(5);
  SUBCASE("edited") {
    REQUIRE(write_file_atomic(fs, out / "model.bin", as_bytes(std::string(big.size(), 'x'))).ok());
    std::filesystem::last_write_time(out / "model.bin", later);
    get(local());
    CHECK(hub->bytes == before + big.size());
  }
  SUBCASE("touched") {
    std::filesystem::last_write_time(out / "model.bin", later);
    get(local());
    CHECK(hub->bytes == before);
  }
  SUBCASE("without metadata") {
    REQUIRE(remove_tree(fs, out / ".cache").ok());
    get(local());
    CHECK(hub->bytes == before);
    CHECK(LocalDir(fs, out).metadata("config.json"));
  }
  check_all(out, files);
}

TEST_CASE_FIXTURE(LocalFixture, "what the cache has is copied from there") {
  get(request());
  const std::uint64_t before = hub->bytes;
  const DownloadReport report = get(local());
  CHECK(hub->bytes == before);
  CHECK(report.bytes_held == report.bytes);
  check_all(out, files);
  CHECK(fs.info(out / "model.bin")->links == 1);
}

TEST_CASE_FIXTURE(LocalFixture, "a damaged blob of the cache is not copied") {
  get(request());
  const Path blob = cache().blob_path(repo, FakeHub::entry("", big).etag);
  std::string wrong = big;
  wrong[7] ^= 1;
  REQUIRE(write_file_atomic(fs, blob, as_bytes(wrong)).ok());
  get(local());
  check_all(out, files);
}

TEST_CASE_FIXTURE(LocalFixture, "offline, a folder that has something is the answer") {
  SnapshotRequest offline = local();
  offline.local_files_only = true;
  CHECK(detail(client->download_snapshot(offline).status(), Detail::kHubError) ==
        "LocalEntryNotFound");
  get(local());
  CHECK(get(offline).path == out);
  FileRequest one = file_request("config.json");
  one.local_dir = out;
  one.local_files_only = true;
  CHECK(client->download_file(one)->path == out / "config.json");
  one.path = "nothing";
  CHECK_FALSE(client->download_file(one).ok());
}

TEST_CASE_FIXTURE(LocalFixture, "offline, a folder that lacks wanted files is no answer") {
  SnapshotRequest some = local();
  some.filter = {{"*.json"}, {}, true};
  get(some);
  some.local_files_only = true;
  CHECK(get(some).path == out);
  SnapshotRequest all = local();
  all.local_files_only = true;
  CHECK(detail(client->download_snapshot(all).status(), Detail::kHubError) == "IncompleteSnapshot");
}

TEST_CASE_FIXTURE(LocalFixture,
                  "files of one content are made of one another, whichever was there") {
  SUBCASE("a new commit adds a copy that sorts before the file") {
    get(local());
    files["a copy"] = big;
    hub->commit(kSecond, files);
  }
  SUBCASE("the later of two lies there without metadata") {
    files["z copy"] = big;
    hub->commit(kFirst, files);
    REQUIRE(fs.make_directories(out, 0777).ok());
    REQUIRE(write_file_atomic(fs, out / "z copy", as_bytes(big)).ok());
  }
  const std::uint64_t before = hub->bytes;
  get(local());
  check_all(out, files);
  CHECK(hub->bytes - before < big.size());
  for (const auto& [path, text] : files) CHECK(LocalDir(fs, out).metadata(path));
  CHECK(get(local()).bytes_from_origin == 0);
}

TEST_CASE_FIXTURE(LocalFixture, "many take one folder at once") {
  files["a copy"] = files["z copy"] = big;
  hub->commit(kFirst, files);
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < 4; ++i) clients.push_back(make());
  {
    std::vector<std::jthread> threads;
    for (auto& one : clients)
      threads.emplace_back([&] { CHECK(one->download_snapshot(local()).ok()); });
  }
  check_all(out, files);
}

TEST_CASE_FIXTURE(LocalFixture, "a repository cannot write the folder's own notes") {
  hub->commit(kSecond, {{".cache/huggingface/download/x.metadata", "lie"}});
  CHECK(client->download_snapshot(local()).status().code() == StatusCode::kInvalidArgument);
}

TEST_CASE_FIXTURE(LocalFixture, "file:// goes into a folder, alone or as a tree") {
  const Path source = dir / "source";
  for (const auto& [path, text] : files) {
    REQUIRE(fs.make_directories((source / path).parent_path(), 0777).ok());
    REQUIRE(write_file_atomic(fs, source / path, as_bytes(text)).ok());
  }
  DownloadOptions how;
  CHECK(client->download(concat("file://", source.native()), how).status().code() ==
        StatusCode::kInvalidArgument);
  how.local_dir = out;
  SUBCASE("a tree") {
    const auto report = client->download(concat("file://", source.native()), how);
    REQUIRE_MESSAGE(report.ok(), report.status().ToString());
    check_all(out, files);
    CHECK_FALSE(report->verified);
    const auto again = client->download(concat("file://", source.native()), how);
    CHECK(again->bytes_held == again->bytes);
  }
  SUBCASE("a file that is edited while it is copied is copied anew") {
    bool edited = false;
    fs.set_hook([&](const FileOperation& operation) {
      if (operation.name == "pread" && operation.offset > 0 && !edited &&
          operation.path == source / "model.bin") {
        edited = true;
        big = random_text(big.size(), 9);
        const auto file = posix_file_system().open(source / "model.bin", OpenMode::kReadWrite);
        CHECK((*file)->pwrite(as_bytes(big), 0).ok());
      }
      return Status();
    });
    const auto report = client->download((source / "model.bin").native(), how);
    REQUIRE_MESSAGE(report.ok(), report.status().ToString());
    CHECK(edited);
    CHECK(content(out / "model.bin") == big);
  }
  SUBCASE("one file, proved by a digest") {
    how.digest = Identity{};
    how.digest->sha256 = sha256(as_bytes(big));
    const auto report = client->download((source / "model.bin").native(), how);
    REQUIRE_MESSAGE(report.ok(), report.status().ToString());
    CHECK(report->path == out / "model.bin");
    CHECK(report->verified);
    CHECK(content(out / "model.bin") == big);
    how.digest->sha256 = sha256(as_bytes("other"));
    how.force_download = true;
    CHECK(client->download((source / "model.bin").native(), how).status().code() ==
          StatusCode::kDataLoss);
  }
}
