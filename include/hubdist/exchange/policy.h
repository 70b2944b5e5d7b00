// Who fetches what from whom, and who reads what from the origin.
//
// decide() is a function of the swarm's state and the time alone: it has no memory, no clock and no
// chance of its own, so that the simulator and the tracker decide alike. It carries its decisions
// out on the state (transfers and leases begin) and lists them.
#pragma once

#include <vector>

#include <hubdist/exchange/swarm.h>

namespace hubdist::exchange {

struct PolicyOptions {
  // A node chooses from so many pieces, from the first that it can get on. More makes the swarm
  // finish sooner, fewer fill files from the front.
  std::size_t window = 112;
  // Requests that one node answers at once, unless it says otherwise itself; and that it makes at
  // once, within what it says. With fewer the first pieces spread sooner, with more the way between
  // two requests matters less.
  std::uint32_t upload_slots = 4;
  std::uint32_t parallel = 4;
  // A node whose requests would run at less than this part of the usual rate answers fewer at once.
  double slow = 0.5;
  // So long a zone waits for a piece that one of its nodes is getting from another zone, or longer
  // where requests usually take longer.
  Duration crossing_time = std::chrono::seconds(2);
  // Holders of something useful among which the best is chosen.
  std::size_t compared_givers = 16;
  // A lease is a run of at least this many bytes, where so many neighbours are missing.
  std::uint64_t lease_bytes = 16 * kMiB;
  // A node gets its next lease when so little of the last one is left.
  std::uint64_t lease_low = 2 * kMiB;
  // Streams from the origin that the swarm keeps up when it has fewer nodes than that.
  std::uint32_t origin_streams = 4;
  std::uint32_t max_node_leases = 4;
  // The small members of a bundle that one request may bring together.
  std::uint64_t request_bytes = 4 * kMiB;
  // Pieces of which one holder is asked for hashes at once.
  std::size_t ask_batch = 64;
};

struct FetchChoice {
  Share* receiver = nullptr;
  std::size_t first = 0;
  std::size_t count = 0;
  NodeIndex source = kNobody;
};

struct LeaseChoice {
  LeaseId lease = 0;
};

// A holder is asked for the hashes of [first, first + count).
struct AskChoice {
  Share* holder = nullptr;
  std::vector<std::size_t> pieces;
};

struct Plan {
  std::vector<FetchChoice> fetches;
  std::vector<LeaseChoice> leases;
  std::vector<AskChoice> asks;
};

// `next_lease` numbers leases and is moved on; with `may_lease` false nobody is sent to the origin.
void decide(Swarm& swarm, const PolicyOptions& options, bool may_lease, LeaseId& next_lease,
            Instant now, Plan& plan);

}  // namespace hubdist::exchange
