#include "cli/progress_state.h"

#include <algorithm>

#include "cli/format.h"
#include <hubdist/base/strings.h>

namespace hubdist::cli {
namespace {

constexpr Duration kRateWindow = std::chrono::seconds(5);
constexpr Duration kSampleSpacing = std::chrono::milliseconds(100);
constexpr std::size_t kMinBar = 10;
constexpr std::size_t kMaxBar = 40;

std::string time_left(const ProgressState& state, Instant now) {
  const std::uint64_t rest = state.total_bytes() - state.done_bytes();
  if (rest == 0) return state.done_files() < state.total_files() ? "checking" : "done";
  const double rate = state.rate(now);
  // A week is where an estimate stops being one.
  if (rate <= 0 || static_cast<double>(rest) / rate > 7 * 24 * 3600) return "-:-- left";
  const std::chrono::duration<double> left(static_cast<double>(rest) / rate);
  return concat(format_duration(std::chrono::duration_cast<Duration>(left)), " left");
}

std::string bar(double share, std::size_t width) {
  const auto full = static_cast<std::size_t>(share * static_cast<double>(width));
  return concat('[', std::string(full, '#'), std::string(width - full, '.'), ']');
}

}  // namespace

void ProgressState::apply(const ProgressEvent& event, Instant now) {
  switch (event.kind) {
    case ProgressKind::kPlanned:
      planned_ = true;
      total_bytes_ = event.bytes;
      total_files_ = event.files;
      break;
    case ProgressKind::kStarted:
      files_.emplace(event.path, 0);
      break;
    case ProgressKind::kBytes:
      arrived_bytes_ += event.bytes;
      files_[std::string(event.path)] += event.bytes;
      if (event.held) break;
      if (samples_.empty()) samples_.emplace_back(now, moved_bytes_);
      moved_bytes_ += event.bytes;
      if (now - samples_.back().first >= kSampleSpacing) samples_.emplace_back(now, moved_bytes_);
      // One sample before the window stays, so that the window is covered.
      while (samples_.size() > 2 && now - samples_[1].first > kRateWindow) samples_.pop_front();
      break;
    case ProgressKind::kFinished:
      ++done_files_;
      break;
  }
}

std::uint64_t ProgressState::done_bytes() const { return std::min(arrived_bytes_, total_bytes_); }

std::uint64_t ProgressState::file_bytes(std::string_view path) const {
  const auto found = files_.find(path);
  return found == files_.end() ? 0 : found->second;
}

double ProgressState::rate(Instant now) const {
  if (samples_.empty()) return 0;
  auto first = samples_.begin();
  while (std::next(first) != samples_.end() && now - std::next(first)->first > kRateWindow) ++first;
  const Duration time = std::min(now - first->first, kRateWindow);
  if (time <= Duration::zero()) return 0;
  return static_cast<double>(moved_bytes_ - first->second) / seconds(time);
}

std::string progress_line(const ProgressState& state, Instant now, std::size_t width,
                          std::string_view phase) {
  if (!state.planned()) return std::string("asking what there is").substr(0, width);
  const double share = state.total_bytes() == 0 ? 1.0
                                                : static_cast<double>(state.done_bytes()) /
                                                      static_cast<double>(state.total_bytes());
  const auto percent = static_cast<std::uint64_t>(share * 100);
  const std::string head = concat(percent < 10 ? "  " : percent < 100 ? " " : "", percent, "% ");
  const std::string files = state.total_files() == 0 ? ""
                                                     : concat("  ", state.done_files(), '/',
                                                              state.total_files(), " files");
  const std::string tail =
      concat("  ", format_bytes(state.done_bytes()), " of ", format_bytes(state.total_bytes()),
             "  ", format_bytes(static_cast<std::uint64_t>(state.rate(now))), "/s  ",
             time_left(state, now), files);
  const std::size_t taken = head.size() + tail.size() + 2;  // and the bar's brackets
  if (width < taken + kMinBar) return (head + tail.substr(2)).substr(0, width);
  const bool named = !phase.empty() && width >= taken + kMinBar + phase.size() + 1;
  const std::size_t room = width - taken - (named ? phase.size() + 1 : 0);
  return concat(named ? concat(phase, ' ') : "", head, bar(share, std::min(kMaxBar, room)), tail);
}

}  // namespace hubdist::cli
