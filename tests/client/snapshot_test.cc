#include <thread>

#include "tests/client/client_fixture.h"
#include <hubdist/store/tree_listing.h>

using namespace hubdist;
using namespace hubdist::testing;

TEST_CASE_FIXTURE(ClientFixture, "a snapshot comes into the cache, whole and in its layout") {
  const DownloadReport report = get(request());
  CHECK(report.path == dir / "hub/models--org--model/snapshots" / kFirst);
  CHECK(report.commit == kFirst);
  CHECK(report.files == 5);
  CHECK(report.bytes == big.size() + 2 + 3 + 3);
  CHECK(report.bytes_from_origin == big.size() + 2 + 3);
  CHECK(report.bytes_held == 3);  // the same content twice
  CHECK(report.verified);
  CHECK_FALSE(report.from_cache_only);
  check_all(report.path, files);
  CHECK(content(dir / "hub/models--org--model/refs/main") == kFirst);
  CHECK(exists(fs, dir / "hub/CACHEDIR.TAG"));
  CHECK(fs.link_info(report.path / "model.bin")->type == FileType::kSymlink);
  CHECK(read_tree_listing(fs, dir / "hub/models--org--model", kFirst)->size() == 5);
  CHECK(fs.list(dir / "hub/models--org--model/blobs")->size() == 4);
}

TEST_CASE_FIXTURE(ClientFixture, "what is held is not fetched again") {
  get(request());
  const std::uint64_t before = hub->bytes;
  const DownloadReport again = get(request());
  CHECK(hub->bytes == before);
  CHECK(again.bytes_held == again.bytes);
  CHECK(again.bytes_from_origin == 0);

  SUBCASE("a known commit needs no word from the hub") {
    hub->failure = unavailable("away");
    SnapshotRequest pinned = request();
    pinned.revision = kFirst;
    CHECK_FALSE(get(pinned).from_cache_only);
  }
  SUBCASE("of a new commit only what changed moves") {
    files["config.json"] = "{\"new\": 1}";
    hub->commit(kSecond, files);
    const DownloadReport next = get(request());
    CHECK(next.commit == kSecond);
    CHECK(next.bytes_from_origin == files["config.json"].size());
    check_all(next.path, files);
    CHECK(content(dir / "hub/models--org--model/refs/main") == kSecond);
  }
  SUBCASE("a link that went is made again from its blob") {
    REQUIRE(fs.remove(again.path / "model.bin").ok());
    CHECK(get(request()).bytes_from_origin == 0);
    check_all(again.path, files);
  }
  SUBCASE("a blob that was cut is fetched again") {
    const Path blob = cache().blob_path(repo, FakeHub::entry("", big).etag);
    REQUIRE(write_file_atomic(fs, blob, as_bytes("short")).ok());
    CHECK(get(request()).bytes_from_origin == big.size());
    check_all(again.path, files);
  }
  SUBCASE("unless it is forced") {
    SnapshotRequest forced = request();
    forced.force_download = true;
    CHECK(get(forced).bytes_from_origin == big.size() + 2 + 3);
    check_all(again.path, files);
  }
}

TEST_CASE_FIXTURE(ClientFixture, "patterns say which files are wanted") {
  SnapshotRequest some = request();
  some.filter.include = {"*.json"};
  some.filter.has_include = true;
  some.filter.exclude = {"sub/same*"};
  const DownloadReport report = get(some);
  CHECK(report.files == 2);
  CHECK(exists(fs, report.path / "config.json"));
  CHECK_FALSE(exists(fs, report.path / "model.bin"));
  CHECK_FALSE(exists(fs, report.path / "sub/same.json"));
}

TEST_CASE_FIXTURE(ClientFixture, "an empty repository is an empty folder") {
  hub->commit(kSecond, {});
  const DownloadReport report = get(request());
  CHECK(report.files == 0);
  CHECK(fs.list(report.path)->empty());
}

TEST_CASE_FIXTURE(ClientFixture, "totals are told first, and every byte once") {
  std::vector<ProgressKind> kinds;
  std::map<std::string, std::uint64_t> bytes;
  std::map<std::string, int> finished;
  std::uint64_t planned = 0;
  SnapshotRequest watched = request();
  watched.progress = [&](const ProgressEvent& event) {
    kinds.push_back(event.kind);
    if (event.kind == ProgressKind::kPlanned) planned = event.bytes;
    if (event.kind == ProgressKind::kBytes) bytes[std::string(event.path)] += event.bytes;
    if (event.kind == ProgressKind::kFinished) ++finished[std::string(event.path)];
  };
  get(watched);
  CHECK(kinds.front() == ProgressKind::kPlanned);
  std::uint64_t total = 0;
  for (const auto& [path, text] : files) {
    CHECK_MESSAGE(bytes[path] == text.size(), path);
    CHECK_MESSAGE(finished[path] == 1, path);
    total += text.size();
  }
  CHECK(planned == total);
}

TEST_CASE_FIXTURE(ClientFixture, "wrong bytes are fetched once more, then they are an error") {
  int lies = 1;
  SUBCASE("once") {}
  SUBCASE("always") { lies = 1000; }
  hub->tamper = [&](const std::string& path, std::string& text) {
    if (path == "model.bin" && lies-- > 0) text[1'000'000] ^= 1;
  };
  const int wanted = lies;
  const auto report = client->download_snapshot(request());
  const Path path = cache().pointer_path(repo, kFirst, "model.bin");
  if (wanted == 1) {
    REQUIRE(report.ok());
    CHECK(content(path) == big);
    CHECK(report->bytes_from_origin == 2 * big.size() + 2 + 3);
  } else {
    CHECK(report.status().code() == StatusCode::kDataLoss);
    CHECK(message(report.status()).find("model.bin") != std::string_view::npos);
    CHECK(message(report.status()).find(FakeHub::entry("", big).etag) != std::string_view::npos);
    CHECK_FALSE(exists(fs, path));
    CHECK_FALSE(exists(fs, cache().blob_path(repo, FakeHub::entry("", big).etag)));
  }
}

TEST_CASE_FIXTURE(ClientFixture, "a stop keeps what was received") {
  std::stop_source stop;
  hub->before_bytes = [&](const std::string& path, std::uint64_t offset) {
    if (path == "model.bin" && offset >= 2'000'000) stop.request_stop();
    return Status();
  };
  CHECK(client->download_snapshot(request(), stop.get_token()).status().code() ==
        StatusCode::kCancelled);
  hub->before_bytes = nullptr;
  const DownloadReport report = get(request());
  CHECK(report.bytes_from_origin <= 1'000'000);
  check_all(report.path, files);
}

TEST_CASE_FIXTURE(ClientFixture, "two downloads of one snapshot fetch it once") {
  const auto other = make();
  Result<DownloadReport> first = unavailable(""), second = unavailable("");
  {
    std::jthread one([&] { first = client->download_snapshot(request()); });
    std::jthread two([&] { second = other->download_snapshot(request()); });
  }
  REQUIRE(first.ok());
  REQUIRE(second.ok());
  CHECK(hub->bytes == big.size() + 2 + 3);
  check_all(first->path, files);
}

TEST_CASE_FIXTURE(ClientFixture, "a failing read ends the download and is named") {
  hub->before_bytes = [](const std::string& path, std::uint64_t) {
    return path == "model.bin" ? permission_denied("no entry to ", path) : Status();
  };
  const auto report = client->download_snapshot(request());
  CHECK(report.status().code() == StatusCode::kPermissionDenied);
}

TEST_CASE_FIXTURE(ClientFixture, "a full disk is told before the first byte") {
  fs.fill_after(100'000);
  const auto report = client->download_snapshot(request());
  CHECK(report.status().code() == StatusCode::kFailedPrecondition);
  CHECK(detail(report.status(), Detail::kErrno) == std::to_string(ENOSPC));
  CHECK(message(report.status()).find(std::to_string(big.size() + 5)) != std::string_view::npos);
  CHECK(hub->bytes == 0);
}

TEST_CASE_FIXTURE(ClientFixture, "what the cache has under another commit needs no room") {
  get(request());
  files["config.json"] = "[]";
  hub->commit(kSecond, files);
  fs.fill_after(100'000);
  check_all(get(request()).path, files);
}

TEST_CASE_FIXTURE(ClientFixture, "a read-only cache gives what it has and says what it cannot") {
  get(request());
  fs.set_hook([](const FileOperation& operation) {
    const bool writes = operation.name == "make_directories" || operation.name == "rename" ||
                        operation.name == "make_symlink" || operation.name == "pwrite" ||
                        (operation.name == "open" && operation.mode != OpenMode::kRead);
    return writes ? errno_status(EROFS, operation.name, operation.path.native()) : Status();
  });
  CHECK(get(request()).bytes_held > 0);
  hub->commit(kSecond, {{"new", "content"}});
  const auto report = client->download_snapshot(request());
  CHECK(report.status().code() == StatusCode::kPermissionDenied);
  CHECK(message(report.status()).find((dir / "hub").native()) != std::string_view::npos);
}

TEST_CASE_FIXTURE(ClientFixture, "ids and revisions that cannot be are refused") {
  for (const char* id : {"", "a/b/c", "../x", "a--b"}) {
    SnapshotRequest wrong = request();
    wrong.repo_id = id;
    CHECK(client->download_snapshot(wrong).status().code() == StatusCode::kInvalidArgument);
  }
  SnapshotRequest wrong = request();
  wrong.revision = "../../x";
  CHECK(client->download_snapshot(wrong).status().code() == StatusCode::kInvalidArgument);
  CHECK(hub->lists == 0);
}

TEST_CASE_FIXTURE(ClientFixture, "without symlinks the snapshot holds files") {
  ClientOptions how = options();
  how.symlinks = false;
  client = make(how);
  const DownloadReport report = get(request());
  check_all(report.path, files);
  CHECK(fs.link_info(report.path / "model.bin")->type == FileType::kFile);
  const std::uint64_t before = hub->bytes;
  get(request());
  CHECK(hub->bytes == before);
}
