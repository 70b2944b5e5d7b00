#include <atomic>
#include <cerrno>
#include <filesystem>
#include <set>
#include <stop_token>
#include <string>
#include <thread>

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/fault_file_system.h"
#include "tests/support/temp_dir.h"
#include <hubdist/io/file.h>

namespace hubdist {
namespace {

using testing::FaultFileSystem;
using testing::TempDir;

FileSystem& fs() { return posix_file_system(); }

std::string content_of(const Path& path) {
  auto text = read_file(fs(), path, kMiB);
  REQUIRE_MESSAGE(text.ok(), message(text.status()));
  return *text;
}

void put(const Path& path, std::string_view text) {
  REQUIRE(write_file_atomic(fs(), path, as_bytes(text)).ok());
}

TEST_CASE("open modes make, keep and refuse") {
  const TempDir dir;
  CHECK(fs().open(dir / "a", OpenMode::kRead).status().code() == StatusCode::kNotFound);
  CHECK(fs().open(dir / "a", OpenMode::kReadWrite).status().code() == StatusCode::kNotFound);
  {
    auto file = fs().open(dir / "a", OpenMode::kCreateNew);
    REQUIRE(file.ok());
    CHECK((*file)->pwrite(as_bytes("hello"), 3).ok());
    CHECK((*file)->info()->size == 8);
  }
  CHECK(fs().open(dir / "a", OpenMode::kCreateNew).status().code() == StatusCode::kAlreadyExists);
  CHECK((*fs().open(dir / "a", OpenMode::kCreate))->info()->size == 8);
  CHECK(content_of(dir / "a") == std::string("\0\0\0hello", 8));
  CHECK((*fs().open(dir / "a", OpenMode::kTruncate))->info()->size == 0);
  const auto missing = fs().open(dir / "no/b", OpenMode::kCreate).status();
  CHECK(missing.code() == StatusCode::kNotFound);
  CHECK(detail(missing, Detail::kErrno) == std::to_string(ENOENT));
  CHECK(message(missing).find("no/b") != std::string_view::npos);
}

TEST_CASE("room that was reserved can be given back") {
  const TempDir dir;
  auto file = fs().open(dir / "a", OpenMode::kCreateNew);
  REQUIRE(file.ok());
  const auto room = [&] {
    struct stat raw;
    REQUIRE(::fstat((*file)->descriptor(), &raw) == 0);
    return static_cast<std::uint64_t>(raw.st_blocks) * 512;
  };
  REQUIRE((*file)->reserve(8 * kMiB).ok());
  REQUIRE((*file)->pwrite(as_bytes("begin"), 0).ok());
  REQUIRE((*file)->pwrite(as_bytes("end"), 4 * kMiB).ok());
  const bool reserves = room() >= 8 * kMiB;  // not every file system does
  REQUIRE((*file)->release({5, 4 * kMiB}).ok());
  REQUIRE((*file)->release({4 * kMiB + 3, 8 * kMiB}).ok());
  if (reserves) CHECK(room() <= 64 * kKiB);
  CHECK((*file)->info()->size == 4 * kMiB + 3);
  Bytes out(8);
  REQUIRE(read_exactly(**file, std::span(out).first(8), 0).ok());
  CHECK(as_text(out) == std::string_view("begin\0\0\0", 8));
  REQUIRE(read_exactly(**file, std::span(out).first(3), 4 * kMiB).ok());
  CHECK(as_text(out).substr(0, 3) == "end");
}

TEST_CASE("reads stop at the end and reserve does not change the size") {
  const TempDir dir;
  auto file = fs().open(dir / "a", OpenMode::kCreateNew);
  REQUIRE(file.ok());
  REQUIRE((*file)->reserve(4 * kMiB).ok());
  CHECK((*file)->reserve(0).ok());
  CHECK((*file)->info()->size == 0);
  REQUIRE((*file)->pwrite(as_bytes("0123456789"), 0).ok());
  Bytes out(8);
  CHECK(*(*file)->pread(out, 6) == 4);
  CHECK(as_text(out).substr(0, 4) == "6789");
  CHECK(*(*file)->pread(out, 100) == 0);
  CHECK(read_exactly(**file, out, 0).ok());
  CHECK(read_exactly(**file, out, 3).code() == StatusCode::kOutOfRange);
  REQUIRE((*file)->truncate(2).ok());
  CHECK((*file)->sync().ok());
  CHECK(content_of(dir / "a") == "01");
}

TEST_CASE("a lock is held by one open file at a time") {
  const TempDir dir;
  auto first = fs().open(dir / "lock", OpenMode::kCreate);
  auto second = fs().open(dir / "lock", OpenMode::kCreate);
  CHECK(*(*first)->try_lock());
  CHECK_FALSE(*(*second)->try_lock());
  (*first)->unlock();
  CHECK(*(*second)->try_lock());
  second->reset();
  CHECK(*(*first)->try_lock());
}

TEST_CASE("folders, links and lists") {
  const TempDir dir;
  REQUIRE(fs().make_directories(dir / "x/y/z").ok());
  REQUIRE(fs().make_directories(dir / "x/y/z").ok());
  put(dir / "x/file", "f");
  CHECK(fs().make_directories(dir / "x/file").code() == StatusCode::kAlreadyExists);
  CHECK_FALSE(fs().make_directories(dir / "x/file/below").ok());
  REQUIRE(fs().make_symlink("../x/file", dir / "x/link").ok());
  CHECK(*fs().read_symlink(dir / "x/link") == "../x/file");
  CHECK(fs().link_info(dir / "x/link")->type == FileType::kSymlink);
  CHECK(fs().info(dir / "x/link")->type == FileType::kFile);
  const std::string long_target(1000, 't');
  REQUIRE(fs().make_symlink(long_target, dir / "x/dangling").ok());
  CHECK(*fs().read_symlink(dir / "x/dangling") == long_target);
  CHECK_FALSE(exists(fs(), dir / "x/dangling"));
  REQUIRE(fs().make_hard_link(dir / "x/file", dir / "x/hard").ok());
  CHECK(fs().info(dir / "x/file")->links == 2);
  CHECK(fs().info(dir / "x/file")->same_content(*fs().info(dir / "x/hard")));

  const auto entries = fs().list(dir / "x");
  REQUIRE(entries.ok());
  std::string names;
  for (const auto& e : *entries) names += e.name + " ";
  CHECK(names == "dangling file hard link y ");
  CHECK(entries->back().type == FileType::kDirectory);
  CHECK(fs().list(dir / "none").status().code() == StatusCode::kNotFound);

  CHECK_FALSE(fs().remove(dir / "x").ok());
  REQUIRE(remove_tree(fs(), dir / "x").ok());
  CHECK_FALSE(exists(fs(), dir / "x"));
  CHECK(remove_tree(fs(), dir / "x").ok());
}

TEST_CASE("remove_tree does not follow symlinks out of the folder") {
  const TempDir dir;
  REQUIRE(fs().make_directories(dir / "keep").ok());
  put(dir / "keep/file", "kept");
  REQUIRE(fs().make_directories(dir / "gone").ok());
  REQUIRE(fs().make_symlink("../keep", dir / "gone/link").ok());
  REQUIRE(remove_tree(fs(), dir / "gone").ok());
  CHECK(content_of(dir / "keep/file") == "kept");
}

TEST_CASE("copy keeps content and mode and refuses to overwrite") {
  const TempDir dir;
  std::string big(3 * kMiB + 17, 'x');
  for (std::size_t i = 0; i < big.size(); i += 101) big[i] = static_cast<char>(i % 251);
  REQUIRE(write_file_atomic(fs(), dir / "a", as_bytes(big), Durability::kProcess, 0640).ok());
  REQUIRE(fs().copy(dir / "a", dir / "b").ok());
  CHECK(*read_file(fs(), dir / "b", 8 * kMiB) == big);
  CHECK((fs().info(dir / "b")->mode & 0777) == (fs().info(dir / "a")->mode & 0777));
  CHECK(fs().copy(dir / "a", dir / "b").code() == StatusCode::kAlreadyExists);
  put(dir / "empty", "");
  REQUIRE(fs().copy(dir / "empty", dir / "empty2").ok());
  CHECK(content_of(dir / "empty2").empty());
}

TEST_CASE("a stopped copy leaves nothing behind") {
  const TempDir dir;
  put(dir / "small", "some bytes");
  std::stop_source stopped;
  stopped.request_stop();
  const Status at_once = fs().copy(dir / "small", dir / "copy", stopped.get_token());
  CHECK(at_once.code() == StatusCode::kCancelled);
  CHECK_FALSE(exists(fs(), dir / "copy"));

  put(dir / "large", "");
  constexpr std::uint64_t kSize = 4 * kGiB;  // a hole: it takes no room, but time to copy
  std::filesystem::resize_file(dir / "large", kSize);
  std::stop_source stop;
  std::atomic<bool> done = false;
  bool saw_part = false;
  std::thread watch([&] {
    while (!done && !stop.stop_requested()) {
      const auto info = fs().info(dir / "copy");
      if (!info.ok() || info->size == 0) continue;
      saw_part = info->size < kSize;
      stop.request_stop();
    }
  });
  const Status midway = fs().copy(dir / "large", dir / "copy", stop.get_token());
  done = true;
  watch.join();
  if (midway.ok()) {
    CHECK_FALSE(saw_part);  // the file system shares extents: all of it was there at once
  } else {
    CHECK(midway.code() == StatusCode::kCancelled);
    CHECK_FALSE(exists(fs(), dir / "copy"));
  }
}

TEST_CASE("copy reads files whose size is not known") {
  const TempDir dir;
  REQUIRE(fs().copy("/proc/self/status", dir / "status").ok());
  CHECK(content_of(dir / "status").find("Pid:") != std::string::npos);
}

TEST_CASE("read_file obeys its limit") {
  const TempDir dir;
  put(dir / "a", "12345");
  CHECK(*read_file(fs(), dir / "a", 5) == "12345");
  CHECK(read_file(fs(), dir / "a", 4).status().code() == StatusCode::kOutOfRange);
  CHECK(read_file(fs(), dir.path(), 4).status().code() == StatusCode::kInvalidArgument);
  CHECK(read_file(fs(), "/proc/self/status", kMiB)->find("Pid:") != std::string::npos);
}

TEST_CASE("write_file_atomic: readers see the old or the new content") {
  const TempDir dir;
  put(dir / "a", "old");
  FaultFileSystem faulty;

  SUBCASE("a full disk keeps the old and leaves nothing behind") {
    faulty.fill_after(2);
    const Status failed = write_file_atomic(faulty, dir / "a", as_bytes("newer"));
    CHECK(failed.code() == StatusCode::kFailedPrecondition);
    CHECK(detail(failed, Detail::kErrno) == std::to_string(ENOSPC));
    CHECK(content_of(dir / "a") == "old");
  }
  SUBCASE("a failing rename as well") {
    faulty.fail("rename", EIO);
    CHECK_FALSE(write_file_atomic(faulty, dir / "a", as_bytes("newer")).ok());
    CHECK(content_of(dir / "a") == "old");
  }
  SUBCASE("kCrash syncs the file before the rename and the folder after it") {
    REQUIRE(write_file_atomic(faulty, dir / "a", as_bytes("newer"), Durability::kCrash, 0600).ok());
    std::string order;
    for (const auto& operation : faulty.operations()) order += operation.name + " ";
    CHECK(order == "open pwrite sync rename sync_directory ");
    CHECK(content_of(dir / "a") == "newer");
    CHECK(fs().info(dir / "a")->mode == 0600);
  }
  CHECK(fs().list(dir.path())->size() == 1);
}

TEST_CASE("write_file_atomic takes names of the greatest length") {
  const TempDir dir;
  put(dir / std::string(255, 'n'), "x");
  CHECK(content_of(dir / std::string(255, 'n')) == "x");
}

TEST_CASE("free space is that of the nearest folder that exists") {
  const TempDir dir;
  const auto here = fs().free_space(dir.path());
  REQUIRE(here.ok());
  CHECK(*here > 0);
  CHECK(fs().free_space(dir / "not/yet/there").ok());
  CHECK(fs().free_space("relative-and-missing").ok());
}

TEST_CASE("the fault file system cuts the write that fills the disk, and records") {
  const TempDir dir;
  FaultFileSystem faulty;
  faulty.fill_after(5);
  auto file = faulty.open(dir / "a", OpenMode::kCreateNew);
  CHECK((*file)->pwrite(as_bytes("abc"), 0).ok());
  CHECK(detail((*file)->pwrite(as_bytes("def"), 3), Detail::kErrno) == std::to_string(ENOSPC));
  CHECK(content_of(dir / "a") == "abcde");
  faulty.make_room();
  CHECK((*file)->pwrite(as_bytes("def"), 3).ok());
  faulty.fail("pread", EIO, 2);
  Bytes out(1);
  CHECK((*file)->pread(out, 0).ok());
  CHECK_FALSE((*file)->pread(out, 0).ok());
  CHECK((*file)->pread(out, 0).ok());
  CHECK(faulty.count("pread") == 3);
  CHECK(faulty.count("pwrite") == 3);
}

}  // namespace
}  // namespace hubdist
