// What a tracker knows: nodes, units, who holds and who wants which piece. Plain state with the
// bookkeeping that keeps its counts right; decisions are the policy's (policy.h).
//
// Not thread-safe. One bit for each node, piece and property, and a fixed cost for each piece.
#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include <hubdist/base/clock.h>
#include <hubdist/exchange/bitmap.h>
#include <hubdist/exchange/messages.h>

namespace hubdist::exchange {

using NodeIndex = std::uint32_t;
inline constexpr NodeIndex kNobody = std::numeric_limits<NodeIndex>::max();
// How many nodes' misdeeds are remembered.
inline constexpr std::size_t kMaxAccused = 65'536;
inline constexpr std::size_t kAccusersThatBan = 2;
inline constexpr Instant kNever = Instant::max();

struct UnitState;

// What one node has to do with one unit.
struct Share {
  UnitState* unit = nullptr;
  NodeIndex node = kNobody;
  UnitNumber number = 0;  // the node's own for the unit
  Bitmap held;
  Bitmap wanted;              // held or not
  Bitmap coming;              // decided, under way from a peer
  std::size_t missing = 0;    // wanted and not held
  std::size_t scan_word = 0;  // no word before it has a missing piece
  std::uint32_t priority = 0;
  std::uint64_t order = 0;  // of its wish among all wishes of the node
  bool parked = false;      // another process of the same cache fetches the unit
  Instant no_lease_before{};
  std::uint32_t lease_failures = 0;
  Instant quiet_until{};       // it gave back what was decided: nothing is decided for it before
  std::uint32_t returns = 0;   // so often in a row
  std::vector<NodeId> banned;  // sources that sent it wrong bytes

  std::uint64_t missing_word(std::size_t i) const { return wanted.word(i) & ~held.word(i); }
};

struct PieceState {
  Blake3 hash;  // when UnitState::hashed has it; else, in reread, the former one
  NodeIndex stated_by = kNobody;
  std::uint32_t holders = 0;
  std::uint32_t copies = 0;  // holders, and nodes to which it is on its way
};

struct UnitState {
  UnitLayout layout;
  std::uint32_t generation = 0;
  std::vector<PieceState> pieces;
  Bitmap available;          // has a holder
  Bitmap hashed;             // its hash is known
  Bitmap leased;             // is being read from the origin
  Bitmap asked;              // a holder was asked for its hash
  Bitmap reread;             // doubted: to be read from the origin again, whoever holds it
  std::size_t unstated = 0;  // pieces with a holder and without a hash
  std::size_t unread = 0;    // pieces that only the origin can give, and that nobody reads
  // By zone: the copies (as above) of each piece within it, but those of nodes that give nothing.
  std::vector<std::vector<std::uint32_t>> zone_copies;
  std::vector<std::unique_ptr<Share>> shares;
  std::unordered_map<NodeIndex, Share*> by_node;  // the same shares
};

// A run of neighbouring pieces on its way from one node to another: one request.
struct Transfer {
  Share* share = nullptr;  // of the receiver
  std::size_t first = 0;
  std::size_t count = 0;
  std::size_t left = 0;  // pieces that have not arrived
  NodeIndex source = kNobody;
  Instant began{};
};

struct LeaseState {
  LeaseId id = 0;
  NodeIndex node = kNobody;
  Share* share = nullptr;
  std::size_t first = 0;
  std::size_t count = 0;
  Bitmap open;  // pieces of the run that were not stated yet
  std::uint64_t bytes_left = 0;
  Instant progress{};
  std::uint64_t progress_bytes = 0;
};

struct NodeState {
  bool alive = false;
  std::uint64_t connection = 0;
  PeerNumber number = 0;  // never used twice
  NodeId id{};
  NodeId instance{};
  std::string address;
  std::string zone;
  std::size_t zone_index = 0;  // equal names, equal numbers
  Rates rates;
  Capacity capacity;
  std::uint32_t uploads = 0;  // requests that others were told to make to it
  double gives = 0;           // bytes a second to all together, as measured; 0: not yet
  std::vector<Transfer> downloads;
  std::uint32_t leases = 0;
  std::uint64_t lease_bytes = 0;  // still to be read under its leases
  std::unordered_map<UnitNumber, Share*> shares;
  std::vector<Share*> wanting;  // with missing pieces, by (priority, order)
  std::size_t missing = 0;      // pieces of all of them
  std::uint64_t next_order = 0;
  bool banned = false;  // not believed any more: it only gets, and reads no origin for others
  Instant suspended_until{};
  // Sources that it could not reach, and until when it need not try.
  std::vector<std::pair<NodeIndex, Instant>> avoided;
};

class Swarm {
 public:
  // --- What nodes tell ---
  NodeIndex add_node(std::uint64_t connection, const Hello& hello);
  // Takes the node out with all that it held, wanted, fetched and read. The receivers of what it
  // was sending have the pieces missing again.
  void remove_node(NodeIndex index);
  // The node's share in a unit, made when missing. InvalidArgument when the same name was declared
  // with another shape, or when the number is taken.
  Result<Share*> declare(NodeIndex node, UnitNumber number, const UnitLayout& layout);
  void withdraw(Share& share);
  void set_wanted(Share& share, const Bitmap& wanted, std::uint32_t priority);
  void unwant(Share& share, std::size_t piece);
  // A piece is held now (and no longer on its way), or not any more.
  void set_held(Share& share, std::size_t piece, bool held);
  // Publishes a hash.
  void set_hash(UnitState& unit, std::size_t piece, const Blake3& hash, NodeIndex stated_by);
  // Begins a new generation, in which these pieces are to be read again.
  void doubt(UnitState& unit, const Bitmap& pieces);
  // Two accusers ban a node, for as long as this tracker lives: true when this was the second. What
  // a banned node holds does not count.
  bool accuse(NodeIndex node, NodeIndex accuser);

  // --- What the policy decides ---
  void begin_transfer(Share& receiver, std::size_t first, std::size_t count, NodeIndex source,
                      Instant now);
  // A piece that was on its way has come: measures its source. To be called before set_held().
  void measure_arrival(const Share& receiver, std::size_t piece, Instant now);
  // The piece is no longer on its way to this node. Says from whom it was, or kNobody.
  NodeIndex end_transfer(Share& receiver, std::size_t piece);
  LeaseState& begin_lease(Share& share, std::size_t first, std::size_t count, LeaseId id,
                          Instant now);
  // The piece needs no lease any more, whoever read it.
  void lease_piece_done(UnitState& unit, std::size_t piece);
  void end_lease(LeaseId id);
  LeaseState* lease(LeaseId id);

  // --- Looking ---
  std::vector<NodeState>& nodes() { return nodes_; }
  const std::vector<NodeState>& nodes() const { return nodes_; }
  NodeState& node(NodeIndex index) { return nodes_[index]; }
  const NodeState& node(NodeIndex index) const { return nodes_[index]; }
  UnitState* find_unit(const std::string& id);
  Share* find_share(NodeIndex node, UnitNumber number);
  const std::unordered_map<std::string, std::unique_ptr<UnitState>>& units() const {
    return units_;
  }
  std::unordered_map<LeaseId, LeaseState>& leases() { return leases_; }
  const std::unordered_map<LeaseId, LeaseState>& leases() const { return leases_; }
  // Whether some other node holds the piece that neither this one nor the tracker has found wrong.
  bool trusted_holder(const Share& share, std::size_t piece) const;
  // Whether another node wants, and lacks, something that this one holds.
  bool needed(NodeIndex index) const;
  std::size_t living() const { return living_; }
  // Whether a piece is in the node's zone, or on its way to it.
  bool in_zone(const UnitState& unit, std::size_t zone, std::size_t piece) const {
    return zone < unit.zone_copies.size() && !unit.zone_copies[zone].empty() &&
           unit.zone_copies[zone][piece] > 0;
  }
  std::size_t zones() const { return zones_.size(); }
  // Bytes a second of a request, on average over the last ones; 0: none was measured.
  double request_rate() const { return request_rate_; }
  // Pieces of all units with a holder and without a hash.
  std::size_t unstated() const {
    std::size_t total = 0;
    for (const auto& [id, unit] : units_) total += unit->unstated;
    return total;
  }

 private:
  void ban(NodeState& node);
  void count_missing(Share& share, bool more);
  void count_copy(const Share& share, std::size_t piece, bool more);
  void count_holder(const Share& share, std::size_t piece, bool held);
  void remove_share(Share& share);
  void update_wanting(Share& share);
  void refresh_parked(UnitState& unit);

  std::vector<NodeState> nodes_;
  std::vector<NodeIndex> free_;
  std::unordered_map<std::string, std::unique_ptr<UnitState>> units_;
  std::unordered_map<LeaseId, LeaseState> leases_;
  std::map<std::string, std::size_t, std::less<>> zones_;
  std::map<NodeId, std::size_t> processes_;  // living nodes for each cache
  std::map<NodeId, std::set<NodeId>> accusers_;
  PeerNumber next_number_ = 1;
  std::size_t living_ = 0;
  double request_rate_ = 0;
};

// The pieces that lie wholly inside `range`, as [first, last); empty when none does.
std::pair<std::size_t, std::size_t> pieces_inside(const UnitLayout& layout, ByteRange range);
// The pieces that `range` touches.
std::pair<std::size_t, std::size_t> pieces_touching(const UnitLayout& layout, ByteRange range);
// From the begin of piece `first` to the end of piece `last` - 1.
ByteRange range_of(const UnitLayout& layout, std::size_t first, std::size_t last);

}  // namespace hubdist::exchange
