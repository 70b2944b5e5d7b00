// Processes that receive a file and are killed at any moment.
#include <algorithm>
#include <atomic>
#include <random>
#include <thread>

#include <doctest/doctest.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/temp_dir.h"
#include <hubdist/core/hash.h>
#include <hubdist/store/file_lock.h>
#include <hubdist/store/partial_file.h>

using namespace hubdist;
using hubdist::testing::TempDir;

namespace {

constexpr std::uint64_t kSize = 48 * kMiB + 777;
constexpr std::uint64_t kWrite = 16 * kKiB;  // as a socket gives them
constexpr std::size_t kStreams = 4;
constexpr int kKills = 20;
constexpr std::uint64_t kMayLose = 16 * kMiB;

// Memory that parent and child see.
struct Shared {
  std::atomic<std::uint64_t> received = 0;  // by all children together
  std::atomic<std::uint64_t> found = 0;     // by the last child, when it began
  std::atomic<bool> done = false;
};

Shared* make_shared_memory() {
  void* raw =
      ::mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  REQUIRE(raw != MAP_FAILED);
  return new (raw) Shared;
}

Bytes random_bytes(std::size_t size) {
  std::mt19937_64 random(3);
  Bytes out(size);
  for (std::byte& b : out) b = static_cast<std::byte>(random());
  return out;
}

// What the child does; its exit code tells where it failed.
int receive(const PartialOptions& options, const Path& lock_path, const Path& final_path,
            const Bytes& data, Shared& shared) {
  FileSystem& fs = posix_file_system();
  const auto lock = FileLock::acquire(fs, lock_path);
  if (!lock.ok()) return 1;
  auto file = PartialFile::open(fs, options);
  if (!file.ok()) return 2;
  shared.found = (*file)->held().size();
  const auto gaps = (*file)->held().gaps({0, kSize});
  std::atomic<bool> failed = false;
  {
    std::vector<std::jthread> streams;
    for (std::size_t i = 0; i < kStreams; ++i)
      streams.emplace_back([&, i] {
        for (const ByteRange& gap : gaps) {
          // A part of each gap for each stream.
          std::uint64_t at = gap.begin + gap.size() * i / kStreams;
          const std::uint64_t end = gap.begin + gap.size() * (i + 1) / kStreams;
          while (at < end) {
            const std::uint64_t n = std::min(kWrite, end - at);
            shared.received += n;
            if (!(*file)->write(at, ByteView(data).subspan(at, n)).ok()) failed = true;
            at += n;
          }
        }
      });
  }
  if (failed) return 3;
  if (!(*file)->verify().ok()) return 4;
  if (!(*file)->publish(final_path).ok()) return 5;
  shared.done = true;
  return 0;
}

}  // namespace

TEST_CASE("a process killed at any moment loses little, and nothing wrong is ever published") {
  TempDir dir;
  const Bytes data = random_bytes(kSize);
  PartialOptions options;
  options.paths = {dir / "x.hubdist-part", dir / "x.hubdist-log"};
  options.size = kSize;
  options.identity.sha256 = sha256(data);
  options.name = "model.bin";
  const Path final_path = dir / "x";
  Shared* shared = make_shared_memory();

  std::mt19937_64 random(11);
  std::uint64_t before = 0;  // received by all children that are dead
  std::uint64_t held = 0;    // found by the last of them
  for (int kill = 0; kill <= kKills && !shared->done; ++kill) {
    const std::uint64_t left = kSize - held;
    const std::uint64_t moment =
        before + std::uniform_int_distribution<std::uint64_t>(1, left / 5 + 1)(random);
    const pid_t child = ::fork();
    if (child == 0) ::_exit(receive(options, dir / "lock", final_path, data, *shared));
    if (kill < kKills) {
      while (shared->received < moment && !shared->done) {
      }
      ::kill(child, SIGKILL);
    }
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    if (WIFEXITED(status)) CHECK(WEXITSTATUS(status) == 0);
    // What this child found is what the one before it had, but for a few MiB.
    if (kill > 0) CHECK(shared->found + kMayLose >= std::min(kSize, before));
    held = shared->found;
    if (exists(posix_file_system(), final_path)) break;
    before = std::min<std::uint64_t>(kSize, held + (shared->received - before));
    shared->received = before;
  }
  // Whatever the last kill left, one more run ends it.
  if (!exists(posix_file_system(), final_path)) {
    const pid_t child = ::fork();
    if (child == 0) ::_exit(receive(options, dir / "lock", final_path, data, *shared));
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    REQUIRE(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 0);
  }
  const auto published = read_file(posix_file_system(), final_path, 2 * kSize);
  REQUIRE(published.ok());
  CHECK(*published == as_text(data));
  ::munmap(shared, sizeof(Shared));
}

TEST_CASE("two processes that want one file make it once") {
  TempDir dir;
  const Bytes data = random_bytes(kSize);
  PartialOptions options;
  options.paths = {dir / "x.hubdist-part", dir / "x.hubdist-log"};
  options.size = kSize;
  options.identity.sha256 = sha256(data);
  const Path final_path = dir / "x";
  Shared* shared = make_shared_memory();
  std::vector<pid_t> children;
  for (int i = 0; i < 2; ++i) {
    const pid_t child = ::fork();
    if (child == 0) {
      const auto lock = FileLock::acquire(posix_file_system(), dir / "outer");
      if (!lock.ok()) ::_exit(9);
      if (exists(posix_file_system(), final_path)) ::_exit(0);
      ::_exit(receive(options, dir / "lock", final_path, data, *shared));
    }
    children.push_back(child);
  }
  for (const pid_t child : children) {
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 0);
  }
  CHECK(shared->received == kSize);
  CHECK(*read_file(posix_file_system(), final_path, 2 * kSize) == as_text(data));
  ::munmap(shared, sizeof(Shared));
}
