#include <thread>

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "src/store/internal/soft_lock.h"
#include "tests/support/fault_file_system.h"
#include "tests/support/temp_dir.h"
#include <hubdist/store/file_lock.h>

using namespace hubdist;
using hubdist::testing::FaultFileSystem;
using hubdist::testing::TempDir;

namespace {

// As a file system mounted without flock answers.
void refuse_flock(FaultFileSystem& fs) {
  fs.set_hook([](const hubdist::testing::FileOperation& operation) {
    return operation.name == "try_lock" ? unimplemented("no flock here") : Status();
  });
}

std::string content(const Path& path) {
  auto text = read_file(posix_file_system(), path, 4096);
  return text.ok() ? *text : "unreadable";
}

void put(const Path& path, std::string_view text) {
  REQUIRE(write_file_atomic(posix_file_system(), path, as_bytes(text)).ok());
}

}  // namespace

TEST_CASE("a lock shuts out others of the same process and is free again when it goes") {
  TempDir dir;
  const Path path = dir / "locks/a.lock";
  FileSystem& fs = posix_file_system();
  {
    const auto lock = FileLock::acquire(fs, path);
    REQUIRE(lock.ok());
    CHECK_FALSE(lock->soft());
    const auto second = FileLock::try_acquire(fs, path);
    REQUIRE(second.ok());
    CHECK_FALSE(second->has_value());
  }
  CHECK(exists(fs, path));
  const auto again = FileLock::try_acquire(fs, path);
  REQUIRE(again.ok());
  CHECK(again->has_value());
}

TEST_CASE("a lock file can be written by the group, as filelock makes it") {
  TempDir dir;
  const auto lock = FileLock::acquire(posix_file_system(), dir / "a.lock");
  REQUIRE(lock.ok());
  CHECK(posix_file_system().info(dir / "a.lock")->mode == 0664);
}

TEST_CASE("waiting for a lock ends with a stop request") {
  TempDir dir;
  const auto held = FileLock::acquire(posix_file_system(), dir / "a.lock");
  REQUIRE(held.ok());
  std::stop_source stop;
  Status waited;
  std::jthread waiter([&] {
    waited = FileLock::acquire(posix_file_system(), dir / "a.lock", stop.get_token()).status();
  });
  stop.request_stop();
  waiter.join();
  CHECK(waited.code() == StatusCode::kCancelled);
}

TEST_CASE("a lock on a file that was unlinked meanwhile does not count") {
  TempDir dir;
  const Path path = dir / "a.lock";
  FaultFileSystem fs;
  bool once = true;
  fs.set_hook([&](const hubdist::testing::FileOperation& operation) {
    if (operation.name == "try_lock" && std::exchange(once, false))
      REQUIRE(posix_file_system().remove(path).ok());
    return Status();
  });
  const auto lock = FileLock::acquire(fs, path);
  REQUIRE(lock.ok());
  CHECK(fs.count("try_lock") == 2);
  const auto other = FileLock::try_acquire(posix_file_system(), path);
  REQUIRE(other.ok());
  CHECK_FALSE(other->has_value());
}

TEST_CASE("where flock is refused a marker with pid and host is the lock") {
  TempDir dir;
  const Path path = dir / "a.lock";
  FaultFileSystem fs;
  refuse_flock(fs);
  {
    const auto lock = FileLock::acquire(fs, path);
    REQUIRE(lock.ok());
    CHECK(lock->soft());
    CHECK(content(path) == concat(::getpid(), '\n', internal::soft_lock_host(fs), '\n'));
    const auto second = FileLock::try_acquire(fs, path);
    REQUIRE(second.ok());
    CHECK_FALSE(second->has_value());
  }
  CHECK_FALSE(exists(fs, path));
}

TEST_CASE("the marker of a process that is gone is taken away, those of others are not") {
  TempDir dir;
  const Path path = dir / "a.lock";
  FaultFileSystem fs;
  refuse_flock(fs);
  const pid_t child = ::fork();
  if (child == 0) ::_exit(0);
  REQUIRE(::waitpid(child, nullptr, 0) == child);

  SUBCASE("gone") {
    put(path, concat(child, '\n', internal::soft_lock_host(fs), '\n'));
    const auto lock = FileLock::try_acquire(fs, path);
    REQUIRE(lock.ok());
    CHECK(lock->has_value());
  }
  SUBCASE("on another host") {
    put(path, concat(child, "\nelsewhere\n"));
    const auto lock = FileLock::try_acquire(fs, path);
    REQUIRE(lock.ok());
    CHECK_FALSE(lock->has_value());
    CHECK(content(path) == concat(child, "\nelsewhere\n"));
  }
  SUBCASE("alive, or without a record") {
    for (const std::string& text :
         {concat(::getppid(), '\n', internal::soft_lock_host(fs), '\n'), std::string()}) {
      put(path, text);
      const auto lock = FileLock::try_acquire(fs, path);
      REQUIRE(lock.ok());
      CHECK_FALSE(lock->has_value());
      CHECK(content(path) == text);
    }
  }
}

TEST_CASE("many threads hold a lock one after another") {
  TempDir dir;
  FaultFileSystem refusing;
  refuse_flock(refusing);
  for (FileSystem* fs : {&posix_file_system(), static_cast<FileSystem*>(&refusing)}) {
    const Path path = dir / (fs == &refusing ? "soft.lock" : "hard.lock");
    std::atomic<int> inside = 0;
    std::atomic<int> done = 0;
    {
      std::vector<std::jthread> threads;
      for (int i = 0; i < 4; ++i)
        threads.emplace_back([&] {
          const auto lock = FileLock::acquire(*fs, path);
          if (lock.ok() && inside.fetch_add(1) == 0) ++done;
          --inside;
        });
    }
    CHECK(done == 4);
  }
}
