// Crashes of the machine at any moment of a hub's work, with any part of what was not synced.
#include <thread>

#include "tests/server/hub_crash_check.h"
#include "tests/server/hub_fixture.h"

namespace hubdist {
namespace {

using testing::file_line;
using testing::HubAnswer;
using testing::HubCrashCheck;
using testing::HubFact;
using testing::HubFixture;
using testing::lfs_line;
using testing::MemoryFileSystem;
using testing::RecordedFileSystem;
using testing::TraceEvent;

constexpr std::uint64_t kSeeds = 8;

struct Disk {
  MemoryFileSystem memory;
  RecordedFileSystem recorded{memory};
};

// A hub on a disk that is recorded, asked one thing at a time.
struct Fixture : Disk, HubFixture {
  std::vector<HubAnswer> answers;
  std::unique_ptr<ObjectStore> store;  // behind the recorder's back

  Fixture() : HubFixture(recorded) {
    options.root = "/srv/hub";
    options.lfs_part = 1000;
    start();
    store = *open_folder_store(memory, options.root);
  }

  // A store of another process on the same disk.
  std::unique_ptr<ObjectStore> recorded_store() {
    return *open_folder_store(recorded, options.root);
  }
  std::size_t begin() { return recorded.note("asked"); }
  void answered(std::size_t begin, std::vector<HubFact> facts, bool right = true) {
    answers.push_back({begin, recorded.note("answered"), right, std::move(facts)});
  }
  StorageId storage(const std::string& repo) {
    const auto found = Repositories(*store).find({RepoType::kModel, repo});
    REQUIRE_MESSAGE(found.ok(), message(found.status()));
    return found->storage();
  }
  std::string ref(const StorageId& repo, std::string_view name) {
    const auto commit = *Repositories(*store).ref(repo, name);
    return commit ? commit->hex() : "";
  }

  void make_repo(const std::string& name) {
    const std::size_t from = begin();
    create(name, ada);
    const StorageId id = storage("ada/" + name);
    answered(from, {HubFact::repo("ada/" + name, id),
                    HubFact::ref(id, "refs/heads/main", ref(id, "refs/heads/main"))});
  }
  // Any request that changes a ref.
  HttpReply change_ref(const std::string& repo, const std::string& name, std::string_view method,
                       const std::string& path, const std::string& body) {
    const std::size_t from = begin();
    HttpReply reply = ask(method, concat("/api/models/", repo, path), body);
    const StorageId id = storage(repo);
    answered(from, {HubFact::ref(id, name, ref(id, name))}, reply.status == 200);
    return reply;
  }
  HttpReply try_commit(const std::string& repo, const std::string& lines,
                       const std::string& branch = "main") {
    return change_ref(
        repo, "refs/heads/" + branch, "POST", "/commit/" + branch,
        concat(R"({"key":"header","value":{"summary":"s","description":""}})", '\n', lines));
  }
  void commit(const std::string& repo, const std::string& lines,
              const std::string& branch = "main") {
    const HttpReply reply = try_commit(repo, lines, branch);
    REQUIRE_MESSAGE(reply.status == 200, reply.body);
  }
  void upload(const std::string& repo, const std::string& content) {
    const std::size_t from = begin();
    REQUIRE(put(link(repo, content, "upload"), content).status == 200);
    answered(from, {HubFact::content(storage(repo), sha256(as_bytes(content)), content.size())});
  }
  void move(const std::string& from_repo, const std::string& to_repo) {
    const std::size_t from = begin();
    const StorageId id = storage(from_repo);
    const std::string body =
        concat(R"({"fromRepo":")", from_repo, R"(","toRepo":")", to_repo, "\"}");
    REQUIRE(ask("POST", "/api/repos/move", body).status == 200);
    answered(from, {HubFact::repo(from_repo, id), HubFact::repo(to_repo, id)});
  }
  void remove(const std::string& name) {
    const std::size_t from = begin();
    REQUIRE(ask("DELETE", "/api/repos/delete", concat(R"({"name":")", name, "\"}")).status == 200);
    answered(from, {HubFact::repo("ada/" + name, {""})});
  }

  // What is wrong in any state that a crash may leave.
  std::vector<std::string> find_wrong() {
    server->stop();
    const std::vector<TraceEvent> trace = recorded.trace();
    std::vector<std::string> wrong;
    HubCrashCheck check(trace, answers, options.root,
                        [&](const std::string& what) { wrong.push_back(what); });
    check.run(kSeeds);
    INFO(trace.size(), " events, ", check.states(), " states, ", check.different_states(),
         " different");
    CHECK(check.different_states() > 20);
    CHECK(check.restarts() > 0);
    return wrong;
  }
  void check_all_crashes() {
    const std::vector<std::string> wrong = find_wrong();
    for (std::size_t i = 0; i < std::min<std::size_t>(wrong.size(), 5); ++i) MESSAGE(wrong[i]);
    CHECK(wrong.empty());
  }
};

std::string lines_of(int number) {
  std::string lines;
  for (int i = 0; i <= number % 3; ++i)
    lines += file_line(concat("folder", number % 5, "/file", i), concat("content ", number / 2, i));
  return lines;
}

TEST_CASE_FIXTURE(Fixture, "fifty commits survive a crash at any moment") {
  make_repo("m");
  make_repo("n");
  std::string repo = "ada/m";
  for (int i = 0; i < 50; ++i) {
    const std::string target = i % 4 == 3 ? "ada/n" : repo;
    std::string lines = lines_of(i);
    if (i % 5 == 4) {
      const std::string content = concat("large content ", i, std::string(3000, 'x'));
      upload(target, content);
      lines += lfs_line(concat("weights", i, ".bin"), content);
    }
    if (i % 10 == 8)
      lines += R"({"key":"deletedFolder","value":{"path":"folder1/"}})"
               "\n";
    commit(target, lines);
    if (i == 10) change_ref(repo, "refs/heads/dev", "POST", "/branch/dev", "");
    if (i == 20) {
      move("ada/m", "ada/moved");
      repo = "ada/moved";
      commit(repo, file_line("after", "the move"), "dev");
    }
    if (i == 30) change_ref(repo, "refs/tags/v1", "POST", "/tag/main", R"({"tag":"v1"})");
    if (i == 35) change_ref(repo, "refs/heads/main", "POST", "/super-squash/main", "{}");
    if (i == 40) change_ref(repo, "refs/heads/dev", "DELETE", "/branch/dev", "");
  }
  remove("n");
  make_repo("n");
  check_all_crashes();
}

// A sync that failed, or a writer that was killed before it: what it wrote can be seen, but is not
// durable. Whoever builds on it must make it so.
TEST_CASE_FIXTURE(Fixture, "what others left without a sync is synced before it is relied on") {
  set_log_sink([](LogLevel, std::string_view) {});
  make_repo("m");
  make_repo("n");
  for (int kth = 1; kth <= 12; ++kth) {
    const std::string lines = file_line("a/b", concat("content ", kth)) + file_line("c", "more");
    fs.fail("sync_directory", EIO, kth);
    try_commit("ada/m", lines);
    fs.reset();
    commit("ada/n", lines);
    commit("ada/m", lines);
  }
  for (int kth = 1; kth <= 4; ++kth) {
    const std::string content = concat("large ", kth);
    const std::string to = link("ada/m", content, "upload");
    const std::size_t from = begin();
    fs.fail("sync_directory", EIO, kth);
    put(to, content);
    fs.reset();
    answered(from, {HubFact::content(storage("ada/m"), sha256(as_bytes(content)), content.size())},
             false);
    if (!link("ada/m", content, "upload").empty()) upload("ada/m", content);
    commit("ada/m", lfs_line("large", content));
  }
  check_all_crashes();
}

TEST_CASE_FIXTURE(Fixture, "a repository that is there already is durable") {
  set_log_sink([](LogLevel, std::string_view) {});
  for (int kth = 1; kth <= 20; ++kth) {
    const std::string name = concat("m", kth);
    const std::string body = concat(R"({"name":")", name, "\"}");
    const std::size_t from = begin();
    fs.fail("sync_directory", EIO, kth);
    ask("POST", "/api/repos/create", body);
    fs.reset();
    const HttpReply again = ask("POST", "/api/repos/create", body);
    CHECK((again.status == 200 || again.status == 409));
    answered(from, {HubFact::repo("ada/" + name, storage("ada/" + name))});
  }
  check_all_crashes();
}

TEST_CASE_FIXTURE(Fixture, "a move that stopped half way is ended by the same move") {
  set_log_sink([](LogLevel, std::string_view) {});
  for (int kth = 1; kth <= 3; ++kth) {
    make_repo(concat("m", kth));
    const std::string old_name = concat("ada/m", kth);
    const std::string new_name = concat("ada/n", kth);
    const StorageId id = storage(old_name);
    const std::size_t from = begin();
    fs.fail("sync_directory", EIO, kth);
    ask("POST", "/api/repos/move",
        concat(R"({"fromRepo":")", old_name, R"(","toRepo":")", new_name, "\"}"));
    fs.reset();
    const Status moved = Repositories(*recorded_store())
                             .move({RepoType::kModel, old_name}, {RepoType::kModel, new_name});
    CHECK((moved.ok() || moved.code() == StatusCode::kNotFound));
    answered(from, {HubFact::repo(old_name, id), HubFact::repo(new_name, id)}, moved.ok());
  }
  check_all_crashes();
}

// The same contents for two repositories at once: who finds a content does not write it.
TEST_CASE_FIXTURE(Fixture, "commits that share contents are durable each by itself") {
  const std::vector<std::string> repos{"ada/m", "ada/n", "ada/o"};
  for (const std::string& repo : repos) make_repo(repo.substr(4));
  std::mutex mutex;
  std::vector<std::thread> threads;
  for (const std::string& repo : repos)
    threads.emplace_back([&, repo] {
      HttpClient client;
      const StorageId id = storage(repo);
      for (int i = 0; i < 10; ++i) {
        HttpRequest request;
        request.method = "POST";
        request.url = concat(server->endpoint(), "/api/models/", repo, "/commit/main");
        request.bearer = ada;
        request.body = concat(R"({"key":"header","value":{"summary":"s","description":""}})", '\n',
                              file_line("same", concat("content ", i)));
        const std::size_t from = begin();
        const auto reply = client.fetch(request);
        CHECK((reply.ok() && reply->status == 200));
        const std::string head = ref(id, "refs/heads/main");
        const std::lock_guard lock(mutex);
        answered(from, {HubFact::ref(id, "refs/heads/main", head)});
      }
    });
  for (std::thread& thread : threads) thread.join();
  check_all_crashes();
}

TEST_CASE_FIXTURE(Fixture, "a hub that does not sync is found out") {
  SUBCASE("contents") { recorded.heed(RecordedFileSystem::Syncs::kOfFolders); }
  SUBCASE("names") { recorded.heed(RecordedFileSystem::Syncs::kOfFiles); }
  make_repo("m");
  commit("ada/m", lines_of(1));
  CHECK_FALSE(find_wrong().empty());
}

}  // namespace
}  // namespace hubdist
