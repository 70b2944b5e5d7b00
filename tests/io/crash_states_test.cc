// The tests' model of a crash: what must be there afterwards, and what may be.
#include "tests/support/crash_states.h"

#include <set>

#include <doctest/doctest.h>

namespace hubdist {
namespace {

using testing::CrashChoice;
using testing::CrashStates;
using testing::MemoryFileSystem;
using testing::RecordedFileSystem;
using testing::TraceEvent;

struct Fixture {
  MemoryFileSystem memory;
  RecordedFileSystem disk{memory};

  void write(const Path& path, std::string_view text, bool synced) {
    auto file = disk.open(path, OpenMode::kCreate);
    REQUIRE(file.ok());
    REQUIRE((*file)->pwrite(as_bytes(text), 0).ok());
    if (synced) REQUIRE((*file)->sync().ok());
  }
  // What may be at a path after a crash now: the content, or "-" for nothing.
  std::set<std::string> possible(const Path& path) const {
    const std::vector<TraceEvent> trace = disk.trace();
    CrashStates states(trace);
    while (states.advance()) continue;
    std::set<std::string> found{at(states, {CrashChoice::Keep::kNothing, 0}, path),
                                at(states, {CrashChoice::Keep::kEverything, 0}, path)};
    for (std::uint64_t seed = 1; seed < 200; ++seed)
      found.insert(at(states, {CrashChoice::Keep::kSome, seed}, path));
    return found;
  }
  static std::string at(const CrashStates& states, const CrashChoice& choice, const Path& path) {
    return read_file(*states.disk(choice), path, kMiB).value_or("-");
  }
};

using Found = std::set<std::string>;

TEST_CASE_FIXTURE(Fixture, "a content and its name are durable each by its own sync") {
  write("/a", "four", false);
  CHECK(possible("/a") == Found{"-", "", "fo", "four"});
  write("/a", "four", true);
  CHECK(possible("/a") == Found{"-", "four"});
  REQUIRE(disk.sync_directory("/").ok());
  CHECK(possible("/a") == Found{"four"});
}

TEST_CASE_FIXTURE(Fixture, "a name whose folder is durable may lead to nothing yet") {
  write("/a", "four", false);
  REQUIRE(disk.sync_directory("/").ok());
  CHECK(possible("/a") == Found{"", "fo", "four"});
}

TEST_CASE_FIXTURE(Fixture, "a rename replaces the old content with the new, or does not") {
  write("/a", "old", true);
  write("/b", "new", true);
  REQUIRE(disk.sync_directory("/").ok());
  REQUIRE(disk.rename("/b", "/a").ok());
  CHECK(possible("/a") == Found{"new", "old"});
  REQUIRE(disk.sync_directory("/").ok());
  CHECK(possible("/a") == Found{"new"});
  CHECK(possible("/b") == Found{"-"});
}

TEST_CASE_FIXTURE(Fixture, "a file in a folder that is lost is lost") {
  REQUIRE(disk.make_directories("/x/y").ok());
  write("/x/y/a", "four", true);
  REQUIRE(disk.sync_directory("/x/y").ok());
  REQUIRE(disk.sync_directory("/").ok());
  CHECK(possible("/x/y/a") == Found{"-", "four"});
  REQUIRE(disk.sync_directory("/x").ok());
  CHECK(possible("/x/y/a") == Found{"four"});
}

TEST_CASE_FIXTURE(Fixture, "what was removed may come back until its folder is synced") {
  write("/a", "four", true);
  REQUIRE(disk.sync_directory("/").ok());
  REQUIRE(disk.remove("/a").ok());
  CHECK(possible("/a") == Found{"-", "four"});
  REQUIRE(disk.sync_directory("/").ok());
  CHECK(possible("/a") == Found{"-"});
}

TEST_CASE_FIXTURE(Fixture, "links, copies and shorter files are recorded") {
  write("/a", "four", true);
  REQUIRE(disk.make_hard_link("/a", "/hard").ok());
  REQUIRE(disk.make_symlink("a", "/soft").ok());
  REQUIRE(disk.copy("/a", "/copy").ok());
  auto file = disk.open("/a", OpenMode::kReadWrite);
  REQUIRE((*file)->truncate(3).ok());
  REQUIRE((*file)->release({0, 1}).ok());
  REQUIRE((*file)->sync().ok());
  REQUIRE(disk.sync_directory("/").ok());
  const std::string left("\0ou", 3);
  CHECK(possible("/a") == Found{left});
  CHECK(possible("/hard") == Found{left});
  CHECK(possible("/soft") == Found{left});
  CHECK(possible("/copy") == Found{"", "fo", "four"});
}

TEST_CASE_FIXTURE(Fixture, "a fingerprint tells disks apart, but for folders that do not count") {
  REQUIRE(disk.make_directories("/tmp").ok());
  write("/a", "four", false);
  write("/tmp/b", "four", false);
  const std::vector<TraceEvent> trace = disk.trace();
  CrashStates states(trace);
  std::set<std::uint64_t> seen;
  const CrashChoice all{CrashChoice::Keep::kEverything, 0};
  while (states.advance()) seen.insert(states.fingerprint(all, "tmp"));
  CHECK(seen.size() == 3);  // empty, with /a, with its content
  CHECK(states.fingerprint(all, "tmp") !=
        states.fingerprint({CrashChoice::Keep::kNothing, 0}, "tmp"));
}

}  // namespace
}  // namespace hubdist
