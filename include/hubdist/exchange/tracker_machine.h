// The tracker as a state machine without I/O: what happens goes in with the time, what is to be
// sent comes out. net/tracker.h drives it with sockets, sim/ in virtual time.
#pragma once

#include <optional>
#include <set>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include <hubdist/exchange/policy.h>

namespace hubdist::exchange {

using ConnectionId = std::uint64_t;

struct TrackerTuning {
  PolicyOptions policy;
  Duration lease_timeout = std::chrono::seconds(10);
  Duration heartbeat = std::chrono::seconds(2);
  // A successor waits so long at most until the members that its predecessor had have reported.
  Duration settle = std::chrono::seconds(2);
  // A peer that could not be reached is left alone for so long.
  Duration avoid = std::chrono::seconds(10);
  // A holder that was asked for hashes is to answer within this.
  Duration hash_timeout = std::chrono::seconds(20);
  // After a failed lease: doubled with each further one, up to 64 times.
  Duration lease_pause = std::chrono::seconds(1);
  // After a node gave back what was decided for it: doubled with each further time, up to 64 times.
  // A piece that arrives, or a new wish, ends it.
  Duration return_pause = std::chrono::milliseconds(20);
  // Decisions are taken together for what happened in this time, for each member: a large swarm's
  // tracker must not begin anew at every message.
  Duration round = std::chrono::nanoseconds(200);
  // Changes of the number of members, and of who is needed, are told at most this often.
  Duration gossip = std::chrono::milliseconds(100);
};

// A node may doubt a unit so often: each doubt makes the origin be read once more.
inline constexpr std::uint32_t kMaxGeneration = 8;
// What a tracker keeps at most: units of one node, and pieces of one unit.
inline constexpr std::size_t kMaxNodeUnits = 65'536;
inline constexpr std::size_t kMaxUnitPieces = std::size_t{1} << 20;
inline constexpr std::uint32_t kMaxParallelRequests = 256;

// To one connection.
struct TrackerOutput {
  ConnectionId to = 0;
  Message message;
};

// Not thread-safe.
class TrackerMachine {
 public:
  // `epoch` names this run and is not 0. A `successor` knows that there was a tracker before it.
  TrackerMachine(TrackerTuning tuning, std::uint64_t epoch, bool successor, Instant now);

  // A node that has proved itself has come; the output begins with its Welcome. InvalidArgument
  // when what it says of itself makes no sense.
  Status connected(ConnectionId id, const Hello& hello, Instant now,
                   std::vector<TrackerOutput>& out);
  // An error means that the node breaks the protocol: it is to be disconnected.
  Status received(ConnectionId id, const Message& message, Instant now,
                  std::vector<TrackerOutput>& out);
  void disconnected(ConnectionId id, Instant now);
  // Takes the decisions that are due. To be called after a batch of events, and at next_wakeup().
  void advance(Instant now, std::vector<TrackerOutput>& out);
  // When advance() has something to do though nothing happens.
  std::optional<Instant> next_wakeup() const;

  const Swarm& swarm() const { return swarm_; }
  // Decisions and leases given so far.
  std::uint64_t decisions() const { return decisions_; }

 private:
  struct Member {
    NodeIndex node = kNobody;
    std::unordered_set<PeerNumber> introduced;  // the peers that it was told of
    std::set<UnitNumber> refused;  // units that it declared in vain: it may not know so yet
    std::uint32_t told_members = 0;
    bool reported = false;  // its first report is complete
    bool watches = false;
    std::optional<bool> told_needed;
  };
  struct Ask {
    Share* holder = nullptr;
    std::vector<std::size_t> pieces;
    Instant until{};
  };

  Status on(Member& member, const Declare& declare);
  Status on(Member& member, const Want& want);
  Status on(Member& member, const Have& have);
  Status on(Member& member, const Hashes& hashes);
  Status on(Member& member, const LeaseProgress& progress);
  Status on(Member& member, const LeaseEnd& end);
  Status on(Member& member, const LeaseHeld& held);
  Status on(Member& member, const Failure& failure);
  Status on(Member& member, const Verdict& verdict);
  Status on(Member& member, const Withdraw& withdraw);
  Status on(Member& member, const Rates& rates);
  Status on(Member& member, const WatchNeeded& watch);
  // What is said of a unit whose Declare was refused is not heard.
  template <typename Other>
  Status on_refused(Member& member, const Other& other) {
    if constexpr (std::is_same_v<Other, Withdraw>) member.refused.erase(other.unit);
    return {};
  }
  // Messages that this version carries and does not use, or that only trackers send.
  template <typename Other>
  Status on(Member&, const Other&) {
    return {};
  }

  Result<Share*> share_of(const Member& member, UnitNumber unit);
  ConnectionId connection(NodeIndex node) const { return swarm_.node(node).connection; }
  void send(NodeIndex node, Message message);
  // A node has a piece now; what it may have from before a doubt goes into `check`.
  void gained(Share& share, std::size_t piece, Hashes& check);
  void state_hash(Share& share, std::size_t piece, const Blake3& hash, Basis basis);
  void settle_conflict(Share& share, std::size_t piece, const Blake3& hash, Basis basis);
  void replace_doubted(Share& share, std::size_t piece, const Blake3& hash);
  void drop_asks(const Share& share);
  void accuse(NodeIndex node, NodeIndex accuser);
  void disagree(NodeIndex one, NodeIndex other);
  void exclude(NodeIndex node);
  void take_back_word(NodeIndex node);
  void doubt(UnitState& unit, const Bitmap& pieces, bool taken_back);
  bool end_transfers(Share& share, const std::vector<ByteRange>& ranges);
  void lost_pieces(NodeIndex source, UnitState& unit, const std::vector<ByteRange>& ranges);
  void avoid(NodeIndex node, NodeIndex source);
  void pause_leases(Share& share);
  void back_off(Share& share);
  void expire_leases();
  void expire_asks();
  void carry_out(const Plan& plan);
  void carry_out_fetches(const Plan& plan);
  void introduce(NodeIndex to, NodeIndex peer);
  void gossip();
  bool settling() const;
  std::uint32_t reported() const;

  const TrackerTuning tuning_;
  const std::uint64_t epoch_;
  Swarm swarm_;
  std::unordered_map<ConnectionId, Member> members_;
  std::unordered_map<PeerNumber, NodeIndex> peers_;
  std::vector<PeerNumber> gone_;
  std::vector<Ask> asks_;
  LeaseId next_lease_;
  std::uint64_t decisions_ = 0;
  Instant now_{};
  std::vector<TrackerOutput>* out_ = nullptr;
  Instant settle_until_{};
  std::uint32_t expected_members_ = 0;  // 0: not known
  bool changed_ = false;                // something that decide() may act on
  bool stirred_ = false;                // something that gossip() may have to tell
  Instant next_gossip_{};
  Instant next_round_{};
  std::set<Instant> retries_;  // when a pause ends that may have kept somebody from a decision
};

}  // namespace hubdist::exchange
