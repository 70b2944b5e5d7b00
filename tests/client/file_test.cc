#include "tests/client/client_fixture.h"

using namespace hubdist;
using namespace hubdist::testing;

TEST_CASE_FIXTURE(ClientFixture, "one file comes with one question and one read") {
  const auto report = client->download_file(file_request("sub/模型 1.json"));
  REQUIRE(report.ok());
  CHECK(content(report->path) == "one");
  CHECK(report->path == cache().pointer_path(repo, kFirst, "sub/模型 1.json"));
  CHECK(report->files == 1);
  CHECK(hub->stats == 1);
  CHECK(hub->lists == 0);
  CHECK(hub->reads == 1);
  CHECK(content(dir / "hub/models--org--model/refs/main") == kFirst);

  const auto again = client->download_file(file_request("sub/模型 1.json"));
  REQUIRE(again.ok());
  CHECK(again->bytes_held == 3);
  CHECK(hub->reads == 1);

  SUBCASE("at a commit nobody is asked") {
    FileRequest pinned = file_request("sub/模型 1.json");
    pinned.revision = kFirst;
    hub->failure = unavailable("away");
    const auto held = client->download_file(pinned);
    REQUIRE(held.ok());
    CHECK_FALSE(held->from_cache_only);
  }
  SUBCASE("the same content under another name is linked") {
    REQUIRE(client->download_file(file_request("sub/same.json")).ok());
    CHECK(hub->reads == 1);
  }
}

TEST_CASE_FIXTURE(ClientFixture, "a file that does not exist is noted as such") {
  const auto report = client->download_file(file_request("nothing.json"));
  CHECK(detail(report.status(), Detail::kHubError) == "EntryNotFound");
  CHECK(exists(fs, dir / "hub/models--org--model/.no_exist" / kFirst / "nothing.json"));
  CHECK(cache().find(repo, "main", "nothing.json")->state == CachedFile::kKnownMissing);
}

TEST_CASE_FIXTURE(ClientFixture, "paths that leave the repository are refused") {
  for (const char* path : {"", "../x", "/etc/passwd", "a//b", "a/./b"})
    CHECK(client->download_file(file_request(path)).status().code() ==
          StatusCode::kInvalidArgument);
  CHECK(hub->stats == 0);
}

TEST_CASE_FIXTURE(ClientFixture, "URIs name files, folders and repositories") {
  CHECK(content(client->download("hf://org/model/config.json")->path) == "{}");
  const auto folder = client->download("hf://org/model@main/sub/");
  REQUIRE(folder.ok());
  CHECK(folder->files == 2);
  CHECK(content(folder->path / "same.json") == "one");
  const auto bare = client->download("hf://org/model/sub");
  REQUIRE(bare.ok());
  CHECK(bare->files == 2);
  CHECK(client->download(concat("hf://org/model@", kFirst))->files == 5);
  const auto missing = client->download("hf://org/model/nothing");
  CHECK(detail(missing.status(), Detail::kHubError) == "EntryNotFound");
  CHECK(client->download("s3://bucket/key").status().code() == StatusCode::kUnimplemented);
}

TEST_CASE_FIXTURE(ClientFixture, "a digest proves one file") {
  DownloadOptions how;
  how.digest = Identity{};
  how.digest->sha256 = sha256(as_bytes("{}"));
  CHECK(client->download("hf://org/model/config.json", how).ok());
  how.digest->sha256 = sha256(as_bytes("[]"));
  CHECK(client->download("hf://org/model/config.json", how).status().code() ==
        StatusCode::kDataLoss);
  CHECK(client->download("hf://org/model/model.bin", how).status().code() == StatusCode::kDataLoss);
  CHECK(client->download("hf://org/model/sub/", how).status().code() ==
        StatusCode::kInvalidArgument);
}
