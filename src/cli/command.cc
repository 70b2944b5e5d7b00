#include "cli/command.h"

#include <condition_variable>
#include <cstdio>
#include <mutex>

namespace hubdist::cli {

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

Result<std::string> read_token_from_stdin() {
  static constexpr std::size_t kMaxToken = 16 * kKiB;
  std::string token;
  for (int c = std::getchar(); c != EOF && c != '\n'; c = std::getchar()) {
    if (token.size() == kMaxToken)
      return invalid_argument("the token on standard input is longer than ", kMaxToken, " bytes");
    token.push_back(static_cast<char>(c));
  }
  while (!token.empty() && (token.back() == '\r' || token.back() == ' ' || token.back() == '\t'))
    token.pop_back();
  if (token.empty())
    return invalid_argument(
        "standard input holds no token: pipe it in, for example with "
        "`hubdist get --token-stdin URI < token-file`");
  return token;
}

}  // namespace hubdist::cli
