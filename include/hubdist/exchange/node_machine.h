// A node as a state machine without I/O: what happens goes in with the time, what is to be done
// comes out. net/node.h drives it with sockets, sim/ in virtual time.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

#include <hubdist/base/clock.h>
#include <hubdist/core/range_set.h>
#include <hubdist/exchange/bitmap.h>
#include <hubdist/exchange/messages.h>

namespace hubdist::exchange {

struct NodeTuning {
  // How long it waits for the first tracker before it reads the origin alone.
  Duration tracker_patience = std::chrono::seconds(15);
  // How long it waits for a lost tracker while nothing moves.
  Duration loss_patience = std::chrono::seconds(5);
  // How long a fetch lives on without progress after the origin failed this node.
  Duration origin_patience = std::chrono::seconds(10);
  // Alone: how much it reads in one go, and how many such streams at once.
  std::uint64_t lease_bytes = 16 * kMiB;
  std::size_t lease_streams = 4;
  std::size_t parallel_requests = 8;
  // Without a tracker: how often it asks the peers that it knows what they hold.
  Duration peer_poll = std::chrono::seconds(1);
  bool expects_tracker = true;  // false: alone from the start, and that is no misfortune
};

using TransferId = std::uint64_t;

// --- What the driver is to do -------------------------------------------------------------------

struct SendToTracker {
  Message message;
};
// Request neighbouring pieces of a unit from a peer; each that has its hash goes into the content
// and is told with piece_received(), and the end with transfer_ended().
struct StartTransfer {
  TransferId id = 0;
  UnitNumber unit = 0;
  std::string unit_id;
  std::string address;
  std::vector<RangeHash> pieces;
};
struct AbortTransfer {
  TransferId id = 0;
};
// Read [range) of a unit from the origin into the content; told with lease_progress(),
// lease_piece() for each of `pieces` and lease_ended().
struct StartLease {
  LeaseId id = 0;
  UnitNumber unit = 0;
  std::string unit_id;
  ByteRange range;
  std::vector<ByteRange> pieces;
};
struct AbortLease {
  LeaseId id = 0;
};
// Hash held pieces; told with piece_hashed().
struct HashHeld {
  UnitNumber unit = 0;
  std::string unit_id;
  std::vector<ByteRange> pieces;
};
// Ask a peer what it holds of a unit; told with peer_holds().
struct AskPeer {
  PeerId peer;
  std::string address;
  UnitNumber unit = 0;
  std::string unit_id;
};
// The fetch has ended; nothing of it is under way any more.
struct FetchEnded {
  UnitNumber unit = 0;
  Status status;
  std::uint64_t from_origin = 0;
  std::uint64_t from_peers = 0;
};
struct NeededChanged {
  bool needed = false;
};
struct Warn {
  std::string text;
};

using NodeAction = std::variant<SendToTracker, StartTransfer, AbortTransfer, StartLease, AbortLease,
                                HashHeld, AskPeer, FetchEnded, NeededChanged, Warn>;

// How a transfer ended. With an error, `kind` says what is reported; `status` is the fetch's end
// when the content could not take the bytes (kDisk).
struct TransferEnd {
  bool ok = true;
  FailureKind kind = FailureKind::kUnknown;
  Status status;
};

// Not thread-safe. Actions are appended to the vector that each call gets.
class NodeMachine {
 public:
  using Actions = std::vector<NodeAction>;

  NodeMachine(NodeTuning tuning, NodeId id, NodeId instance, Instant now);

  // --- Its owner ---
  // Begins a fetch; its end is a FetchEnded with the unit number that is returned.
  // FailedPrecondition while another fetch of the unit runs, InvalidArgument for a wrong layout.
  Result<UnitNumber> fetch(const UnitLayout& layout, const RangeSet& wanted, const RangeSet& held,
                           Instant now, Actions& out);
  void cancel(UnitNumber unit, Instant now, Actions& out);
  Status offer(const UnitLayout& layout, const RangeSet& held, Instant now, Actions& out);
  void withdraw(const std::string& unit_id, Instant now, Actions& out);
  Status doubt(const std::string& unit_id, Instant now, Actions& out);
  void watch_needed(bool on, Actions& out);
  void leave(Actions& out);

  // --- The tracker ---
  // What it is to say of itself in a Hello (the driver adds nonce and addresses).
  void fill_hello(Hello& hello) const;
  void tracker_connected(const Welcome& welcome, Instant now, Actions& out);
  void tracker_said(const Message& message, Instant now, Actions& out);
  void tracker_lost(Instant now, Actions& out);

  // --- What it asked for ---
  void piece_received(TransferId id, std::size_t index, Instant now, Actions& out);
  void transfer_ended(TransferId id, const TransferEnd& end, Instant now, Actions& out);
  void lease_progress(LeaseId id, std::uint64_t bytes, Instant now, Actions& out);
  void lease_piece(LeaseId id, ByteRange piece, const Blake3& hash, Instant now, Actions& out);
  void lease_ended(LeaseId id, const Status& status, Instant now, Actions& out);
  void piece_hashed(UnitNumber unit, ByteRange piece, const Result<Blake3>& hash, Instant now,
                    Actions& out);
  void peer_holds(const PeerId& peer, UnitNumber unit, const std::vector<RangeHash>& pieces,
                  Instant now, Actions& out);
  void peer_silent(const PeerId& peer, Instant now, Actions& out);
  // The content does not serve the unit any more.
  void content_lost(const std::string& unit_id, Instant now, Actions& out);

  void advance(Instant now, Actions& out);
  std::optional<Instant> next_wakeup() const;

  // --- For those who ask this node ---
  // Whether all of `range` is held, and so may be served.
  bool serves(const std::string& unit_id, ByteRange range) const;
  const UnitLayout* layout_of(const std::string& unit_id) const;
  // The held pieces whose hashes are known; nullopt for a unit that it does not offer.
  std::optional<std::vector<RangeHash>> holdings(const std::string& unit_id) const;

  bool connected() const { return connected_; }
  bool alone() const { return alone_; }
  std::size_t known_peers() const { return peers_.size(); }
  std::uint64_t corrupt_pieces() const { return corrupt_pieces_; }

 private:
  struct Fetch {
    std::uint64_t order = 0;
    std::uint64_t from_origin = 0;
    std::uint64_t from_peers = 0;
    std::optional<Status> end;  // it is to end with this once nothing is under way
    Status origin_error;
    Instant origin_error_at{};
  };
  struct Unit {
    UnitNumber number = 0;
    UnitLayout layout;
    std::uint32_t generation = 0;
    std::uint32_t fetched_generation = 0;  // under which the last fetch ended
    Bitmap held;
    Bitmap wanted;
    Bitmap coming;      // under way, from a peer or the origin
    Bitmap hash_known;  // of held pieces
    Bitmap read_here;   // held pieces that this node read from the origin itself
    std::vector<Blake3> hashes;
    std::map<std::size_t, Blake3> to_check;  // held pieces against a hash of the tracker's
    Bitmap being_hashed;
    bool alone = false;         // the tracker does not help with this unit
    bool distrusts = false;     // doubted without a tracker: peers would send the same again
    std::size_t under_way = 0;  // transfers and leases that have not ended
    std::optional<Fetch> fetch;
  };
  struct Transfer {
    Unit* unit = nullptr;
    PeerId peer;
    PeerNumber number = 0;
    std::uint64_t epoch = 0;
    std::uint32_t generation = 0;
    std::vector<RangeHash> pieces;
    std::vector<bool> received;
    bool aborted = false;
  };
  struct OwnLease {
    Unit* unit = nullptr;
    std::uint32_t generation = 0;
    std::size_t first = 0;
    std::size_t last = 0;
    std::size_t next = 0;  // the first piece that was not read yet
    std::uint64_t epoch = 0;
    bool aborted = false;
    Instant told{};
  };
  struct KnownPeer {
    std::string address;
    bool corrupt = false;  // it sent wrong bytes: nothing more is taken from it
    Instant ask_next{};
    std::map<UnitNumber, std::vector<RangeHash>> holds;
  };

  // Units and fetches.
  Result<Unit*> unit_for(const UnitLayout& layout);
  Unit* find(const std::string& unit_id);
  Unit* find(UnitNumber number);
  void replace_held(Unit& unit, const RangeSet& held);
  bool missing(const Unit& unit, std::size_t piece) const;
  std::size_t missing_count(const Unit& unit) const;
  void end_fetch(Unit& unit, Status status, Actions& out);
  void finish_if_done(Unit& unit, Actions& out);
  void abort_all(Unit& unit, Actions& out);
  void drop_piece(Unit& unit, std::size_t piece, Actions& out);
  void take_piece(Unit& unit, std::size_t piece, const Blake3& hash);
  void erase(Unit& unit, Actions& out);

  // Telling the tracker.
  void tell(Message message, Actions& out);
  void declare(const Unit& unit, Actions& out);
  void tell_held(const Unit& unit, Actions& out);
  void restate(const Unit& unit, std::size_t piece, Actions& out);
  void tell_wanted(const Unit& unit, Actions& out);
  void tell_leases(Actions& out);

  // Hearing the tracker.
  void on(const Peers& peers, Actions& out);
  void on(const Members& members, Actions& out);
  void on(const Decisions& decisions, Actions& out);
  void on(const Cancel& cancel, Actions& out);
  void on(const Lease& lease, Actions& out);
  void on(const LeaseRevoked& revoked, Actions& out);
  void on(const AskHashes& ask, Actions& out);
  void on(const Hashes& hashes, Actions& out);
  void on(const Verdict& verdict, Actions& out);
  void on(const Needed& needed, Actions& out);
  void on(const Notice& notice, Actions& out);
  template <typename Other>
  void on(const Other&, Actions&) {}  // carried, not used by this version
  void follow(const Decision& decision, Actions& out);

  // Moving bytes.
  void start_transfer(Unit& unit, const PeerId& peer, PeerNumber number,
                      std::vector<RangeHash> pieces, Actions& out);
  void start_lease(Unit& unit, LeaseId id, std::size_t first, std::size_t last, Actions& out);
  void report(const Transfer& transfer, FailureKind kind, std::string text, Actions& out);

  // Without a tracker.
  void go_alone_when_due(Actions& out);
  void lease_to_self(Actions& out);
  bool lease_one_to_self(Unit& unit, Actions& out);
  void use_known_peers(Actions& out);
  void fetch_from_known_peers(Actions& out);
  bool wants_something() const;
  bool needs_own_leases(const Unit& unit) const;
  Instant alone_at() const;

  const NodeTuning tuning_;
  const PeerId id_;
  std::map<UnitNumber, std::unique_ptr<Unit>> units_;
  std::unordered_map<std::string, UnitNumber> numbers_;
  UnitNumber next_unit_ = 1;
  std::uint64_t next_order_ = 0;
  std::map<TransferId, Transfer> transfers_;
  TransferId next_transfer_ = 1;
  std::map<LeaseId, OwnLease> leases_;
  LeaseId next_own_lease_;

  bool connected_ = false;
  bool ever_connected_ = false;
  bool alone_ = false;
  bool refused_ = false;  // the tracker gives this node nothing any more
  std::uint64_t epoch_ = 0;
  std::uint32_t members_ = 0;
  Duration heartbeat_ = std::chrono::seconds(2);
  std::unordered_map<PeerId, KnownPeer, PeerIdHash> peers_;
  std::unordered_map<PeerNumber, PeerId> peer_numbers_;
  bool watches_ = false;

  Instant now_{};
  const Instant started_;
  Instant moved_{};  // when something last arrived, or the tracker was lost
  std::uint64_t corrupt_pieces_ = 0;
};

}  // namespace hubdist::exchange
