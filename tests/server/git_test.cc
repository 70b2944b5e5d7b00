#include <doctest/doctest.h>

#include <hubdist/core/hash.h>
#include <hubdist/server/git.h>
#include <hubdist/server/lfs_rules.h>

namespace hubdist {
namespace {

Sha1 id(std::string_view hex) { return *Sha1::parse(hex); }

// The expected ids were made with git 2.39.
TEST_CASE("ids of git objects") {
  CHECK(git_object_id("blob", "hello\n").hex() == "ce013625030ba8dba906f756967f9e9ca394464a");
  CHECK(git_sha1(as_bytes("hello\n")) == git_object_id("blob", "hello\n"));
  CHECK(git_tree_id({}).hex() == "4b825dc642cb6eb9a060e54bf8d69288fbee4904");
}

TEST_CASE("a tree is in git's order, in which a folder's name ends with '/'") {
  const Sha1 blob = id("ce013625030ba8dba906f756967f9e9ca394464a");
  const Sha1 folder = id("4b825dc642cb6eb9a060e54bf8d69288fbee4904");
  const std::string tree = format_git_tree({{GitMode::kFile, "b", blob},
                                            {GitMode::kFolder, "a", folder},
                                            {GitMode::kExecutable, "a.c", blob},
                                            {GitMode::kFile, "a0", blob}});
  const auto at = [&](std::string_view text) { return tree.find(text); };
  CHECK(at("100755 a.c") == 0);
  CHECK(at("40000 a") < at("100644 a0"));
  CHECK(at("100644 a0") < at("100644 b"));
  CHECK(at("100755 a.c") < at("40000 a"));
}

TEST_CASE("commits are written and read") {
  GitCommit commit;
  commit.tree = id("4b825dc642cb6eb9a060e54bf8d69288fbee4904");
  commit.parents = {id("ce013625030ba8dba906f756967f9e9ca394464a")};
  commit.author = "Ada Lovelace";
  commit.email = "ada@localhost";
  commit.time = 1'700'000'000;
  commit.message = "Title\n\nMore\nlines\n";
  const std::string text = format_git_commit(commit);
  CHECK(text ==
        "tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\n"
        "parent ce013625030ba8dba906f756967f9e9ca394464a\n"
        "author Ada Lovelace <ada@localhost> 1700000000 +0000\n"
        "committer Ada Lovelace <ada@localhost> 1700000000 +0000\n"
        "\nTitle\n\nMore\nlines\n");
  const auto read = parse_git_commit(text);
  REQUIRE(read.ok());
  CHECK(read->tree == commit.tree);
  CHECK(read->parents == commit.parents);
  CHECK(read->author == "Ada Lovelace");
  CHECK(read->time == 1'700'000'000);
  CHECK(read->title() == "Title");
  CHECK(read->description() == "More\nlines");
  commit.message = "only a title";
  CHECK(format_git_commit(commit).ends_with("\n\nonly a title\n"));
  CHECK(commit.description().empty());
  const std::string_view foreign =
      "tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\n"
      "author A <a@b> 5 +0100\ncommitter C <c@d> 6 +0100\ngpgsig -----\n abc\n\nSigned\n";
  CHECK(parse_git_commit(foreign)->title() == "Signed");
  for (const std::string_view wrong :
       {"", "tree 4b\n", "nonsense", "tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\n\nmessage"})
    CHECK_FALSE(parse_git_commit(wrong).ok());
}

TEST_CASE("an LFS pointer is as git-lfs writes it") {
  CHECK(lfs_pointer(sha256(as_bytes("abc")), 3) ==
        "version https://git-lfs.github.com/spec/v1\n"
        "oid sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\n"
        "size 3\n");
}

TEST_CASE("names of branches") {
  for (const char* good : {"main", "feature/x", "v1.0", "a@b", "文", "pr-1_2"})
    CHECK(check_ref_name(good).ok());
  for (const char* wrong : {"",
                            "/a",
                            "a/",
                            "-a",
                            "a.",
                            ".a",
                            "a/.b",
                            "a..b",
                            "a b",
                            "a~1",
                            "a^",
                            "a:b",
                            "a?",
                            "a*",
                            "a[",
                            "a\\b",
                            "@",
                            "a@{1",
                            "a.lock",
                            "a.lock/b",
                            "a//b",
                            "HEAD",
                            "\xff",
                            "a\nb",
                            "refs/pr/1",
                            "refs/heads/main",
                            "0123456789abcdef0123456789abcdef01234567"})
    CHECK_FALSE(check_ref_name(wrong).ok());
  CHECK(check_ref_name("0123456789abcdef0123456789abcdef0123456").ok());
}

TEST_CASE("which files are kept apart") {
  const LfsRules usual = LfsRules::defaults();
  for (const char* path : {"model.safetensors", "a/b/pytorch_model.bin", "data.tar.gz",
                           "runs/events.out.tfevents.123", "saved_model/x/y/z", "x.gguf"})
    CHECK(usual.is_lfs(path, 1));
  for (const char* path : {"config.json", "model.safetensors.index.json", "bin", "README.md",
                           "other/saved_model/x", ".gitattributes"})
    CHECK_FALSE(usual.is_lfs(path, 1000));
  CHECK_FALSE(usual.is_lfs("model.safetensors", 0));
  CHECK_FALSE(usual.is_lfs("big.json", kMaxRegularFile));
  CHECK(usual.is_lfs("big.json", kMaxRegularFile + 1));
}

TEST_CASE("rules of .gitattributes") {
  const LfsRules rules = LfsRules::parse(
      "# comment\r\n"
      "*.bin filter=lfs diff=lfs merge=lfs -text\r\n"
      "small.bin -filter\n"
      "/top.txt filter=lfs\n"
      "data/** filter=lfs\n"
      "a/*/c filter=lfs\n"
      "\"with space.txt\" filter=lfs\n"
      "*.md text\n"
      "!negative filter=lfs");
  for (const char* path : {"x.bin", "d/x.bin", "top.txt", "data/x", "data/x/y", "a/b/c",
                           "with space.txt", "d/with space.txt"})
    CHECK_MESSAGE(rules.is_lfs(path, 1), path);
  for (const char* path : {"small.bin", "d/small.bin", "d/top.txt", "data", "d/data/x", "a/b/d/c",
                           "a.md", "negative", "x.safetensors"})
    CHECK_FALSE_MESSAGE(rules.is_lfs(path, 1), path);
}

}  // namespace
}  // namespace hubdist
