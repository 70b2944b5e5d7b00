// Users, organisations and tokens; names of repositories that move.
#include <doctest/doctest.h>

#include "tests/support/fault_file_system.h"
#include "tests/support/temp_dir.h"
#include <hubdist/base/log.h>
#include <hubdist/server/repository.h>

namespace hubdist {
namespace {

struct Fixture {
  testing::TempDir temp;
  testing::FaultFileSystem fs;
  std::unique_ptr<ObjectStore> store = *open_folder_store(fs, temp / "root");
  Accounts accounts{*store};
  Repositories repositories{*store};

  static RepoId model(std::string_view name) { return *RepoId::parse(RepoType::kModel, name); }
  std::string make(std::string_view name) {
    const auto made = repositories.edit_or_create(model(name), [](RepoSettings&) {});
    REQUIRE(made.ok());
    return made->storage().text;
  }
  std::string storage_of(std::string_view name) {
    const auto found = repositories.find(model(name));
    return found.ok() ? found->storage().text : std::string(message(found.status()));
  }
};

TEST_CASE_FIXTURE(Fixture, "a token is its user's, until it ends") {
  const auto token = accounts.add_token("ada", {.may_write = true, .label = "laptop"});
  REQUIRE(token.ok());
  const auto login = accounts.find(*token);
  REQUIRE((login.ok() && *login));
  CHECK((*login)->viewer.user == "ada");
  CHECK((*login)->viewer.may_write);
  CHECK((*login)->token.label == "laptop");
  CHECK_FALSE(*accounts.find(Secret("hd_another")));
  const auto tokens = accounts.tokens("ada");
  REQUIRE(tokens->size() == 1);
  CHECK(accounts.tokens("bob")->empty());
  CHECK(accounts.revoke("").code() == StatusCode::kNotFound);
  CHECK(accounts.revoke("zz").code() == StatusCode::kNotFound);
  CHECK(accounts.revoke("../users/ada").code() == StatusCode::kNotFound);
  CHECK(accounts.revoke((*tokens)[0].id).ok());
  CHECK_FALSE(*accounts.find(*token));
}

TEST_CASE_FIXTURE(Fixture, "one's own token must be long, and is given once") {
  const Secret good(std::string(40, 'x'));
  CHECK(accounts.add_token("ada", {}, good).ok());
  CHECK(accounts.add_token("bob", {}, good).code() == StatusCode::kAlreadyExists);
  CHECK((*accounts.find(good))->viewer.user == "ada");
  for (const char* wrong : {"", "short", "with spaces in it, although it is long enough"})
    CHECK(accounts.add_token("ada", {}, Secret(wrong)).code() == StatusCode::kInvalidArgument);
}

TEST_CASE_FIXTURE(Fixture, "a user who comes back finds no old token working") {
  const auto token = accounts.add_token("ada");
  CHECK(accounts.remove("ada").ok());
  CHECK(accounts.remove("ada").code() == StatusCode::kNotFound);
  CHECK(accounts.add_user("ada").ok());
  CHECK(accounts.add_user("ada").code() == StatusCode::kAlreadyExists);
  CHECK_FALSE(*accounts.find(*token));
}

TEST_CASE_FIXTURE(Fixture, "members of organisations have roles") {
  CHECK(accounts.add_organisation("lab").ok());
  CHECK(accounts.add_user("lab").code() == StatusCode::kAlreadyExists);
  CHECK(accounts.add_token("lab").status().code() == StatusCode::kInvalidArgument);
  const auto token = accounts.add_token("ada");
  CHECK(accounts.set_member("lab", "nobody", Role::kRead).code() == StatusCode::kNotFound);
  CHECK(accounts.set_member("ada", "ada", Role::kRead).code() == StatusCode::kNotFound);
  CHECK(accounts.set_member("lab", "lab", Role::kRead).code() == StatusCode::kNotFound);
  CHECK(accounts.set_member("lab", "ada", Role::kWrite).ok());
  Viewer viewer = (*accounts.find(*token))->viewer;
  CHECK(viewer.role_in("lab") == Role::kWrite);
  CHECK(viewer.role_in("ada") == Role::kAdmin);
  CHECK(viewer.role_in("bob") == Role::kNone);
  CHECK(viewer.role_in("") == Role::kNone);
  CHECK(Viewer().role_in("") == Role::kNone);
  CHECK(accounts.remove("lab").ok());
  CHECK((*accounts.find(*token))->viewer.role_in("lab") == Role::kNone);
  CHECK(accounts.accounts()->size() == 1);
  for (const Role role : {Role::kNone, Role::kRead, Role::kWrite, Role::kAdmin})
    CHECK(*parse_role(role_name(role)) == role);
  CHECK_FALSE(parse_role("owner").ok());
}

TEST_CASE_FIXTURE(Fixture, "an old name leads to its repository, and to no other") {
  const std::string storage = make("ada/a");
  CHECK(repositories.move(model("ada/a"), model("ada/b")).ok());
  CHECK(repositories.move(model("ada/b"), model("ada/c")).ok());
  for (const char* name : {"ada/a", "ada/b", "ada/c"}) CHECK(storage_of(name) == storage);
  CHECK(repositories.find(model("ada/a"))->id == model("ada/c"));
  CHECK(repositories.list(RepoType::kModel, "", 10)->repos.size() == 1);
  CHECK(repositories.move(model("ada/a"), model("ada/d")).code() == StatusCode::kNotFound);
  CHECK(repositories.move(model("ada/c"), model("ada/c")).code() == StatusCode::kInvalidArgument);
  CHECK(repositories.remove(model("ada/c")).ok());
  CHECK(storage_of("ada/a") == "there is no model ada/a");
  const std::string other = make("ada/c");
  CHECK(other != storage);
  CHECK(storage_of("ada/a") == "there is no model ada/a");        // that was another ada/c
  CHECK(repositories.move(model("ada/c"), model("ada/a")).ok());  // an old name may be taken
  CHECK(storage_of("ada/a") == other);
  CHECK(storage_of("ada/b") == "there is no model ada/b");
}

TEST_CASE_FIXTURE(Fixture, "a move that was interrupted is ended by the same move") {
  const std::string storage = make("ada/a");
  fs.fail("rename", EIO, 2);
  CHECK_FALSE(repositories.move(model("ada/a"), model("ada/b")).ok());
  CHECK(storage_of("ada/a") == storage);
  CHECK(storage_of("ada/b") == "there is no model ada/b");
  CHECK(repositories.list(RepoType::kModel, "", 10)->repos.size() == 1);
  SUBCASE("the settings are those of the end") {
    CHECK(repositories.edit(model("ada/a"), [](RepoSettings& s) { s.is_private = true; }).ok());
    CHECK(repositories.move(model("ada/a"), model("ada/b")).ok());
    CHECK(repositories.find(model("ada/a"))->id == model("ada/b"));
    CHECK(repositories.find(model("ada/b"))->settings.is_private);
    CHECK(storage_of("ada/b") == storage);
  }
  SUBCASE("nobody else gets the name meanwhile") {
    const auto create = [](RepoSettings&) {};
    CHECK(repositories.create(model("ada/b"), {}).code() == StatusCode::kAlreadyExists);
    CHECK(repositories.edit_or_create(model("ada/b"), create).status().code() ==
          StatusCode::kAlreadyExists);
    make("ada/other");
    CHECK(repositories.move(model("ada/other"), model("ada/b")).code() ==
          StatusCode::kAlreadyExists);
    CHECK(repositories.move(model("ada/b"), model("ada/c")).code() == StatusCode::kNotFound);
    CHECK(repositories.remove(model("ada/b")).code() == StatusCode::kNotFound);
  }
  SUBCASE("what is deleted does not come back") {
    CHECK(repositories.remove(model("ada/a")).ok());
    CHECK(storage_of("ada/b") == "there is no model ada/b");
    CHECK(repositories.move(model("ada/a"), model("ada/b")).code() == StatusCode::kNotFound);
    CHECK(make("ada/a") != storage);
    CHECK(make("ada/b") != storage);
  }
  SUBCASE("it may move elsewhere instead") {
    CHECK(repositories.move(model("ada/a"), model("ada/c")).ok());
    CHECK(storage_of("ada/c") == storage);
    CHECK(make("ada/b") != storage);
  }
}

TEST_CASE_FIXTURE(Fixture, "a move that was not tidied up is whole all the same") {
  set_log_sink([](LogLevel, std::string_view) {});
  const std::string storage = make("ada/a");
  fs.fail("rename", EIO, 3);
  CHECK(repositories.move(model("ada/a"), model("ada/b")).ok());
  CHECK(storage_of("ada/b") == storage);
  CHECK(repositories.list(RepoType::kModel, "", 10)->repos.size() == 1);
  SUBCASE("the old name is taken") {
    RepoSettings settings;
    settings.storage = StorageId::random();
    CHECK(repositories.create(model("ada/a"), settings).ok());
    CHECK(storage_of("ada/a") == settings.storage.text);
  }
  SUBCASE("the old name is moved to") {
    const std::string other = make("ada/c");
    CHECK(repositories.move(model("ada/c"), model("ada/a")).ok());
    CHECK(storage_of("ada/a") == other);
  }
  SUBCASE("it is edited") {
    CHECK(repositories.edit(model("ada/a"), [](RepoSettings& s) { s.is_private = true; }).ok());
    CHECK(repositories.find(model("ada/a"))->settings.is_private);
  }
  SUBCASE("it moves again") {
    CHECK(repositories.move(model("ada/b"), model("ada/c")).ok());
    CHECK(storage_of("ada/a") == storage);
    CHECK(repositories.move(model("ada/c"), model("ada/b")).ok());
  }
  SUBCASE("it moves back") {
    CHECK(repositories.move(model("ada/b"), model("ada/a")).ok());
    CHECK(repositories.find(model("ada/b"))->id == model("ada/a"));
  }
  CHECK(storage_of("ada/b") == storage);
  set_log_sink({});
}

// Somebody else comes before each of the writes of a move.
TEST_CASE_FIXTURE(Fixture, "a repository that two move at once is there afterwards") {
  const auto other_store = open_folder_store(posix_file_system(), temp / "root");
  Repositories other(**other_store);
  for (int kth = 1; kth <= 3; ++kth)
    for (const bool edits : {false, true}) {
      CAPTURE(kth);
      CAPTURE(edits);
      const RepoId from = model(concat("ada/from-", kth, edits ? "-edited" : ""));
      const RepoId to = model(concat("ada/to-", kth, edits ? "-edited" : ""));
      make(from.name);
      const std::string moved = storage_of(from.name);
      int locks = 0;
      fs.set_hook([&](const testing::FileOperation& operation) {
        if (operation.name != "open" || operation.path.filename() != ".lock" || ++locks != kth)
          return Status();
        if (!edits) return other.move(from, to);
        return other.edit(from, [](RepoSettings& s) { s.is_private = true; }).status();
      });
      CHECK(repositories.move(from, to).ok());
      fs.set_hook({});
      CHECK(locks >= kth);
      CHECK(storage_of(to.name) == moved);
      CHECK(repositories.find(from)->id == to);
      CHECK(repositories.find(to)->settings.is_private == edits);
    }
}

TEST_CASE_FIXTURE(Fixture, "a commit's id means the commit, whatever a branch is called") {
  const StorageId repo{make("ada/a")};
  GitCommit content;
  content.author = "ada";
  content.message = "one";
  const auto one = repositories.put_commit(repo, content);
  content.message = "two";
  const auto two = repositories.put_commit(repo, content);
  REQUIRE((one.ok() && two.ok()));
  // As an older hub, or one that does not check names, may have left it.
  REQUIRE(repositories.move_ref(repo, "refs/heads/" + one->hex(), std::nullopt, *two).ok());
  fs.reset();
  CHECK(*repositories.resolve(repo, one->hex()) == *one);
  CHECK(fs.count("list") == 0);
  CHECK(*repositories.resolve(repo, "refs/heads/" + one->hex()) == *two);
  CHECK(*repositories.resolve(repo, one->hex().substr(0, 12)) == *one);
  CHECK_FALSE(repositories.resolve(repo, std::string(40, 'f')).ok());
}

TEST_CASE_FIXTURE(Fixture, "a name is taken once") {
  RepoSettings settings;
  settings.storage = StorageId::random();
  CHECK(repositories.create(model("ada/a"), settings).ok());
  settings.storage = StorageId::random();
  CHECK(repositories.create(model("ada/a"), settings).code() == StatusCode::kAlreadyExists);
  CHECK(repositories.edit(model("ada/no"), [](RepoSettings&) {}).status().code() ==
        StatusCode::kNotFound);
}

}  // namespace
}  // namespace hubdist
