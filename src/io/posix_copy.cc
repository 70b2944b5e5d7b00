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
std::uint64_t copy_in_kernel(File& from, File& to) {
#ifdef __linux__
  constexpr std::size_t kMost = 1 * kGiB;
  off_t read_at = 0;
  off_t write_at = 0;
  while (true) {
    const ssize_t n =
        ::copy_file_range(from.descriptor(), &read_at, to.descriptor(), &write_at, kMost, 0);
    if (n == 0 || (n < 0 && errno != EINTR)) break;
  }
  return static_cast<std::uint64_t>(write_at);
#else
  static_cast<void>(from);
  static_cast<void>(to);
  return 0;
#endif
}

}  // namespace

Status copy_content(File& from, File& to) {
  if (clone(from, to)) return {};
  std::uint64_t offset = copy_in_kernel(from, to);
  std::vector<std::byte> buffer(kCopyBuffer);
  while (true) {
    HUBDIST_ASSIGN(const std::size_t count, from.pread(buffer, offset));
    if (count == 0) return {};
    HUBDIST_TRY(to.pwrite(ByteView(buffer.data(), count), offset));
    offset += count;
  }
}

}  // namespace hubdist::internal
