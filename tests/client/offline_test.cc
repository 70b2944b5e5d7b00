#include "tests/client/client_fixture.h"

using namespace hubdist;
using namespace hubdist::testing;

namespace {
std::optional<std::string> hub_error(const Status& status) {
  return detail(status, Detail::kHubError);
}
}  // namespace

TEST_CASE_FIXTURE(ClientFixture, "local_files_only uses the cache and asks nobody") {
  SnapshotRequest local = request();
  local.local_files_only = true;
  CHECK(hub_error(client->download_snapshot(local).status()) == "LocalEntryNotFound");
  const Path path = get(request()).path;
  const int lists = hub->lists;
  const DownloadReport report = get(local);
  CHECK(report.path == path);
  CHECK(report.commit == kFirst);
  CHECK(report.from_cache_only);
  CHECK(report.files == 5);
  CHECK(hub->lists == lists);
}

TEST_CASE_FIXTURE(ClientFixture, "offline mode is local_files_only for all calls") {
  get(request());
  ClientOptions off = options();
  off.offline = true;
  client = make(off);
  const int asked = hub->lists + hub->stats + hub->reads;
  CHECK(get(request()).from_cache_only);
  CHECK(client->download_file(file_request("config.json"))->from_cache_only);
  CHECK(hub_error(client->download_file(file_request("nothing")).status()) == "LocalEntryNotFound");
  SnapshotRequest forced = request();
  forced.force_download = true;
  CHECK(client->download_snapshot(forced).status().code() == StatusCode::kInvalidArgument);
  CHECK(hub->lists + hub->stats + hub->reads == asked);
}

TEST_CASE_FIXTURE(ClientFixture, "a hub that is away is replaced by the cache") {
  get(request());
  for (const Status& failure :
       {unavailable("no route"), deadline_exceeded("slow"), resource_exhausted("429"),
        unauthenticated("401"), permission_denied("403"),
        with_detail(not_found("gone"), Detail::kHubError, "RepoNotFound"),
        with_detail(failed_precondition("a teapot"), Detail::kHttpStatus, "418"),
        with_detail(data_loss("a page"), Detail::kHttpStatus, "200")}) {
    hub->failure = failure;
    CHECK(get(request()).from_cache_only);
    CHECK(client->download_file(file_request("config.json"))->from_cache_only);
  }
}

TEST_CASE_FIXTURE(ClientFixture, "with nothing in the cache the hub's own failure is the answer") {
  hub->failure = unavailable("no route");
  CHECK(client->download_snapshot(request()).status().code() == StatusCode::kUnavailable);
  const Status away = client->download_file(file_request("f")).status();
  CHECK(away.code() == StatusCode::kUnavailable);
  CHECK(hub_error(away) == "HubUnavailable");
  CHECK(message(away).find("no route") != std::string_view::npos);
  hub->failure = with_detail(unauthenticated("who?"), Detail::kHttpStatus, "401");
  CHECK(hub_error(client->download_file(file_request("f")).status()) == std::nullopt);
  hub->failure = with_detail(not_found("gone"), Detail::kHubError, "RepoNotFound");
  CHECK(hub_error(client->download_snapshot(request()).status()) == "RepoNotFound");
  CHECK(hub_error(client->download_file(file_request("f")).status()) == "RepoNotFound");
}

TEST_CASE_FIXTURE(ClientFixture, "a failure of this machine is no reason to use the cache") {
  get(request());
  for (const Status& failure : {failed_precondition("no token over http"), internal_error("bug")}) {
    hub->failure = failure;
    CHECK(client->download_snapshot(request()).status() == failure);
    CHECK(client->download_file(file_request("config.json")).status() == failure);
  }
}

TEST_CASE_FIXTURE(ClientFixture, "an unknown revision is an error, whatever the cache has") {
  get(request());
  SnapshotRequest unknown = request();
  unknown.revision = "v2";
  CHECK(hub_error(client->download_snapshot(unknown).status()) == "RevisionNotFound");
}

TEST_CASE_FIXTURE(ClientFixture, "an incomplete snapshot is told from a complete one") {
  SnapshotRequest some = request();
  some.filter.include = {"*.json"};
  some.filter.has_include = true;
  get(some);
  SnapshotRequest local = request();
  local.local_files_only = true;
  const auto whole = client->download_snapshot(local);
  CHECK(hub_error(whole.status()) == "IncompleteSnapshot");
  CHECK(detail(whole.status(), Detail::kSnapshotPath) == cache().snapshot_path(repo, kFirst));
  CHECK(message(whole.status()).find("model.bin") != std::string_view::npos);
  local.filter = some.filter;
  CHECK(get(local).files == 3);
  hub->failure = unavailable("no route");
  CHECK(hub_error(client->download_snapshot(request()).status()) == "IncompleteSnapshot");
}
