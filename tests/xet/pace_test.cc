#include "xet/internal/pace.h"

#include <doctest/doctest.h>

namespace hubdist::internal {
namespace {

using std::chrono::milliseconds;

// Half a second at `rate` bytes a second, with every request that the pace allows.
void run(Pace& pace, Instant& now, double rate) {
  for (int i = 0; i < 11; ++i) {
    pace.moved(static_cast<std::uint64_t>(rate * 0.05), true, now);
    now += milliseconds(50);
  }
}

TEST_CASE("A pace grows while more requests bring more, and stops where they do not") {
  Pace pace(64);
  Instant now{};
  CHECK(pace.limit() == 4);
  // Ten requests fill the line.
  std::size_t most = 0;
  for (int i = 0; i < 40; ++i) {
    run(pace, now, static_cast<double>(std::min<std::size_t>(pace.limit(), 10)) * 1e6);
    most = std::max(most, pace.limit());
  }
  CHECK(most <= 24);
  CHECK(pace.limit() >= 8);
}

TEST_CASE("A pace keeps within its most, and never ends") {
  Pace pace(3);
  Instant now{};
  CHECK(pace.limit() == 3);
  for (int i = 0; i < 10; ++i) run(pace, now, 1e6 * (i + 1));
  CHECK(pace.limit() == 3);
  for (int i = 0; i < 10; ++i) {
    pace.failed(now);
    now += std::chrono::seconds(2);
  }
  CHECK(pace.limit() == 1);
  CHECK(Pace(0).limit() == 1);
}

TEST_CASE("Failures that come together slow down once") {
  Pace pace(64);
  Instant now{};
  for (int i = 0; i < 5; ++i) pace.failed(now += milliseconds(10));
  CHECK(pace.limit() == 2);
}

}  // namespace
}  // namespace hubdist::internal
