// The tracker's answers to nodes that do not do what it decides.
#include <algorithm>

#include <doctest/doctest.h>

#include <hubdist/exchange/tracker_machine.h>

using namespace hubdist;
using namespace hubdist::exchange;
using namespace std::chrono_literals;

namespace {

const UnitLayout kUnit{"sha256:x", 8 * kMiB, kMiB, {}};

// A holder of all, node 1, and a node that wants all, node 2. What the second one is told goes
// through `answer`, whose messages come back one millisecond later.
struct Pair {
  TrackerMachine tracker{{}, 1, false, Instant{}};
  Instant now{};
  std::vector<TrackerOutput> out;
  std::size_t told = 0;  // decisions and leases that node 2 got

  explicit Pair(bool holder) {
    for (const ConnectionId id : {1u, 2u}) {
      Hello hello;
      hello.node_id.fill(static_cast<std::byte>(id));
      hello.instance = hello.node_id;
      hello.data_address = "127.0.0.1:1";
      REQUIRE(tracker.connected(id, hello, now, out).ok());
      say(id, Declare{1, kUnit, {}, 0});
    }
    for (std::size_t piece = 0; holder && piece < kUnit.piece_count(); ++piece)
      say(1, Hashes{1, 0, Basis::kHeld, {{kUnit.piece(piece), {}}}});
    say(2, Want{1, {{0, kUnit.size}}, 0, 0});
    out.clear();
  }
  void say(ConnectionId id, const Message& message) {
    REQUIRE(tracker.received(id, message, now, out).ok());
  }
  // Lets `time` pass.
  template <typename F>
  void run(Duration time, F&& answer) {
    const Instant end = now + time;
    while (now < end) {
      tracker.advance(now, out);
      const std::vector<TrackerOutput> said = std::exchange(out, {});
      for (const TrackerOutput& one : said)
        if (one.to == 2) answer(one.message);
      now += 1ms;
    }
  }
};

Failure refused(FailureKind kind, const Decision& decision) {
  Failure failure{kind, decision.peer, decision.unit, decision.generation, {}, ""};
  for (const RangeHash& piece : decision.pieces) failure.ranges.push_back(piece.range);
  return failure;
}

}  // namespace

TEST_CASE("a node that gives every decision back is sent fewer and fewer") {
  for (const FailureKind kind :
       {FailureKind::kReturned, FailureKind::kDisk, FailureKind::kUnknown, FailureKind::kGone,
        FailureKind::kCorrupt, FailureKind::kRefused, FailureKind::kTimeout}) {
    CAPTURE(static_cast<int>(kind));
    Pair pair(true);
    pair.run(60s, [&](const Message& message) {
      if (const auto* lease = std::get_if<Lease>(&message)) {
        ++pair.told;
        pair.say(2, LeaseEnd{lease->lease, StatusCode::kCancelled, ""});
      }
      if (const auto* batch = std::get_if<Decisions>(&message))
        for (const Decision& decision : batch->decisions) {
          ++pair.told;
          pair.say(2, refused(kind, decision));
        }
    });
    CHECK(pair.told > 0);
    CHECK(pair.told <= 500);
  }
}

TEST_CASE("a node that gives every lease back is sent fewer and fewer") {
  for (const StatusCode code :
       {StatusCode::kOk, StatusCode::kCancelled, StatusCode::kUnavailable}) {
    CAPTURE(static_cast<int>(code));
    Pair pair(false);
    pair.run(60s, [&](const Message& message) {
      const auto* lease = std::get_if<Lease>(&message);
      if (!lease) return;
      ++pair.told;
      pair.say(2, LeaseEnd{lease->lease, code, ""});
    });
    CHECK(pair.told > 0);
    CHECK(pair.told <= 64);
  }
}

TEST_CASE("a node that gave decisions back and wishes anew is served at once") {
  Pair pair(true);
  const auto give_back = [&](const Message& message) {
    if (const auto* batch = std::get_if<Decisions>(&message))
      for (const Decision& decision : batch->decisions)
        pair.say(2, refused(FailureKind::kReturned, decision));
  };
  pair.run(10s, give_back);
  pair.say(2, Want{1, {}, 0, 0});
  pair.say(2, Want{1, {{0, kUnit.size}}, 0, 0});
  pair.run(2ms, [&](const Message& message) {
    pair.told += std::holds_alternative<Decisions>(message) ? 1 : 0;
  });
  CHECK(pair.told == 1);
}

TEST_CASE("a node whose unit has another shape is told so and stays connected") {
  Pair pair(true);
  UnitLayout other = kUnit;
  other.piece_size = 2 * kMiB;
  pair.say(2, Withdraw{1});
  pair.say(2, Declare{1, other, {}, 0});
  REQUIRE(pair.out.size() == 1);
  CHECK(std::get<Notice>(pair.out[0].message).unit == 1);
  // Said before the notice arrived.
  pair.say(2, Want{1, {{0, kUnit.size}}, 0, 0});
  pair.say(2, Have{1, 0, true, {}, {}, 0, {}});
  pair.say(2, Withdraw{1});
  pair.say(2, Declare{1, kUnit, {}, 0});
  pair.say(2, Want{1, {{0, kUnit.size}}, 0, 0});
  CHECK(pair.tracker.swarm().units().at(kUnit.id)->shares.size() == 2);
}
