// Where messages for people go.
//
// A library writes nothing unless asked: the default sink drops everything below a warning and
// writes the rest to standard error. HUBDIST_LOG=debug|info|warning|error|off changes the level.
// No message may hold a secret (see secret.h: a Secret cannot be joined into one).
#pragma once

#include <functional>
#include <string_view>

#include <hubdist/base/strings.h>

namespace hubdist {

enum class LogLevel { kDebug, kInfo, kWarning, kError, kOff };

using LogSink = std::function<void(LogLevel, std::string_view message)>;

// Replaces the sink (an empty one restores the default). Thread-safe; the sink itself is called by
// many threads, one at a time.
void set_log_sink(LogSink sink);
void set_log_level(LogLevel level);
LogLevel log_level();
void log_message(LogLevel level, std::string_view message);

template <typename... Parts>
void log(LogLevel level, const Parts&... parts) {
  if (level >= log_level()) log_message(level, concat(parts...));
}

}  // namespace hubdist
