#include "store/internal/soft_lock.h"

#include <cerrno>
#include <charconv>
#include <csignal>
#include <optional>
#include <string>

#include <unistd.h>

#include <hubdist/base/hex.h>

namespace hubdist::internal {
namespace {

constexpr std::uint64_t kMaxMarkerSize = 1024;
constexpr std::uint64_t kInitialPidNamespace = 0xEFFFFFFC;  // PID_NS_INIT_INO of Linux
constexpr std::size_t kMaxHostName = 253;

struct Holder {
  pid_t pid = 0;
  std::string_view host;
};

std::optional<Holder> parse_marker(std::string_view text) {
  const std::size_t first = text.find('\n');
  if (first == std::string_view::npos) return std::nullopt;
  const std::size_t second = text.find('\n', first + 1);
  if (second == std::string_view::npos) return std::nullopt;
  Holder holder;
  const auto [end, error] = std::from_chars(text.data(), text.data() + first, holder.pid);
  if (error != std::errc{} || end != text.data() + first || holder.pid <= 0) return std::nullopt;
  holder.host = text.substr(first + 1, second - first - 1);
  return holder;
}

bool process_is_gone(pid_t pid) { return ::kill(pid, 0) != 0 && errno == ESRCH; }

// Takes away the marker of a holder that is gone. A rename first, so that of two that see the same
// dead marker only one removes it; what turns out to be another's fresh marker is put back.
void break_stale_marker(FileSystem& fs, const Path& path, const std::string& content) {
  const Path aside = path.native() + ".break." + std::to_string(::getpid());
  if (!fs.rename(path, aside).ok()) return;
  const auto found = read_file(fs, aside, kMaxMarkerSize);
  if (found.ok() && *found != content) (void)fs.make_hard_link(aside, path);
  (void)fs.remove(aside);
}

}  // namespace

std::string soft_lock_host(FileSystem& fs) {
  char raw[kMaxHostName + 1] = {};
  if (::gethostname(raw, kMaxHostName) != 0) return "?";
  std::string host;
  for (const char c : std::string_view(raw)) {
    const auto byte = static_cast<std::byte>(c);
    if (c > 0x20 && c < 0x7f && c != '?')
      host.push_back(c);
    else
      host += '?' + to_hex(ByteView(&byte, 1));
  }
  const auto space = fs.info("/proc/self/ns/pid");
  if (space.ok() && space->inode != kInitialPidNamespace) {
    char digits[17] = {};
    const auto [end, error] = std::to_chars(digits, digits + 16, space->inode, 16);
    if (error == std::errc{}) host += "?pidns-" + std::string(digits, end);
  }
  if (host.size() > kMaxHostName) host.resize(kMaxHostName);
  return host.empty() ? "?" : host;
}

Result<bool> make_soft_lock(FileSystem& fs, const Path& path) {
  const std::string host = soft_lock_host(fs);
  for (int tries = 0; tries < 2; ++tries) {
    auto made = fs.open(path, OpenMode::kCreateNew, 0664);
    if (made.ok()) {
      const std::string content = concat(::getpid(), '\n', host, '\n');
      if (Status written = (*made)->pwrite(as_bytes(content), 0); !written.ok()) {
        (void)fs.remove(path);
        return written;
      }
      return true;
    }
    if (made.status().code() != StatusCode::kAlreadyExists) return made.status();
    const auto content = read_file(fs, path, kMaxMarkerSize);
    if (!content.ok()) return false;  // it just went: the caller tries again
    const auto holder = parse_marker(*content);
    if (!holder || holder->host != host || !process_is_gone(holder->pid)) return false;
    break_stale_marker(fs, path, *content);
  }
  return false;
}

}  // namespace hubdist::internal
