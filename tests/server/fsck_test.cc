#include <vector>

#include "tests/server/hub_fixture.h"
#include <hubdist/server/fsck.h>

namespace hubdist {
namespace {

using testing::file_line;
using testing::HubFixture;
using testing::lfs_line;

const std::string kContent = "the weights of a model";

struct Fixture : HubFixture {
  std::unique_ptr<ObjectStore> store;
  std::vector<std::string> problems;

  Fixture() {
    start();
    create("m", ada);
    REQUIRE(put(link("ada/m", kContent, "upload"), kContent).status == 200);
    REQUIRE(commit("ada/m", lfs_line("w.bin", kContent) + file_line("a/b.txt", "text")).status ==
            200);
    store = *open_folder_store(posix_file_system(), temp / "root");
  }
  Result<FsckResult> check(bool hash_contents = true) {
    problems.clear();
    return check_hub(*store, {.hash_contents = hash_contents},
                     [&](std::string_view problem) { problems.emplace_back(problem); });
  }
  // The only file below a part of the hub's folder whose name begins so.
  Path file_of(std::string_view below, std::string_view name = "") const {
    for (const auto& entry :
         std::filesystem::recursive_directory_iterator(temp / "root" / Path(below)))
      if (entry.is_regular_file() && entry.path().filename().native().starts_with(name))
        return entry.path();
    FAIL("there is no such file");
    return {};
  }
  void overwrite(const Path& path, std::string_view content) {
    REQUIRE(write_file_atomic(posix_file_system(), path, as_bytes(content)).ok());
  }
  void check_problem(std::string_view part, bool hash_contents = true) {
    const auto result = check(hash_contents);
    REQUIRE(result.ok());
    CHECK(result->problems == problems.size());
    REQUIRE_FALSE(problems.empty());
    CHECK_MESSAGE(problems[0].find(part) != std::string::npos, problems[0]);
    CHECK(problems[0].starts_with("model ada/m: "));
  }
};

TEST_CASE_FIXTURE(Fixture, "a whole hub has no problems") {
  const auto result = check();
  REQUIRE(result.ok());
  for (const std::string& problem : problems) MESSAGE(problem);
  CHECK(result->problems == 0);
  CHECK(result->repositories == 1);
  CHECK(result->commits == 2);
  CHECK(result->folders == 3);   // two at the top, and "a"
  CHECK(result->contents == 3);  // .gitattributes, w.bin and b.txt
}

TEST_CASE_FIXTURE(Fixture, "what is damaged is named") {
  const std::string oid = sha256(as_bytes(kContent)).hex();
  SUBCASE("a content with other bytes") {
    overwrite(file_of("blobs", oid), "the weights of a MODEL");
    CHECK(check(false)->problems == 0);  // it has the right size
    check_problem("has the SHA-256");
  }
  SUBCASE("a content that is cut") {
    overwrite(file_of("blobs", oid), "the weights");
    check_problem("has 11 bytes, not 22", false);
  }
  SUBCASE("a content that is gone") {
    std::filesystem::remove(file_of("blobs", oid));
    check_problem("the content of 'w.bin'", false);
  }
  SUBCASE("a commit that is gone") {
    std::filesystem::remove(file_of("commits", head("ada/m")));
    check_problem("of refs/heads/main cannot be read", false);
  }
  SUBCASE("a commit that was edited") {
    const Path path = file_of("commits", head("ada/m"));
    std::string text = *read_file(posix_file_system(), path, 1 * kMiB);
    text.back() = '!';
    overwrite(path, text);
    check_problem("has another content than its id", false);
  }
  SUBCASE("a folder that is gone") {
    std::filesystem::remove_all(temp / "root" / "trees");
    check_problem("a folder of the commit", false);
  }
  SUBCASE("a folder that was edited") {
    for (const auto& entry :
         std::filesystem::recursive_directory_iterator(temp / "root" / "trees")) {
      if (!entry.is_regular_file()) continue;
      std::string text = *read_file(posix_file_system(), entry.path(), 1 * kMiB);
      if (const std::size_t at = text.find("b.txt"); at != std::string::npos)
        overwrite(entry.path(), text.replace(at, 5, "c.txt"));
    }
    check_problem("the folder 'a'", false);
  }
  SUBCASE("a proof that cannot be read") {
    overwrite(file_of("proofs"), "many");
    check_problem("cannot be read", false);
  }
  CHECK(check()->problems > 0);  // it changed nothing
}

TEST_CASE_FIXTURE(Fixture, "settings that cannot be read are a problem") {
  overwrite(file_of("repos"), "{}");
  CHECK(check()->problems == 1);
}

TEST_CASE_FIXTURE(Fixture, "a check can be stopped") {
  std::stop_source stop;
  stop.request_stop();
  CHECK(check_hub(
            *store, {}, [](std::string_view) {}, stop.get_token())
            .status()
            .code() == StatusCode::kCancelled);
}

}  // namespace
}  // namespace hubdist
