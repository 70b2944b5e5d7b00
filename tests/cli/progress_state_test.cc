#include "cli/progress_state.h"

#include <doctest/doctest.h>

namespace hubdist::cli {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Instant kBegin{seconds(100)};

ProgressEvent planned(std::uint64_t bytes, std::uint64_t files) {
  return {ProgressKind::kPlanned, "", bytes, files, false};
}
ProgressEvent bytes_of(std::string_view path, std::uint64_t count, bool held = false) {
  return {ProgressKind::kBytes, path, count, 0, held};
}

TEST_CASE("bytes held count as here, not as moved") {
  ProgressState state;
  state.apply(planned(300, 2), kBegin);
  state.apply(bytes_of("a", 100, true), kBegin);
  state.apply(bytes_of("b", 50), kBegin + seconds(1));
  CHECK(state.done_bytes() == 150);
  CHECK(state.moved_bytes() == 50);
  CHECK(state.file_bytes("a") == 100);
  CHECK(state.file_bytes("b") == 50);
  CHECK(state.file_bytes("c") == 0);
}

TEST_CASE("a file that is read twice does not pass the total") {
  ProgressState state;
  state.apply(planned(100, 1), kBegin);
  state.apply(bytes_of("a", 100), kBegin);
  state.apply(bytes_of("a", 100), kBegin);
  CHECK(state.done_bytes() == 100);
  CHECK(state.moved_bytes() == 200);
}

TEST_CASE("the rate follows the last seconds and falls when nothing moves") {
  ProgressState state;
  state.apply(planned(1'000'000, 1), kBegin);
  CHECK(state.rate(kBegin) == 0);
  for (int i = 0; i <= 100; ++i) state.apply(bytes_of("a", 100), kBegin + milliseconds(100) * i);
  CHECK(state.rate(kBegin + seconds(10)) == doctest::Approx(1000).epsilon(0.05));
  CHECK(state.rate(kBegin + seconds(12)) < 700);
  CHECK(state.rate(kBegin + seconds(60)) == 0);
}

TEST_CASE("a line shows how far, how fast, how long, and keeps to its width") {
  ProgressState state;
  CHECK(progress_line(state, kBegin, 80) == "asking what there is");
  state.apply(planned(1'000'000, 4), kBegin);
  for (int i = 0; i <= 20; ++i) state.apply(bytes_of("a", 20'000), kBegin + milliseconds(100) * i);
  state.apply({ProgressKind::kFinished, "a", 0, 0, false}, kBegin + seconds(2));
  const std::string line = progress_line(state, kBegin + seconds(2), 100);
  CHECK(line.starts_with(" 42% ["));
  CHECK(line.find("420 kB of 1.00 MB  210 kB/s  0:03 left  1/4 files") != std::string::npos);
  for (std::size_t width = 0; width < 200; ++width)
    CHECK(progress_line(state, kBegin + seconds(2), width).size() <= width);
}

TEST_CASE("an empty repository is complete at once; whole bytes are still to be checked") {
  ProgressState empty;
  empty.apply(planned(0, 0), kBegin);
  CHECK(progress_line(empty, kBegin, 100).starts_with("100% ["));
  ProgressState state;
  state.apply(planned(10, 1), kBegin);
  state.apply(bytes_of("a", 10), kBegin + seconds(1));
  CHECK(progress_line(state, kBegin + seconds(1), 100).find("checking") != std::string::npos);
}

TEST_CASE("work without files to count has a name and no count of files") {
  ProgressState state;
  state.apply(planned(1000, 0), kBegin);
  state.apply(bytes_of("a", 500), kBegin + seconds(1));
  const std::string line = progress_line(state, kBegin + seconds(2), 100, "comparing");
  CHECK(line.starts_with("comparing  50% ["));
  CHECK(line.find("files") == line.npos);
  CHECK(progress_line(state, kBegin + seconds(2), 60, "comparing").starts_with(" 50% "));
  for (std::size_t width = 0; width < 200; ++width)
    CHECK(progress_line(state, kBegin + seconds(2), width, "comparing").size() <= width);
}

}  // namespace
}  // namespace hubdist::cli
