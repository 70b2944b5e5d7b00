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

TEST_CASE_FIXTURE(ClientFixture, "a user's digest is proved wherever the file comes from") {
  const auto get = [&](const Identity& digest, bool offline = false) {
    DownloadOptions how;
    how.digest = digest;
    how.local_files_only = offline;
    return client->download("hf://org/model/model.bin", how);
  };
  Identity right;
  right.md5 = [&] {
    Md5Hasher hasher;
    hasher.update(as_bytes(big));
    return hasher.finish();
  }();
  Identity wrong_md5;
  wrong_md5.md5 = Md5{};
  Identity wrong_sha256;
  wrong_sha256.sha256 = Sha256{};
  // The hub states a sha256, so another kind is checked beside it.
  CHECK(get(wrong_md5).status().code() == StatusCode::kDataLoss);
  CHECK(get(right).ok());
  CHECK(get(wrong_sha256).status().code() == StatusCode::kDataLoss);
  SUBCASE("offline") {
    CHECK(get(right, true).ok());
    CHECK(get(wrong_md5, true).status().code() == StatusCode::kDataLoss);
    CHECK(get(wrong_sha256, true).status().code() == StatusCode::kDataLoss);
  }
  SUBCASE("with the hub away") {
    hub->failure = permission_denied("not today");
    CHECK(get(right).ok());
    CHECK(get(wrong_sha256).status().code() == StatusCode::kDataLoss);
  }
}

TEST_CASE_FIXTURE(ClientFixture, "a folder's URI works offline, and is not noted as missing") {
  REQUIRE(client->download("hf://org/model/sub").ok());
  CHECK_FALSE(exists(fs, dir / "hub/models--org--model/.no_exist" / kFirst / "sub"));
  DownloadOptions offline;
  offline.local_files_only = true;
  for (const char* uri : {"hf://org/model/sub", "hf://org/model/sub/"}) {
    const auto report = client->download(uri, offline);
    REQUIRE_MESSAGE(report.ok(), report.status().ToString());
    CHECK(content(report->path / "same.json") == "one");
  }
  CHECK(detail(client->download("hf://org/model/other", offline).status(), Detail::kHubError) ==
        "LocalEntryNotFound");
  CHECK_FALSE(client->download("hf://org/model/other").ok());
  CHECK(exists(fs, dir / "hub/models--org--model/.no_exist" / kFirst / "other"));
}

TEST_CASE_FIXTURE(ClientFixture, "what a URL signs does not stand in errors") {
  for (const char* uri : {"https://host/x?sig=SECRET", "https://host/x/?sig=SECRET"}) {
    const Status failed = client->download(uri).status();
    CHECK_FALSE(failed.ok());
    CHECK(message(failed).find("SECRET") == std::string_view::npos);
    CHECK(message(failed).find("https://host/x") != std::string_view::npos);
  }
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
