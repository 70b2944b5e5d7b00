// A swarm in virtual time: the very tracker and nodes of the product, over a simulated network with
// simulated failures. The same scenario always takes the same course.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <hubdist/base/clock.h>
#include <hubdist/exchange/node_machine.h>
#include <hubdist/exchange/tracker_machine.h>

namespace hubdist::exchange::sim {

struct SimNode {
  double upload = 125e6;  // bytes a second
  double download = 125e6;
  Duration joins{};
  std::string zone;
  // Cache of the same name: the same node id. 0: its own.
  std::uint64_t cache = 0;
  bool holds_all = false;  // from the start
  bool takes_only = false;
  bool sends_wrong = false;  // a peer that corrupts
  bool reads_wrong = false;  // its origin gives it other bytes than the hub states
};

enum class SimFaultKind {
  kKillNode,
  kFreezeNode,  // stopped, its connections open
  kThawNode,
  kKillTracker,
  kStartTracker,  // a successor
  kSlowNode,      // to a tenth
  kOriginFails,   // for this node, from now on
};

struct SimFault {
  Duration at{};
  SimFaultKind kind = SimFaultKind::kKillNode;
  std::size_t node = 0;
};

struct SimScenario {
  std::vector<UnitLayout> units;
  std::vector<SimNode> nodes;
  double origin_rate = 125e6;
  Duration latency = std::chrono::microseconds(200);
  std::vector<SimFault> faults;
  Duration limit = std::chrono::hours(2);  // of virtual time
  TrackerTuning tracker;
  NodeTuning node;
  bool tracker_from_start = true;
};

struct SimOutcome {
  bool done = false;  // all units there, and right
  bool dead = false;
  Status status;  // of the first fetch that ended with an error
  Duration finished{};
  Duration half{};  // the first half of all units, in order, was there
  std::size_t doubts = 0;
};

struct SimReport {
  std::vector<SimOutcome> nodes;
  std::uint64_t origin_bytes = 0;
  std::uint64_t peer_bytes = 0;
  std::uint64_t crossing_bytes = 0;  // of peer_bytes: from one zone to another
  std::uint64_t corrupt_pieces = 0;
  std::uint64_t messages = 0;
  std::uint64_t decisions = 0;
  Duration finished{};  // the last node
  std::uint64_t content_bytes = 0;
  bool all_done() const;  // every living node
  double origin_ratio() const {
    return static_cast<double>(origin_bytes) / static_cast<double>(content_bytes);
  }
};

SimReport simulate(const SimScenario& scenario);

// No swarm can finish sooner (Kumar and Ross 2006): seconds.
double fluid_bound(const SimScenario& scenario);

// A blob of `pieces` pieces of `piece_size` bytes.
UnitLayout sim_blob(std::string name, std::size_t pieces, std::uint64_t piece_size = kMinPieceSize);

}  // namespace hubdist::exchange::sim
