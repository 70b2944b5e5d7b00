// Whole swarms in virtual time: the product's tracker and nodes over a simulated network.
#include <random>

#include <doctest/doctest.h>

#include <hubdist/exchange/sim/simulation.h>

using namespace hubdist;
using namespace hubdist::exchange;
using namespace hubdist::exchange::sim;
using namespace std::chrono_literals;

namespace {

SimScenario equal_nodes(std::size_t nodes, std::size_t pieces) {
  SimScenario scenario;
  scenario.units = {sim_blob("sha256:model", pieces)};
  scenario.nodes.resize(nodes);
  return scenario;
}

UnitLayout bundle(std::size_t members, std::uint64_t size) {
  UnitLayout layout;
  layout.id = "bundle:" + std::string(64, 'a');
  for (std::size_t i = 1; i <= members; ++i) layout.piece_ends.push_back(i * size);
  layout.size = members * size;
  return layout;
}

void check_all_done(const SimReport& report) {
  for (std::size_t i = 0; i < report.nodes.size(); ++i) {
    CAPTURE(i);
    CAPTURE(report.nodes[i].status.ToString());
    CHECK((report.nodes[i].done || report.nodes[i].dead));
  }
}

}  // namespace

TEST_CASE("equal nodes finish near the fluid bound and read the origin once") {
  struct Case {
    std::size_t nodes;
    std::size_t pieces;
    double bound;
  };
  for (const Case& one : {Case{1, 64, 1.01}, Case{2, 128, 1.05}, Case{4, 256, 1.05},
                          Case{16, 1024, 1.05}, Case{64, 1024, 1.05}}) {
    CAPTURE(one.nodes);
    const SimScenario scenario = equal_nodes(one.nodes, one.pieces);
    const SimReport report = simulate(scenario);
    check_all_done(report);
    CHECK(report.origin_bytes == report.content_bytes);
    const double ratio = seconds(report.finished) / fluid_bound(scenario);
    MESSAGE(one.nodes << " nodes: last finisher at " << ratio << " of the bound");
    CHECK(ratio <= one.bound);
  }
}

TEST_CASE("files fill from the front while the swarm finishes near its bound") {
  const SimScenario scenario = equal_nodes(16, 1024);
  const SimReport report = simulate(scenario);
  for (const SimOutcome& node : report.nodes)
    CHECK(seconds(node.half) <= 0.65 * fluid_bound(scenario));
}

TEST_CASE("slow nodes hold up nobody") {
  SimScenario scenario = equal_nodes(40, 1024);
  SUBCASE("a tenth of them uploads at a tenth") {
    for (std::size_t i = 0; i < 40; i += 10) scenario.nodes[i].upload /= 10;
  }
  SUBCASE("half of them uploads twice as fast") {
    for (std::size_t i = 0; i < 40; i += 2) scenario.nodes[i].upload *= 2;
  }
  SUBCASE("two die") {
    scenario.faults = {{2s, SimFaultKind::kKillNode, 7}, {5s, SimFaultKind::kKillNode, 0}};
  }
  const SimReport report = simulate(scenario);
  check_all_done(report);
  CHECK(seconds(report.finished) <= 1.15 * fluid_bound(scenario));
  CHECK(report.origin_ratio() <= 1.02);
}

TEST_CASE("each piece comes into a zone once") {
  SimScenario scenario = equal_nodes(18, 1024);
  for (std::size_t i = 0; i < 18; ++i) scenario.nodes[i].zone = std::string(1, "abc"[i % 3]);
  double most = 1.01;
  SUBCASE("from zone to zone") {}
  SUBCASE("though nodes of a zone freeze with what they were getting for it") {
    scenario.faults = {{500ms, SimFaultKind::kFreezeNode, 1}, {500ms, SimFaultKind::kKillNode, 2}};
    most = 1.1;
  }
  const SimReport report = simulate(scenario);
  for (std::size_t i = 0; i < 18; ++i)
    CHECK((report.nodes[i].done || report.nodes[i].dead || i == 1));
  CHECK(report.origin_ratio() <= 1.1);
  CHECK(static_cast<double>(report.crossing_bytes) <=
        most * 2 * static_cast<double>(report.content_bytes));
}

TEST_CASE("a node that only takes is nobody's reason to wait") {
  SimScenario scenario = equal_nodes(4, 32);
  scenario.nodes[2].zone = scenario.nodes[3].zone = "far";
  scenario.nodes[2].takes_only = true;
  const SimReport report = simulate(scenario);
  check_all_done(report);
}

TEST_CASE("the same scenario takes the same course") {
  const SimScenario scenario = equal_nodes(8, 64);
  const SimReport a = simulate(scenario);
  const SimReport b = simulate(scenario);
  CHECK(a.finished == b.finished);
  CHECK(a.messages == b.messages);
}

TEST_CASE("bundles and several blobs travel together") {
  SimScenario scenario;
  scenario.nodes.resize(6);
  scenario.units = {bundle(40, 20'000), sim_blob("sha256:a", 5), sim_blob("sha256:b", 48),
                    sim_blob("sha256:c", 2)};
  const SimReport report = simulate(scenario);
  check_all_done(report);
  CHECK(report.origin_bytes == report.content_bytes);
  // A bundle is one request for each receiver, not one for each member.
  CHECK(report.decisions <= 6 * (40 + 5 + 48 + 2) + 20);
}

TEST_CASE("a late node gets everything from its peers") {
  SimScenario scenario = equal_nodes(4, 32);
  scenario.nodes[3].joins = 5s;
  const SimReport report = simulate(scenario);
  check_all_done(report);
  CHECK(report.origin_bytes == report.content_bytes);
}

TEST_CASE("what a cache holds already is given, and never read from the origin") {
  SimScenario scenario = equal_nodes(5, 64);
  scenario.nodes[2].holds_all = true;
  scenario.nodes[2].joins = 0s;
  for (std::size_t i : {0u, 1u, 3u, 4u}) scenario.nodes[i].joins = 10ms;
  const SimReport report = simulate(scenario);
  check_all_done(report);
  CHECK(report.origin_bytes == 0);
}

TEST_CASE("two processes with one cache do not fetch the same unit at once") {
  SimScenario scenario = equal_nodes(3, 64);
  scenario.nodes[0].cache = scenario.nodes[1].cache = 7;
  const SimReport report = simulate(scenario);
  check_all_done(report);
  CHECK(report.origin_bytes == report.content_bytes);
}

TEST_CASE(
    "a process gets what another one with the same cache holds, and nothing goes in circles") {
  SimScenario scenario = equal_nodes(2, 64);
  scenario.nodes[0].cache = scenario.nodes[1].cache = 7;
  scenario.limit = 1min;
  SUBCASE("both at once") {}
  SUBCASE("one after the other") { scenario.nodes[1].joins = 5s; }
  SUBCASE("from one that had it before") { scenario.nodes[0].holds_all = true; }
  const SimReport report = simulate(scenario);
  check_all_done(report);
  CHECK(report.origin_bytes == (scenario.nodes[0].holds_all ? 0 : report.content_bytes));
  CHECK(report.decisions <= 64 + 20);
}

TEST_CASE("a lease holder dies: its lease and its decisions go to others") {
  SimScenario scenario = equal_nodes(4, 128);
  scenario.faults = {{500ms, SimFaultKind::kKillNode, 1}};
  const SimReport report = simulate(scenario);
  check_all_done(report);
  CHECK(report.origin_ratio() <= 1.3);  // what only the dead node held is read again
  CHECK(report.finished < 5s);
}

TEST_CASE("a lease holder stops: its lease is given anew after a time, and it ends right") {
  SimScenario scenario = equal_nodes(4, 64);
  scenario.faults = {{200ms, SimFaultKind::kFreezeNode, 2}, {60s, SimFaultKind::kThawNode, 2}};
  const SimReport report = simulate(scenario);
  check_all_done(report);
  for (const std::size_t i : {0u, 1u, 3u}) CHECK(report.nodes[i].finished < 40s);
}

TEST_CASE("the tracker dies: the nodes report to its successor and nothing is read twice") {
  SimScenario scenario = equal_nodes(8, 256);
  scenario.faults = {{800ms, SimFaultKind::kKillTracker, 0}, {1s, SimFaultKind::kStartTracker, 0}};
  const SimReport report = simulate(scenario);
  check_all_done(report);
  CHECK(report.origin_ratio() <= 1.01);
  CHECK(report.finished < 8s);
}

TEST_CASE("the tracker dies for good: the others finish, and share what they read") {
  SimScenario scenario = equal_nodes(4, 256);
  scenario.faults = {{1s, SimFaultKind::kKillTracker, 0}};
  const SimReport report = simulate(scenario);
  check_all_done(report);
  CHECK(report.origin_ratio() < 4);
}

TEST_CASE("without any tracker each node reads alone, after its patience") {
  SimScenario scenario = equal_nodes(2, 16);
  scenario.tracker_from_start = false;
  const SimReport report = simulate(scenario);
  check_all_done(report);
  CHECK(report.origin_bytes == 2 * report.content_bytes);
  CHECK(report.finished > scenario.node.tracker_patience);
  CHECK(report.finished < scenario.node.tracker_patience + 2s);
}

TEST_CASE("a tracker that comes late is used") {
  SimScenario scenario = equal_nodes(4, 64);
  scenario.tracker_from_start = false;
  scenario.faults = {{5s, SimFaultKind::kStartTracker, 0}};
  const SimReport report = simulate(scenario);
  check_all_done(report);
  CHECK(report.origin_bytes == report.content_bytes);
}

TEST_CASE("a peer that corrupts is found out by each receiver, and then by all") {
  SimScenario scenario = equal_nodes(6, 128);
  scenario.nodes[1].sends_wrong = true;
  const SimReport report = simulate(scenario);
  check_all_done(report);
  CHECK(report.corrupt_pieces > 0);
  CHECK(report.corrupt_pieces <= 80);  // at most what was under way when it was found out
  CHECK(report.origin_ratio() <= 1.5);
}

TEST_CASE("an origin that gives one node wrong bytes costs one more reading") {
  SimScenario scenario = equal_nodes(5, 64);
  scenario.nodes[0].reads_wrong = true;
  const SimReport report = simulate(scenario);
  check_all_done(report);
  // The wrong node is right in the end too: with bytes from the others.
  CHECK(report.origin_ratio() <= 3.1);
}

TEST_CASE("an origin that fails for one node does not stop it") {
  SimScenario scenario = equal_nodes(4, 96);
  scenario.faults = {{0s, SimFaultKind::kOriginFails, 2}};
  const SimReport report = simulate(scenario);
  check_all_done(report);
  CHECK(report.origin_bytes == report.content_bytes);
}

TEST_CASE("an origin that fails for all ends with its error, in bounded time") {
  SimScenario scenario = equal_nodes(3, 32);
  for (std::size_t i = 0; i < 3; ++i)
    scenario.faults.push_back({0s, SimFaultKind::kOriginFails, i});
  const SimReport report = simulate(scenario);
  for (const SimOutcome& node : report.nodes) {
    CHECK_FALSE(node.done);
    CHECK(node.status.code() == StatusCode::kUnavailable);
  }
}

TEST_CASE(
    "without a tracker what was doubted comes from the origin, not from the same peer again") {
  SimScenario scenario = equal_nodes(2, 64);
  scenario.nodes[0].reads_wrong = true;
  scenario.nodes[1].upload = 1e6;  // what it reads itself is of little use to the other
  scenario.faults = {{400ms, SimFaultKind::kKillTracker, 0}};
  SUBCASE("for good") {}
  SUBCASE("until there is another") {
    scenario.faults.push_back({8s, SimFaultKind::kStartTracker, 0});
  }
  const SimReport report = simulate(scenario);
  CAPTURE(report.nodes[1].status.ToString());
  CHECK(report.nodes[1].done);
  CHECK(report.nodes[1].doubts == 1);
}

TEST_CASE("random faults: every living node ends with the right bytes") {
  const std::size_t schedules = 200;
  for (std::uint64_t seed = 1; seed <= schedules; ++seed) {
    CAPTURE(seed);
    std::mt19937_64 random(seed);
    const auto draw = [&](std::uint64_t n) { return random() % n; };
    SimScenario scenario = equal_nodes(3 + draw(6), 16 + draw(48));
    if (draw(2)) scenario.units.push_back(bundle(10, 50'000));
    const std::size_t nodes = scenario.nodes.size();
    for (SimNode& node : scenario.nodes) node.joins = std::chrono::milliseconds(draw(500));
    if (draw(4) == 0) scenario.nodes[draw(nodes)].sends_wrong = true;
    const bool poisoned = draw(6) == 0;
    if (poisoned) scenario.nodes[draw(nodes)].reads_wrong = true;
    const std::size_t faults = 1 + draw(4);
    for (std::size_t i = 0; i < faults; ++i) {
      const Duration at = std::chrono::milliseconds(draw(2000));
      const std::size_t node = 1 + draw(nodes - 1);  // one node always lives
      switch (draw(5)) {
        case 0:
          scenario.faults.push_back({at, SimFaultKind::kKillNode, node});
          break;
        case 1:
          scenario.faults.push_back({at, SimFaultKind::kFreezeNode, node});
          scenario.faults.push_back({at + 20s, SimFaultKind::kThawNode, node});
          break;
        case 2:
          scenario.faults.push_back({at, SimFaultKind::kKillTracker, 0});
          if (draw(3)) scenario.faults.push_back({at + 700ms, SimFaultKind::kStartTracker, 0});
          break;
        case 3:
          scenario.faults.push_back({at, SimFaultKind::kSlowNode, node});
          break;
        default:
          scenario.faults.push_back({at, SimFaultKind::kOriginFails, node});
          break;
      }
    }
    scenario.limit = 3min;
    const SimReport report = simulate(scenario);
    // A node that is alone with an origin that fails, or that gives it wrong bytes, ends with a
    // clear error; a wrong origin can also use up the tries of others.
    for (const SimOutcome& node : report.nodes)
      CHECK((node.done || node.dead || node.status.code() == StatusCode::kUnavailable ||
             (poisoned && node.status.code() == StatusCode::kDataLoss)));
  }
}
