// A client in a folder of its own, with a fake hub behind hf://.
#pragma once

#include <memory>
#include <random>
#include <string>

#include <doctest/doctest.h>

#include "tests/client/fake_hub.h"
#include "tests/support/fault_file_system.h"
#include "tests/support/temp_dir.h"
#include <hubdist/client/client.h>
#include <hubdist/store/hf_cache.h>

namespace hubdist::testing {

inline const std::string kFirst(40, 'a');
inline const std::string kSecond(40, 'b');

inline std::string random_text(std::size_t size, unsigned seed = 1) {
  std::mt19937_64 random(seed);
  std::string out(size, '\0');
  for (char& c : out) c = static_cast<char>(random());
  return out;
}

struct ClientFixture {
  TempDir dir;
  FaultFileSystem fs;
  std::shared_ptr<FakeHub> hub = std::make_shared<FakeHub>();
  Repo repo{RepoType::kModel, "org/model"};
  std::string big = random_text(3'000'000);
  FakeHub::Files files = {{"config.json", "{}"},
                          {"model.bin", big},
                          {"empty", ""},
                          {"sub/模型 1.json", "one"},
                          {"sub/same.json", "one"}};
  std::unique_ptr<Client> client = make();

  ClientFixture() { hub->commit(kFirst, files); }

  ClientOptions options() {
    ClientOptions options;
    options.cache_dir = dir / "hub";
    options.home = dir / "home";
    options.file_system = &fs;
    return options;
  }
  std::unique_ptr<Client> make() { return make(options()); }
  std::unique_ptr<Client> make(ClientOptions given) {
    auto made = Client::create(std::move(given));
    REQUIRE(made.ok());
    REQUIRE((*made)->backends().add("hf", hub).ok());
    return *std::move(made);
  }
  HfCache cache() { return HfCache(posix_file_system(), {dir / "hub"}); }

  SnapshotRequest request() {
    SnapshotRequest request;
    request.repo_id = repo.id;
    return request;
  }
  FileRequest file_request(std::string path) {
    FileRequest request;
    request.repo_id = repo.id;
    request.path = std::move(path);
    return request;
  }
  static std::string content(const Path& path) {
    auto text = read_file(posix_file_system(), path, 64 * kMiB);
    return text.ok() ? *text : concat("unreadable: ", message(text.status()));
  }
  void check_all(const Path& root, const FakeHub::Files& expected) {
    for (const auto& [path, text] : expected) {
      const std::string found = content(root / path);
      CHECK_MESSAGE(found == text, path);
    }
  }
  DownloadReport get(const SnapshotRequest& wanted) {
    auto report = client->download_snapshot(wanted);
    REQUIRE_MESSAGE(report.ok(), report.status().ToString());
    return *report;
  }
};

}  // namespace hubdist::testing
