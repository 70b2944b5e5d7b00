#include <thread>

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <sys/time.h>

#include "tests/support/fault_file_system.h"
#include "tests/support/temp_dir.h"
#include <hubdist/store/object_store.h>

namespace hubdist {
namespace {

struct Fixture {
  testing::TempDir folder;
  testing::FaultFileSystem fs;
  Path root = folder / "root";
  std::unique_ptr<ObjectStore> store = open();

  std::unique_ptr<ObjectStore> open() {
    auto opened = open_folder_store(fs, root);
    REQUIRE_MESSAGE(opened.ok(), message(opened.status()));
    return *std::move(opened);
  }
  Status put(std::string_view key, std::string_view content) {
    return store->put(key, as_bytes(content));
  }
  std::vector<std::string> keys(std::string_view prefix, std::string_view after = "",
                                std::size_t limit = 100) {
    const auto page = store->list(prefix, after, limit);
    REQUIRE(page.ok());
    std::vector<std::string> found;
    for (const auto& object : page->objects) found.push_back(object.key);
    return found;
  }
  std::size_t temporaries() { return fs.list(root / ".tmp")->size(); }
};

using Keys = std::vector<std::string>;

TEST_CASE("a root and all that is made above it have durable names") {
  testing::TempDir folder;
  testing::FaultFileSystem fs;
  const auto synced = [&] {
    std::vector<Path> paths;
    for (const auto& operation : fs.operations())
      if (operation.name == "sync_directory") paths.push_back(operation.path);
    return paths;
  };
  const Path root = folder / "a" / "b" / "root";
  fs.fail("sync_directory", EIO);
  CHECK_FALSE(open_folder_store(fs, root).ok());
  fs.reset();
  std::filesystem::remove_all(folder / "a");
  REQUIRE(open_folder_store(fs, root).ok());
  CHECK(synced() == std::vector<Path>{folder / "a" / "b", folder / "a", folder.path()});
  // One that is there may have been left so by a maker that was killed; its parent may be one that
  // we may not open.
  fs.reset();
  fs.fail("sync_directory", EACCES);
  REQUIRE(open_folder_store(fs, root).ok());
  CHECK(synced() == std::vector<Path>{folder / "a" / "b"});
}

TEST_CASE_FIXTURE(Fixture, "objects of others are made durable, and their folders") {
  REQUIRE(put("a/b/1", "x").ok());
  REQUIRE(put("a/c/2", "x").ok());
  store = open();
  fs.reset();
  const Keys keys{"a/b/1", "a/c/2", "a/b/3"};
  REQUIRE(store->settle(keys).ok());
  CHECK(fs.count("sync_directory") == 5);  // the root, a, and a/b and a/c; a once more for a/c
  fs.reset();
  REQUIRE(store->settle(keys).ok());
  CHECK(fs.count("sync_directory") == 2);
  fs.fail("sync_directory", EIO);
  CHECK_FALSE(store->settle(keys).ok());
  CHECK(store->settle(Keys()).ok());
  CHECK(store->settle("../x").code() == StatusCode::kInvalidArgument);
}

TEST_CASE_FIXTURE(Fixture, "an object that is gone already is gone durably") {
  REQUIRE(put("a/1", "x").ok());
  fs.fail("sync_directory", EIO);
  CHECK_FALSE(store->remove("a/1").ok());
  fs.reset();
  CHECK(store->remove("a/1").ok());
  CHECK(fs.count("sync_directory") == 1);
  CHECK(store->remove("nowhere/1").ok());
}

TEST_CASE_FIXTURE(Fixture, "objects are read whole, in parts and at random") {
  REQUIRE(put("a/b/c", "0123456789").ok());
  CHECK(store->head("a/b/c")->size == 10);
  CHECK(store->get("a/b/c", 10)->content == "0123456789");
  CHECK(store->get("a/b/c", 9).status().code() == StatusCode::kOutOfRange);
  CHECK(*store->get_range("a/b/c", {2, 5}) == "234");
  CHECK(*store->get_range("a/b/c", {8, 100}) == "89");
  CHECK(store->get_range("a/b/c", {10, 20})->empty());
  CHECK(store->get_range("a/b/c", {11, 20}).status().code() == StatusCode::kOutOfRange);
  const auto reader = store->open("a/b/c");
  REQUIRE(reader.ok());
  REQUIRE(put("a/b/c", "new").ok());
  Bytes bytes(4);
  CHECK(*(*reader)->read(bytes, 3) == 4);
  CHECK(as_text(bytes) == "3456");  // as it was when opened
  CHECK((*reader)->size() == 10);
  CHECK((*reader)->file() != nullptr);
  CHECK(store->get("a/b/c", 10)->content == "new");
  REQUIRE(put("empty", "").ok());
  CHECK(store->get("empty", 0)->content.empty());
}

TEST_CASE_FIXTURE(Fixture, "of writers that make a new object one does") {
  const auto written = [&](std::string_view content) {
    auto writer = *store->create("a/b");
    REQUIRE(writer->write(as_bytes(content)).ok());
    return writer;
  };
  const auto first = written("first");
  const auto second = written("second");
  fs.fail("sync", EIO);
  CHECK_FALSE(first->finish_new().ok());
  CHECK(store->head("a/b").status().code() == StatusCode::kNotFound);
  fs.reset();
  REQUIRE(second->finish_new().ok());
  CHECK(fs.count("sync_directory") > 0);
  CHECK(first->finish_new().code() == StatusCode::kAlreadyExists);
  CHECK(store->get("a/b", 10)->content == "second");
  REQUIRE(first->finish().ok());
  CHECK(store->get("a/b", 10)->content == "first");
}

TEST_CASE_FIXTURE(Fixture, "what is not there") {
  REQUIRE(put("a/b", "x").ok());
  for (const char* key : {"b", "a", "a/c", "a/b/c"}) {
    CAPTURE(key);
    CHECK_FALSE(store->head(key).ok());
    CHECK_FALSE(store->open(key).ok());
  }
  CHECK(store->head("b").status().code() == StatusCode::kNotFound);
  CHECK(store->get("a", 10).status().code() == StatusCode::kNotFound);  // a folder is no object
  CHECK(store->remove("b").ok());
  CHECK(store->remove("a/b").ok());
  CHECK(store->head("a/b").status().code() == StatusCode::kNotFound);
}

TEST_CASE_FIXTURE(Fixture, "keys stay inside the store") {
  for (const std::string& key :
       {std::string(), std::string("/a"), std::string("a/"), std::string("a//b"), std::string(".."),
        std::string("a/../b"), std::string("."), std::string(".tmp/x"), std::string("a/.hidden"),
        std::string("a\0b", 3), std::string("a b"), std::string("文"), std::string("a\\b"),
        std::string(201, 'a'), std::string(1000, 'a'), "a/" + std::string(2000, '/')}) {
    CAPTURE(key);
    CHECK(put(key, "x").code() == StatusCode::kInvalidArgument);
    CHECK(store->open(key).status().code() == StatusCode::kInvalidArgument);
    CHECK(store->remove(key).code() == StatusCode::kInvalidArgument);
  }
  CHECK(put("a-b_c.d~%2F+=@,/Z9", "x").ok());
}

TEST_CASE_FIXTURE(Fixture, "lists come in the order of keys, in pages") {
  for (const char* key : {"p/a/1", "p/a-b", "p/a/2", "p/b", "p/a.c/x", "q", "p-"})
    REQUIRE(put(key, key).ok());
  const Keys below{"p/a-b", "p/a.c/x", "p/a/1", "p/a/2", "p/b"};
  CHECK(keys("p/") == below);
  CHECK(std::is_sorted(below.begin(), below.end()));
  CHECK(keys("p/a") == Keys{"p/a-b", "p/a.c/x", "p/a/1", "p/a/2"});
  CHECK(keys("p/a/") == Keys{"p/a/1", "p/a/2"});
  CHECK(keys("").size() == 7);
  CHECK(keys("nothing/here").empty());
  for (std::size_t limit = 1; limit <= 5; ++limit) {
    Keys all;
    bool more = true;
    while (more) {
      const auto page = store->list("p/", all.empty() ? "" : all.back(), limit);
      REQUIRE(page.ok());
      CHECK(page->objects.size() <= limit);
      for (const auto& object : page->objects) all.push_back(object.key);
      more = page->more;
    }
    CHECK(all == below);
  }
}

TEST_CASE_FIXTURE(Fixture, "an object is swapped only from the version that was seen") {
  const auto swap = [&](std::string_view content, std::optional<std::string> expected) {
    return store->put_if("ref", as_bytes(content), std::move(expected));
  };
  CHECK(swap("b", "some version").status().code() == StatusCode::kAborted);
  const auto first = swap("a", std::nullopt);
  REQUIRE(first.ok());
  CHECK(swap("b", std::nullopt).status().code() == StatusCode::kAborted);
  CHECK(store->get("ref", 10)->version == *first);
  const auto second = swap("b", *first);
  REQUIRE(second.ok());
  CHECK(swap("c", *first).status().code() == StatusCode::kAborted);
  CHECK(store->get("ref", 10)->content == "b");
}

TEST_CASE_FIXTURE(Fixture, "of many writers each swap is kept") {
  REQUIRE(put("count", "0").ok());
  const auto other_process = open();
  std::vector<std::jthread> writers;
  for (int w = 0; w < 4; ++w)
    writers.emplace_back([&, w] {
      ObjectStore& mine = w % 2 == 0 ? *store : *other_process;
      for (int done = 0; done < 10;) {
        const auto seen = mine.get("count", 20);
        const std::string next = std::to_string(std::stoi(seen->content) + 1);
        if (mine.put_if("count", as_bytes(next), seen->version).ok()) ++done;
      }
    });
  writers.clear();
  CHECK(store->get("count", 20)->content == "40");
}

TEST_CASE_FIXTURE(Fixture, "what is not finished is never seen") {
  {
    const auto writer = store->create("a/b");
    REQUIRE(writer.ok());
    REQUIRE((*writer)->write(as_bytes("half")).ok());
    CHECK(store->head("a/b").status().code() == StatusCode::kNotFound);
    CHECK(temporaries() == 1);
  }
  CHECK(store->head("a/b").status().code() == StatusCode::kNotFound);
  CHECK(temporaries() == 0);
}

TEST_CASE_FIXTURE(Fixture, "a full disk leaves the old content and nothing beside it") {
  REQUIRE(put("a", "old").ok());
  fs.fill_after(2);
  CHECK(detail(put("a", "new and longer"), Detail::kErrno) == std::to_string(ENOSPC));
  fs.make_room();
  CHECK(store->get("a", 10)->content == "old");
  CHECK(temporaries() == 0);
}

TEST_CASE_FIXTURE(Fixture, "an answered put is durable: contents first, then names, then folders") {
  fs.reset();
  REQUIRE(put("x/y/z", "content").ok());
  std::vector<std::string> order;
  for (const auto& operation : fs.operations()) {
    const bool about_names = operation.name == "sync_directory" || operation.name == "rename";
    if (operation.name == "sync") order.push_back("sync");
    if (about_names)
      order.push_back(operation.name + ' ' +
                      Path(operation.name == "rename" ? operation.other : operation.path.native())
                          .lexically_relative(root)
                          .native());
  }
  CHECK(order ==
        Keys{"sync", "sync_directory .", "sync_directory x", "rename x/y/z", "sync_directory x/y"});
}

TEST_CASE_FIXTURE(Fixture, "left-overs go after a day, and only those") {
  const Path old_file = root / ".tmp" / "old";
  REQUIRE(write_file_atomic(fs, old_file, as_bytes("x")).ok());
  REQUIRE(write_file_atomic(fs, root / ".tmp" / "new", as_bytes("x")).ok());
  const std::time_t then = std::time(nullptr) - 25 * 3600;
  const timeval times[2] = {{then, 0}, {then, 0}};
  REQUIRE(::utimes(old_file.c_str(), times) == 0);
  store = open();
  CHECK_FALSE(exists(fs, old_file));
  CHECK(temporaries() == 1);
  CHECK(keys("").empty());
}

TEST_CASE_FIXTURE(Fixture, "a new root is its owner's alone") {
  CHECK(fs.info(root)->mode == 0700);
}

}  // namespace
}  // namespace hubdist
