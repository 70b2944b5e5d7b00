#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <limits>

#include <fcntl.h>
#include <pthread.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <hubdist/io/descriptors.h>

namespace hubdist {
namespace {

constexpr int kMaxDescriptor = 65'536;

// What each kept descriptor was open on, 0: not kept. A number that was closed and used again is
// open on something else, and is left alone.
constinit std::array<std::atomic<std::uint64_t>, kMaxDescriptor> kept{};
constinit std::atomic<int> kept_below = 0;
static_assert(std::atomic<std::uint64_t>::is_always_lock_free);

std::uint64_t opened_on(int descriptor) {
  struct stat raw;
  if (::fstat(descriptor, &raw) != 0) return 0;
  constexpr std::uint64_t kUsed = std::uint64_t{1} << 63;
  return kUsed |
         (static_cast<std::uint64_t>(raw.st_dev) << 40 ^ static_cast<std::uint64_t>(raw.st_ino));
}

// Between fork() and whatever the child does next: nothing but what a signal handler may do.
void replace_in_child() {
  const int error = errno;
  int nothing = -1;
  const int end = kept_below.load();
  for (int descriptor = 0; descriptor < end; ++descriptor) {
    const std::uint64_t was = kept[static_cast<std::size_t>(descriptor)].exchange(0);
    if (was == 0 || was != opened_on(descriptor)) continue;
    if (nothing < 0) nothing = ::open("/dev/null", O_RDWR | O_CLOEXEC);
    if (nothing < 0 || ::dup2(nothing, descriptor) < 0)
      ::close(descriptor);
    else
      ::fcntl(descriptor, F_SETFD, FD_CLOEXEC);
  }
  if (nothing >= 0) ::close(nothing);
  errno = error;
}

}  // namespace

void keep_from_children(int descriptor) {
  [[maybe_unused]] static const int registered =
      ::pthread_atfork(nullptr, nullptr, &replace_in_child);
  if (descriptor < 0) return;
  ::fcntl(descriptor, F_SETFD, FD_CLOEXEC);
  if (descriptor >= kMaxDescriptor) return;
  kept[static_cast<std::size_t>(descriptor)] = opened_on(descriptor);
  int end = kept_below.load();
  while (end <= descriptor && !kept_below.compare_exchange_weak(end, descriptor + 1)) {
  }
}

std::size_t descriptor_limit() {
  struct rlimit limit;
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 1;
  constexpr rlim_t kMost = std::numeric_limits<int>::max();
  return static_cast<std::size_t>(std::clamp<rlim_t>(limit.rlim_cur, 1, kMost));
}

}  // namespace hubdist
