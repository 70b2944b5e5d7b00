#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/temp_dir.h"
#include <hubdist/io/descriptors.h>
#include <hubdist/io/file.h>

using namespace hubdist;

namespace {

// What `look` returns, from 0 to 255, in a child made by fork().
template <typename F>
int in_child(F&& look) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(look());
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

bool is_socket(int descriptor) {
  int type = 0;
  socklen_t size = sizeof(type);
  return ::getsockopt(descriptor, SOL_SOCKET, SO_TYPE, &type, &size) == 0;
}

bool is_open(int descriptor) { return ::fcntl(descriptor, F_GETFD) >= 0; }

}  // namespace

TEST_CASE("a kept descriptor is nothing in a child, and its own again when the number is reused") {
  int pair[2];
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
  keep_from_children(pair[0]);
  CHECK((::fcntl(pair[0], F_GETFD) & FD_CLOEXEC) != 0);
  CHECK(in_child([&] { return is_open(pair[0]) && !is_socket(pair[0]) ? 0 : 1; }) == 0);
  CHECK(in_child([&] { return is_socket(pair[1]) ? 0 : 1; }) == 0);
  CHECK(is_socket(pair[0]));
  REQUIRE(::dup2(pair[1], pair[0]) == pair[0]);  // the number is another socket's now
  CHECK(in_child([&] { return is_socket(pair[0]) ? 0 : 1; }) == 0);
  ::close(pair[0]);
  ::close(pair[1]);
}

TEST_CASE("a lock is not held on by a child") {
  testing::TempDir dir;
  FileSystem& fs = posix_file_system();
  auto held = *fs.open(dir / "lock", OpenMode::kCreate);
  REQUIRE(*held->try_lock());
  int hold[2];
  int here[2];
  REQUIRE(::pipe(hold) == 0);
  REQUIRE(::pipe(here) == 0);
  const pid_t child = ::fork();
  char c = 0;
  if (child == 0) {
    ::close(hold[1]);
    const bool told = ::write(here[1], &c, 1) == 1;
    ::_exit(told && ::read(hold[0], &c, 1) == 0 ? 0 : 1);
  }
  REQUIRE(::read(here[0], &c, 1) == 1);
  auto other = *fs.open(dir / "lock", OpenMode::kReadWrite);
  CHECK_FALSE(*other->try_lock());
  held.reset();  // closed and not unlocked, as by a process that dies
  CHECK(*other->try_lock());
  ::close(hold[1]);
  int status = 0;
  ::waitpid(child, &status, 0);
  CHECK(WIFEXITED(status));
  for (const int end : {hold[0], here[0], here[1]}) ::close(end);
}

TEST_CASE("the limit of descriptors is the process's own") {
  rlimit limit{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &limit) == 0);
  CHECK(descriptor_limit() >= 1);
  CHECK(descriptor_limit() <= limit.rlim_cur);
}
