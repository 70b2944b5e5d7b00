#include <filesystem>
#include <thread>

#include <doctest/doctest.h>
#include <sys/stat.h>

#include "tests/support/fault_file_system.h"
#include "tests/support/temp_dir.h"
#include <hubdist/core/hash.h>
#include <hubdist/server/add_folder.h>

namespace hubdist {
namespace {

struct Fixture {
  testing::TempDir temp;
  testing::FaultFileSystem fs;
  std::unique_ptr<ObjectStore> store = *open_folder_store(fs, temp / "root");
  Repositories repositories{*store};
  Path folder = temp / "folder";
  RepoId repo = *RepoId::parse(RepoType::kModel, "org/model");
  AddFolderOptions options;

  Fixture() { std::filesystem::create_directories(folder); }
  void write(const Path& path, std::string_view content) {
    std::filesystem::create_directories((folder / path).parent_path());
    REQUIRE(write_file_atomic(posix_file_system(), folder / path, as_bytes(content)).ok());
  }
  Result<AddFolderResult> add(std::stop_token stop = {}) {
    return add_folder(repositories, fs, folder, repo, options, std::move(stop));
  }
  StorageId storage() {
    const auto found = repositories.find(repo);
    return found.ok() ? found->storage() : StorageId{"none"};
  }
  std::vector<std::string> paths(const Sha1& commit) {
    const auto read = repositories.commit(storage(), commit);
    const auto listing = repositories.listing(storage(), read->content.tree);
    std::vector<std::string> found;
    for (const RepoEntry& entry : (*listing)->entries())
      if (!entry.is_folder()) found.push_back(entry.path);
    return found;
  }
  std::optional<Sha1> head() { return *repositories.ref(storage(), "refs/heads/main"); }
  std::size_t blobs() { return store->list("blobs/", "", 1000)->objects.size(); }
};

using Paths = std::vector<std::string>;

TEST_CASE_FIXTURE(Fixture, "a commit holds the folder's files and no others") {
  write("a.txt", "a");
  write("sub/b.txt", "b");
  const auto first = add();
  REQUIRE_MESSAGE(first.ok(), message(first.status()));
  CHECK(first->changed);
  CHECK(first->files == 2);
  CHECK(first->new_bytes == 2);
  CHECK(paths(first->commit) == Paths{"a.txt", "sub/b.txt"});
  std::filesystem::remove(folder / "a.txt");
  write("c.txt", "b");  // a content that the hub holds
  const auto second = add();
  REQUIRE(second.ok());
  CHECK(second->new_bytes == 0);
  CHECK(paths(second->commit) == Paths{"c.txt", "sub/b.txt"});
  CHECK(repositories.commit(storage(), second->commit)->content.parents ==
        std::vector<Sha1>{first->commit});
  CHECK(paths(first->commit) == Paths{"a.txt", "sub/b.txt"});
}

TEST_CASE_FIXTURE(Fixture, "the same content is no new commit") {
  write("a.txt", "a");
  const auto first = add();
  fs.reset();
  const auto again = add();
  REQUIRE(again.ok());
  CHECK_FALSE(again->changed);
  CHECK(again->commit == first->commit);
  CHECK(fs.count("rename") == 0);
}

TEST_CASE_FIXTURE(Fixture, "kinds of files") {
  write("model.safetensors", "weights");
  write("empty.bin", "");
  write("run.sh", "#!/bin/sh\n");
  REQUIRE(::chmod((folder / "run.sh").c_str(), 0755) == 0);
  write("big.json", std::string(kMiB * 10 + 1, 'x'));
  const auto added = add();
  REQUIRE(added.ok());
  const auto listing =
      repositories.listing(storage(), repositories.commit(storage(), added->commit)->content.tree);
  const RepoEntry& weights = *(*listing)->find("model.safetensors");
  CHECK(weights.lfs);
  CHECK(weights.etag() == sha256(as_bytes("weights")).hex());
  CHECK(weights.oid == git_sha1(as_bytes(lfs_pointer(weights.sha256, 7))));
  CHECK((*listing)->find("big.json")->lfs);
  const RepoEntry& empty = *(*listing)->find("empty.bin");
  CHECK_FALSE(empty.lfs);
  CHECK(empty.etag() == "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391");
  CHECK((*listing)->find("run.sh")->mode == GitMode::kExecutable);
}

TEST_CASE_FIXTURE(Fixture, "the folder's own .gitattributes decide") {
  write(".gitattributes", "*.json filter=lfs\n");
  write("a.json", "{}");
  write("model.safetensors", "weights");
  const auto added = add();
  const auto listing =
      repositories.listing(storage(), repositories.commit(storage(), added->commit)->content.tree);
  CHECK((*listing)->find("a.json")->lfs);
  CHECK_FALSE((*listing)->find("model.safetensors")->lfs);
}

TEST_CASE_FIXTURE(Fixture, "links, and what is left out") {
  write("real.txt", "content");
  write(".git/config", "x");
  write(".cache/huggingface/download/x.metadata", "x");
  write("sub/.git", "a file of that name is a file");
  std::filesystem::create_symlink("real.txt", folder / "link.txt");
  const auto added = add();
  REQUIRE(added.ok());
  CHECK(paths(added->commit) == Paths{"link.txt", "real.txt", "sub/.git"});
}

TEST_CASE_FIXTURE(Fixture, "what cannot be added is named, and nothing is") {
  write("fine.txt", "x");
  std::string name;
  SUBCASE("a broken link") {
    name = "broken";
    std::filesystem::create_symlink("nowhere", folder / name);
  }
  SUBCASE("a link to a folder") {
    name = "loop";
    std::filesystem::create_symlink("..", folder / name);
  }
  SUBCASE("a pipe") {
    name = "pipe";
    REQUIRE(::mkfifo((folder / name).c_str(), 0600) == 0);
  }
  SUBCASE("a name that is not UTF-8") {
    name = "\xff\xfe";
    write(name, "x");
  }
  SUBCASE("folders without end") {
    std::string path = "d";
    while (std::count(path.begin(), path.end(), '/') < 256) path += "/d";
    write(Path(path) / "deepest", "x");
    name = "deepest";
  }
  SUBCASE("a backslash") {
    name = "a\\b";
    write(name, "x");
  }
  const auto added = add();
  REQUIRE_FALSE(added.ok());
  CHECK(message(added.status()).find(name) != std::string_view::npos);
  CHECK_FALSE(head());
  CHECK(repositories.find(repo).status().code() == StatusCode::kNotFound);
}

TEST_CASE_FIXTURE(Fixture, "a hub does not publish itself") {
  write("a.txt", "a");
  REQUIRE(add().ok());
  const auto before = head();
  SUBCASE("it lies in the folder") { folder = temp.path(); }
  SUBCASE("it is the folder") { folder = temp / "root"; }
  SUBCASE("the folder is a part of it") { folder = temp / "root/trees"; }
  SUBCASE("by a link") {
    std::filesystem::create_directory_symlink(temp / "root", temp / "link");
    folder = temp / "link";
  }
  const Status refused = add().status();
  CHECK(refused.code() == StatusCode::kInvalidArgument);
  CHECK(message(refused).find("is the hub itself") != std::string_view::npos);
  CHECK(head() == before);
}

TEST_CASE_FIXTURE(Fixture, "a full disk or a stop leaves the branch as it was") {
  write("a.txt", "a");
  const auto first = add();
  REQUIRE(first.ok());
  write("b.bin", std::string(3 * kMiB, 'b'));
  SUBCASE("full at any point") {
    for (const std::uint64_t room : {std::uint64_t{0}, kMiB, 3 * kMiB}) {
      fs.fill_after(room);
      CHECK_FALSE(add().ok());
      CHECK(head() == first->commit);
    }
    // Then the folder, the commit and the branch, step by step.
    std::uint64_t room = 7;
    for (; fs.fill_after(room), !add().ok(); room += 61) CHECK(head() == first->commit);
    CHECK(room > 7 + 5 * 61);
    fs.make_room();
  }
  SUBCASE("stopped") {
    std::stop_source stop;
    fs.set_hook([&](const testing::FileOperation& operation) {
      if (operation.name == "pread" && operation.offset > 0) stop.request_stop();
      return Status();
    });
    CHECK(add(stop.get_token()).status().code() == StatusCode::kCancelled);
    CHECK(head() == first->commit);
    fs.reset();
  }
  CHECK(fs.list(temp / "root" / ".tmp")->empty());
  const auto second = add();
  REQUIRE(second.ok());
  CHECK(paths(second->commit) == Paths{"a.txt", "b.bin"});
}

TEST_CASE_FIXTURE(Fixture, "a file that changes while it is read is not added") {
  write("a.txt", "first content");
  fs.set_hook([&](const testing::FileOperation& operation) {
    if (operation.name == "open" && operation.mode == OpenMode::kCreateNew)
      write("a.txt", "other content");
    return Status();
  });
  CHECK(add().status().code() == StatusCode::kAborted);
  CHECK(blobs() == 0);
  write("a.txt", "a longer content than before");
  fs.set_hook([&](const testing::FileOperation& operation) {
    if (operation.name == "pread" && operation.path.filename() == "a.txt") write("a.txt", "short");
    return Status();
  });
  fs.reset();
  CHECK(add().ok());
}

TEST_CASE_FIXTURE(Fixture, "two writers of one branch: both commits are in its history") {
  write("a.txt", "a");
  REQUIRE(add().ok());
  std::vector<std::jthread> writers;
  std::vector<Sha1> made(4);
  for (std::size_t w = 0; w < made.size(); ++w)
    writers.emplace_back([&, w] {
      const Path mine = temp / concat("writer-", w);
      std::filesystem::create_directories(mine);
      REQUIRE(write_file_atomic(posix_file_system(), mine / "f", as_bytes(concat("w", w))).ok());
      const auto store_of_mine = open_folder_store(posix_file_system(), temp / "root");
      Repositories repositories_of_mine(**store_of_mine);
      const auto added = add_folder(repositories_of_mine, posix_file_system(), mine, repo, options);
      REQUIRE_MESSAGE(added.ok(), message(added.status()));
      made[w] = added->commit;
    });
  writers.clear();
  std::vector<Sha1> history;
  for (std::optional<Sha1> at = head(); at;) {
    history.push_back(*at);
    const auto commit = repositories.commit(storage(), *at);
    REQUIRE(commit.ok());
    at.reset();
    if (!commit->content.parents.empty()) at = commit->content.parents.front();
  }
  CHECK(history.size() == 5);
  for (const Sha1& commit : made)
    CHECK(std::find(history.begin(), history.end(), commit) != history.end());
}

TEST_CASE_FIXTURE(Fixture, "settings: what is not given stays") {
  write("a.txt", "a");
  options.is_private = true;
  options.gating = Gating::kAuto;
  options.readers = {"bob"};
  REQUIRE(add().ok());
  options = {};
  options.readers = {"bob", "eve"};
  REQUIRE(add().ok());
  const auto found = repositories.find(repo);
  REQUIRE(found.ok());
  CHECK(found->settings.is_private);
  CHECK(found->settings.gating == Gating::kAuto);
  CHECK(found->settings.readers == Paths{"bob", "eve"});
}

TEST_CASE_FIXTURE(Fixture, "wrong options") {
  write("a.txt", "a");
  SUBCASE("branch") { options.branch = "a..b"; }
  SUBCASE("author") { options.author = "a <b>"; }
  SUBCASE("reader") { options.readers = {"a/b"}; }
  SUBCASE("message") { options.message = "\xff"; }
  SUBCASE("long message") { options.message = std::string(100'000, 'x'); }
  SUBCASE("folder") { folder = temp / "nowhere"; }
  CHECK_FALSE(add().ok());
  CHECK_FALSE(head());
}

Viewer viewer(std::string_view user) {
  Viewer asks;
  asks.user = user;
  asks.organisations = {{"lab", Role::kRead}};
  return asks;
}

TEST_CASE("who may see what") {
  const RepoId repo = *RepoId::parse(RepoType::kModel, "ada/model");
  RepoSettings settings;
  CHECK(access_to(repo, settings, viewer("")) == Access::kFiles);
  settings.gating = Gating::kManual;
  settings.readers = {"bob"};
  CHECK(access_to(repo, settings, viewer("")) == Access::kMetadata);
  CHECK(access_to(repo, settings, viewer("eve")) == Access::kMetadata);
  CHECK(access_to(repo, settings, viewer("bob")) == Access::kFiles);
  CHECK(access_to(repo, settings, viewer("ada")) == Access::kFiles);
  settings.is_private = true;
  CHECK(access_to(repo, settings, viewer("")) == Access::kNone);
  CHECK(access_to(repo, settings, viewer("eve")) == Access::kNone);
  CHECK(access_to(repo, settings, viewer("bob")) == Access::kFiles);
  const RepoId lone = *RepoId::parse(RepoType::kModel, "gpt2");
  settings.readers.clear();
  CHECK(access_to(lone, settings, viewer("")) == Access::kNone);  // nobody is the owner of it
  const RepoId shared = *RepoId::parse(RepoType::kModel, "lab/model");
  CHECK(access_to(shared, settings, viewer("eve")) == Access::kFiles);  // a member
  CHECK(access_to(shared, settings, viewer("")) == Access::kNone);
}

}  // namespace
}  // namespace hubdist
