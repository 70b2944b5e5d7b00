#include <array>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <string>

#include <hubdist/base/log.h>

namespace hubdist {
namespace {

constexpr std::array<std::string_view, 5> kLevelNames = {"debug", "info", "warning", "error",
                                                         "off"};

LogLevel level_from_environment() {
  const char* text = std::getenv("HUBDIST_LOG");
  for (std::size_t i = 0; text && i < kLevelNames.size(); ++i)
    if (text == kLevelNames[i]) return static_cast<LogLevel>(i);
  return LogLevel::kWarning;
}

void write_to_stderr(LogLevel level, std::string_view message) {
  const std::string line =
      concat("hubdist: ", kLevelNames[static_cast<std::size_t>(level)], ": ", message, "\n");
  std::fwrite(line.data(), 1, line.size(), stderr);
}

std::atomic<LogLevel>& current_level() {
  static std::atomic<LogLevel> level{level_from_environment()};
  return level;
}

struct SinkHolder {
  std::mutex mutex;
  LogSink sink = write_to_stderr;
};

SinkHolder& holder() {
  static auto* instance = new SinkHolder;  // outlives every static that may log while it dies
  return *instance;
}

}  // namespace

void set_log_sink(LogSink sink) {
  const std::lock_guard lock(holder().mutex);
  holder().sink = sink ? std::move(sink) : LogSink(write_to_stderr);
}

void set_log_level(LogLevel level) { current_level() = level; }
LogLevel log_level() { return current_level(); }

void log_message(LogLevel level, std::string_view message) {
  if (level < log_level() || level == LogLevel::kOff) return;
  const std::lock_guard lock(holder().mutex);
  holder().sink(level, message);
}

}  // namespace hubdist
