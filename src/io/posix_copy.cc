#include <cerrno>
#include <vector>

#include <unistd.h>
#ifdef __linux__
#include <linux/fs.h>
#include <sys/ioctl.h>
#endif

#include "io/internal/posix_file.h"

namespace hubdist::internal {
namespace {

constexpr std::size_t kCopyBuffer = 1 * kMiB;
// What the kernel copies at a time; a stop is seen between two steps.
constexpr std::size_t kKernelStep = 16 * kMiB;

bool clone(File& from, File& to) {
#ifdef FICLONE
  return ::ioctl(to.descriptor(), FICLONE, from.descriptor()) == 0;
#else
  static_cast<void>(from);
  static_cast<void>(to);
  return false;
#endif
}

// The offset up to which the kernel copied. It stops early where the two file systems do not
// support it; the rest goes through memory, which also reports the true cause of an error.
std::uint64_t copy_in_kernel(File& from, File& to, const std::stop_token& stop) {
#ifdef __linux__
  off_t read_at = 0;
  off_t write_at = 0;
  while (!stop.stop_requested()) {
    const ssize_t n =
        ::copy_file_range(from.descriptor(), &read_at, to.descriptor(), &write_at, kKernelStep, 0);
    if (n == 0 || (n < 0 && errno != EINTR)) break;
  }
  return static_cast<std::uint64_t>(write_at);
#else
  static_cast<void>(from);
  static_cast<void>(to);
  static_cast<void>(stop);
  return 0;
#endif
}

}  // namespace

Status copy_content(File& from, File& to, const std::stop_token& stop) {
  if (clone(from, to)) return {};
  std::uint64_t offset = copy_in_kernel(from, to, stop);
  std::vector<std::byte> buffer(kCopyBuffer);
  while (true) {
    if (stop.stop_requested()) return cancelled("stopped while copying a file");
    HUBDIST_ASSIGN(const std::size_t count, from.pread(buffer, offset));
    if (count == 0) return {};
    HUBDIST_TRY(to.pwrite(ByteView(buffer.data(), count), offset));
    offset += count;
  }
}

}  // namespace hubdist::internal
