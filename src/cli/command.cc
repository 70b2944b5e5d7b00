#include "cli/command.h"

#include <cerrno>
#include <condition_variable>
#include <cstdio>
#include <iterator>
#include <mutex>
#include <optional>

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

namespace hubdist::cli {
namespace {

constexpr std::size_t kMaxToken = 16 * kKiB;

// A descriptor that becomes readable when a stop is asked for.
class StopDescriptor {
 public:
  explicit StopDescriptor(const std::stop_token& stop) : event_(::eventfd(0, EFD_CLOEXEC)) {
    wake_.emplace(stop, [this] { ::eventfd_write(event_, 1); });
  }
  ~StopDescriptor() {
    wake_.reset();  // a callback under way still writes
    ::close(event_);
  }
  StopDescriptor(const StopDescriptor&) = delete;
  StopDescriptor& operator=(const StopDescriptor&) = delete;
  int get() const { return event_; }

 private:
  const int event_;
  std::optional<std::stop_callback<std::function<void()>>> wake_;
};

// Waits until `descriptor` has bytes or is at its end.
Status wait_readable(int descriptor, const StopDescriptor& stopped) {
  pollfd waited[] = {{descriptor, POLLIN, 0}, {stopped.get(), POLLIN, 0}};
  while (::poll(waited, std::size(waited), -1) < 0)
    if (errno != EINTR) return errno_status(errno, "wait for", "standard input");
  if (waited[1].revents != 0) return cancelled("stopped while waiting for standard input");
  return {};
}

// What comes before the first end of line, or before the end of all.
Result<std::string> read_line(int descriptor, std::size_t limit, const std::stop_token& stop) {
  const StopDescriptor stopped(stop);
  std::string line;
  while (true) {
    HUBDIST_TRY(wait_readable(descriptor, stopped));
    char part[512];
    const ssize_t count = ::read(descriptor, part, sizeof part);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return errno_status(errno, "read", "standard input");
    line.append(part, static_cast<std::size_t>(count));
    const std::size_t end = line.find('\n');
    if (count == 0 || end != line.npos) return line.substr(0, end);
    if (line.size() > limit)
      return invalid_argument("the first line of standard input passes ", limit, " bytes");
  }
}

}  // namespace

void usage_error(std::string_view argument, const Status& status) {
  throw CLI::ValidationError(std::string(argument), std::string(message(status)));
}

Status announce(std::string_view what, std::string_view address, const Path& port_file) {
  if (!port_file.empty()) {
    const std::string port = concat(address.substr(address.rfind(':') + 1), '\n');
    HUBDIST_TRY(write_file_atomic(posix_file_system(), port_file, as_bytes(port)));
  }
  const std::string line = concat(what, " listens on ", address, '\n');
  std::fputs(line.c_str(), stderr);
  return {};
}

Status serve_until_stopped(std::stop_token stop) {
  std::mutex mutex;
  std::condition_variable_any wake;
  std::unique_lock lock(mutex);
  wake.wait(lock, stop, [] { return false; });
  return {};
}

Result<std::string> read_token_from_stdin(std::stop_token stop) {
  HUBDIST_ASSIGN(std::string token, read_line(STDIN_FILENO, kMaxToken, stop));
  while (!token.empty() && (token.back() == '\r' || token.back() == ' ' || token.back() == '\t'))
    token.pop_back();
  if (token.empty())
    return invalid_argument(
        "standard input holds no token: pipe it in, for example with "
        "`hubdist get --token-stdin URI < token-file`");
  return token;
}

}  // namespace hubdist::cli
