#include "cli/progress.h"

#include <condition_variable>
#include <cstdlib>
#include <utility>

#include <sys/ioctl.h>
#include <unistd.h>

#include "cli/events.h"
#include "cli/format.h"
#include <hubdist/base/json_writer.h>
#include <hubdist/base/log.h>
#include <hubdist/base/strings.h>

namespace hubdist::cli {
namespace {

constexpr std::size_t kDefaultWidth = 80;

std::size_t terminal_width() {
  winsize size{};
  if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return kDefaultWidth;
  return size.ws_col;
}

Duration interval(ProgressMode mode) {
  if (mode == ProgressMode::kBar) return std::chrono::milliseconds(100);
  if (mode == ProgressMode::kJson) return std::chrono::milliseconds(500);
  return std::chrono::seconds(5);
}

void put_line(std::string line) {
  line.push_back('\n');
  std::fwrite(line.data(), 1, line.size(), stderr);
  std::fflush(stderr);
}

}  // namespace

ProgressMode progress_mode(bool quiet, bool json) {
  if (json) return ProgressMode::kJson;
  if (quiet) return ProgressMode::kQuiet;
  const char* terminal = std::getenv("TERM");
  const bool dumb = terminal == nullptr || std::string_view(terminal) == "dumb";
  return isatty(STDERR_FILENO) == 1 && !dumb ? ProgressMode::kBar : ProgressMode::kLines;
}

ProgressReport::ProgressReport(ProgressMode mode) : mode_(mode) {
  if (mode_ != ProgressMode::kQuiet)
    ticker_ = std::jthread([this](std::stop_token stop) { run(stop); });
}

ProgressReport::~ProgressReport() { finish(); }

void ProgressReport::begin(std::string_view phase, std::string_view source) {
  const std::lock_guard lock(mutex_);
  state_ = {};
  drawn_bytes_ = 0;
  plan_told_ = false;
  phase_ = phase;
  if (mode_ == ProgressMode::kJson) {
    JsonWriter json;
    json.begin_object().field("event", "phase").field("phase", phase);
    if (!source.empty()) json.field("source", source);
    print_event(json.end_object());
  }
  if (mode_ == ProgressMode::kLines)
    put_line(concat(phase, source.empty() ? "" : " ", printable(source)));
}

ProgressSink ProgressReport::sink() {
  return [this](const ProgressEvent& event) { apply(event); };
}

void ProgressReport::note(std::string_view line) {
  const std::lock_guard lock(mutex_);
  clear_bar();
  put_line(printable(line));
}

void ProgressReport::finish() {
  if (ticker_.joinable()) {
    ticker_.request_stop();
    ticker_.join();
  }
  const std::lock_guard lock(mutex_);
  clear_bar();
  finished_ = true;
}

std::uint64_t ProgressReport::bytes_here() const {
  const std::lock_guard lock(mutex_);
  return state_.done_bytes();
}

void ProgressReport::apply(const ProgressEvent& event) {
  const std::lock_guard lock(mutex_);
  if (finished_) return;
  state_.apply(event, system_clock().now());
  if (mode_ == ProgressMode::kJson) write_json(event);
  if (mode_ == ProgressMode::kLines) write_line(event);
}

void ProgressReport::write_json(const ProgressEvent& event) {
  if (event.kind == ProgressKind::kBytes) return;  // draw() tells them together
  if (event.kind == ProgressKind::kPlanned && std::exchange(plan_told_, true)) return;
  JsonWriter json;
  json.begin_object();
  if (event.kind == ProgressKind::kPlanned) {
    json.field("event", "planned");
    if (event.files > 0 || event.bytes == 0) json.field("files", event.files);
    json.field("bytes", event.bytes);
  } else if (event.kind == ProgressKind::kStarted) {
    json.field("event", "started").field("path", event.path);
  } else {
    json.field("event", "finished").field("path", event.path);
    json.field("bytes", state_.file_bytes(event.path));
  }
  print_event(json.end_object());
}

void ProgressReport::write_line(const ProgressEvent& event) {
  if (event.kind == ProgressKind::kPlanned && event.files > 0)
    put_line(concat(format_count(event.files, "file"), ", ", format_bytes(event.bytes)));
  if (event.kind == ProgressKind::kFinished)
    put_line(concat(printable(event.path), "  ", format_bytes(state_.file_bytes(event.path))));
}

void ProgressReport::draw() {
  const std::lock_guard lock(mutex_);
  const Instant now = system_clock().now();
  if (mode_ == ProgressMode::kBar) {
    // The last column stays free: some terminals wrap when it is filled.
    const std::string line = progress_line(state_, now, terminal_width() - 1, phase_);
    const std::string text = concat('\r', line, "\x1b[K");
    std::fwrite(text.data(), 1, text.size(), stderr);
    std::fflush(stderr);
    bar_drawn_ = true;
    return;
  }
  if (state_.done_bytes() == drawn_bytes_) return;
  drawn_bytes_ = state_.done_bytes();
  if (mode_ == ProgressMode::kLines) {
    put_line(progress_line(state_, now, kDefaultWidth));
    return;
  }
  JsonWriter json;
  json.begin_object().field("event", "progress");
  const bool counts_files = state_.total_files() > 0;
  if (counts_files) json.field("files", state_.done_files());
  json.field("bytes", state_.done_bytes());
  if (counts_files) json.field("bytes_moved", state_.moved_bytes());
  json.field("rate", static_cast<std::uint64_t>(state_.rate(now)));
  print_event(json.end_object());
}

void ProgressReport::clear_bar() {
  if (!bar_drawn_) return;
  std::fputs("\r\x1b[K", stderr);
  std::fflush(stderr);
  bar_drawn_ = false;
}

void ProgressReport::run(std::stop_token stop) {
  std::mutex mutex;
  std::condition_variable_any wake;
  std::unique_lock lock(mutex);
  while (!stop.stop_requested()) {
    wake.wait_for(lock, stop, interval(mode_), [] { return false; });
    if (!stop.stop_requested()) draw();
  }
}

LogThroughProgress::LogThroughProgress(ProgressReport& progress) {
  set_log_sink([&progress](LogLevel level, std::string_view text) {
    progress.note(concat(level >= LogLevel::kWarning ? "warning: " : "", text));
  });
}

LogThroughProgress::~LogThroughProgress() { set_log_sink({}); }

}  // namespace hubdist::cli
