#include <algorithm>

#include <hubdist/exchange/swarm.h>

namespace hubdist::exchange {
namespace {

// Arrivals over which what a node gives is averaged.
constexpr double kMeasuredArrivals = 8;
// The same over all nodes.
constexpr double kMeasuredRequests = 256;

// Keeps a unit's counts right over a change of one piece's bits.
class PieceChange {
 public:
  PieceChange(UnitState& unit, std::size_t piece) : unit_(unit), piece_(piece) {
    unit_.unstated -= unstated();
    unit_.unread -= unread();
  }
  ~PieceChange() {
    unit_.unstated += unstated();
    unit_.unread += unread();
  }
  PieceChange(const PieceChange&) = delete;
  PieceChange& operator=(const PieceChange&) = delete;

 private:
  std::size_t unstated() const {
    return unit_.available.test(piece_) && !unit_.hashed.test(piece_) && !unit_.reread.test(piece_);
  }
  std::size_t unread() const {
    return !unit_.leased.test(piece_) &&
           (!unit_.available.test(piece_) || unit_.reread.test(piece_));
  }
  UnitState& unit_;
  std::size_t piece_;
};

}  // namespace

std::pair<std::size_t, std::size_t> pieces_inside(const UnitLayout& layout, ByteRange range) {
  range.end = std::min(range.end, layout.size);
  if (range.empty()) return {0, 0};
  std::size_t first = layout.piece_at(range.begin);
  if (layout.piece(first).begin < range.begin) ++first;
  std::size_t last = layout.piece_at(range.end - 1);
  if (layout.piece(last).end == range.end) ++last;
  return {first, std::max(first, last)};
}

std::pair<std::size_t, std::size_t> pieces_touching(const UnitLayout& layout, ByteRange range) {
  range.end = std::min(range.end, layout.size);
  if (range.empty()) return {0, 0};
  return {layout.piece_at(range.begin), layout.piece_at(range.end - 1) + 1};
}

ByteRange range_of(const UnitLayout& layout, std::size_t first, std::size_t last) {
  return {layout.piece(first).begin, layout.piece(last - 1).end};
}

NodeIndex Swarm::add_node(std::uint64_t connection, const Hello& hello) {
  NodeIndex index = 0;
  if (free_.empty()) {
    index = static_cast<NodeIndex>(nodes_.size());
    nodes_.emplace_back();
  } else {
    index = free_.back();
    free_.pop_back();
    nodes_[index] = NodeState{};
  }
  NodeState& node = nodes_[index];
  node.alive = true;
  node.connection = connection;
  node.number = next_number_++;
  node.id = hello.node_id;
  node.instance = hello.instance;
  node.address = hello.data_address;
  node.zone = hello.zone;
  node.zone_index = zones_.try_emplace(hello.zone, zones_.size()).first->second;
  node.rates = hello.rates;
  node.capacity = hello.capacity;
  if (const auto found = accusers_.find(node.id); found != accusers_.end())
    node.banned = found->second.size() >= kAccusersThatBan;
  ++processes_[node.id];
  ++living_;
  return index;
}

void Swarm::remove_node(NodeIndex index) {
  for (NodeState& other : nodes_) {
    if (!other.alive || &other == &nodes_[index]) continue;
    const std::vector<Transfer> transfers = other.downloads;
    for (const Transfer& transfer : transfers) {
      if (transfer.source != index) continue;
      for (std::size_t i = 0; i < transfer.count; ++i)
        end_transfer(*transfer.share, transfer.first + i);
    }
    std::erase_if(other.avoided, [&](const auto& pair) { return pair.first == index; });
  }
  NodeState& node = nodes_[index];
  std::vector<LeaseId> ended;
  for (const auto& [id, lease] : leases_)
    if (lease.node == index) ended.push_back(id);
  for (const LeaseId id : ended) end_lease(id);
  while (!node.shares.empty()) withdraw(*node.shares.begin()->second);
  if (--processes_[node.id] == 0) processes_.erase(node.id);
  node = NodeState{};
  free_.push_back(index);
  --living_;
}

Result<Share*> Swarm::declare(NodeIndex index, UnitNumber number, const UnitLayout& layout) {
  NodeState& node = nodes_[index];
  if (const auto found = node.shares.find(number); found != node.shares.end()) {
    if (found->second->unit->layout == layout) return found->second;
    return invalid_argument("unit number ", number, " was declared twice");
  }
  std::unique_ptr<UnitState>& slot = units_[layout.id];
  if (slot && slot->by_node.contains(index))
    return invalid_argument("unit ", layout.id, " was declared twice");
  if (slot && slot->layout != layout)
    return invalid_argument("unit ", layout.id,
                            " has another shape here than at the node that named it first");
  const std::size_t count = layout.piece_count();
  if (!slot) {
    slot = std::make_unique<UnitState>();
    slot->layout = layout;
    slot->pieces.resize(count);
    slot->unread = count;
    for (Bitmap* bits :
         {&slot->available, &slot->hashed, &slot->leased, &slot->asked, &slot->reread})
      *bits = Bitmap(count);
  }
  auto share = std::make_unique<Share>();
  share->unit = slot.get();
  share->node = index;
  share->number = number;
  for (Bitmap* bits : {&share->held, &share->wanted, &share->coming}) *bits = Bitmap(count);
  Share* raw = share.get();
  node.shares.emplace(number, raw);
  slot->by_node.emplace(index, raw);
  slot->shares.push_back(std::move(share));
  return raw;
}

void Swarm::withdraw(Share& share) {
  NodeState& node = nodes_[share.node];
  std::vector<LeaseId> ended;
  for (const auto& [id, lease] : leases_)
    if (lease.share == &share) ended.push_back(id);
  for (const LeaseId id : ended) end_lease(id);
  for (std::size_t piece = 0; piece < share.held.size(); ++piece) {
    if (share.coming.test(piece)) end_transfer(share, piece);
    if (share.held.test(piece)) set_held(share, piece, false);
  }
  // Others may be fetching from it: those transfers fail by themselves, and are reported.
  std::erase(node.wanting, &share);
  node.missing -= share.missing;
  node.shares.erase(share.number);
  remove_share(share);
}

void Swarm::remove_share(Share& share) {
  UnitState& unit = *share.unit;
  for (PieceState& piece : unit.pieces)
    if (piece.stated_by == share.node) piece.stated_by = kNobody;
  unit.by_node.erase(share.node);
  std::erase_if(unit.shares, [&](const auto& one) { return one.get() == &share; });
  if (unit.shares.empty())
    units_.erase(std::string(unit.layout.id));
  else
    refresh_parked(unit);
}

void Swarm::set_wanted(Share& share, const Bitmap& wanted, std::uint32_t priority) {
  NodeState& node = nodes_[share.node];
  if (share.missing == 0) {
    share.order = node.next_order++;
    share.quiet_until = {};
    share.returns = 0;
  }
  share.wanted = wanted;
  share.priority = priority;
  share.scan_word = 0;
  node.missing -= share.missing;
  share.missing = 0;
  for (std::size_t i = 0; i < wanted.words(); ++i)
    share.missing += static_cast<std::size_t>(std::popcount(share.missing_word(i)));
  node.missing += share.missing;
  for (std::size_t piece = 0; piece < wanted.size(); ++piece)
    if (share.coming.test(piece) && !wanted.test(piece)) end_transfer(share, piece);
  update_wanting(share);
}

void Swarm::unwant(Share& share, std::size_t piece) {
  if (!share.wanted.test(piece)) return;
  if (!share.held.test(piece)) count_missing(share, false);
  share.wanted.reset(piece);
  if (share.missing == 0) update_wanting(share);
}

void Swarm::count_missing(Share& share, bool more) {
  std::size_t& all = nodes_[share.node].missing;
  more ? ++share.missing : --share.missing;
  more ? ++all : --all;
}

void Swarm::count_copy(const Share& share, std::size_t piece, bool more) {
  UnitState& unit = *share.unit;
  more ? ++unit.pieces[piece].copies : --unit.pieces[piece].copies;
  if (nodes_[share.node].capacity.takes_only) return;
  const std::size_t zone = nodes_[share.node].zone_index;
  if (unit.zone_copies.size() <= zone) unit.zone_copies.resize(zone + 1);
  std::vector<std::uint32_t>& copies = unit.zone_copies[zone];
  if (copies.empty()) copies.resize(unit.pieces.size());
  more ? ++copies[piece] : --copies[piece];
}

void Swarm::count_holder(const Share& share, std::size_t piece, bool held) {
  PieceState& state = share.unit->pieces[piece];
  held ? ++state.holders : --state.holders;
  count_copy(share, piece, held);
  const PieceChange change(*share.unit, piece);
  share.unit->available.assign(piece, state.holders > 0);
}

void Swarm::set_held(Share& share, std::size_t piece, bool held) {
  if (share.held.test(piece) == held) return;
  if (held && share.coming.test(piece)) end_transfer(share, piece);
  share.held.assign(piece, held);
  if (!nodes_[share.node].banned) count_holder(share, piece, held);
  if (!share.wanted.test(piece)) return;
  count_missing(share, !held);
  share.scan_word = std::min(share.scan_word, piece / Bitmap::kWordBits);
  const std::size_t edge = held ? 0 : 1;
  if (share.missing == edge) update_wanting(share);
}

void Swarm::set_hash(UnitState& unit, std::size_t piece, const Blake3& hash, NodeIndex stated_by) {
  unit.pieces[piece].hash = hash;
  unit.pieces[piece].stated_by = stated_by;
  const PieceChange change(unit, piece);
  unit.hashed.set(piece);
  unit.asked.reset(piece);
  unit.reread.reset(piece);
}

void Swarm::doubt(UnitState& unit, const Bitmap& pieces) {
  ++unit.generation;
  std::vector<LeaseId> ended;
  for (const auto& [id, lease] : leases_)
    if (lease.share->unit == &unit) ended.push_back(id);
  for (const LeaseId id : ended) end_lease(id);
  for (std::size_t piece = 0; piece < unit.pieces.size(); ++piece) {
    // Nodes give up what is under way when they hear of a new generation.
    for (const auto& share : unit.shares)
      if (share->coming.test(piece)) end_transfer(*share, piece);
    if (!pieces.test(piece)) continue;
    const PieceChange change(unit, piece);
    unit.hashed.reset(piece);
    unit.asked.reset(piece);
    unit.reread.set(piece);
  }
}

bool Swarm::accuse(NodeIndex index, NodeIndex accuser) {
  NodeState& node = nodes_[index];
  if (node.banned || node.id == nodes_[accuser].id) return false;
  if (accusers_.size() >= kMaxAccused) accusers_.clear();
  std::set<NodeId>& accusers = accusers_[node.id];
  accusers.insert(nodes_[accuser].id);
  if (accusers.size() < kAccusersThatBan) return false;
  ban(node);
  return true;
}

void Swarm::ban(NodeState& node) {
  node.banned = true;
  for (const auto& [number, share] : node.shares)
    for (std::size_t piece = 0; piece < share->held.size(); ++piece)
      if (share->held.test(piece)) count_holder(*share, piece, false);
}

void Swarm::begin_transfer(Share& receiver, std::size_t first, std::size_t count, NodeIndex source,
                           Instant now) {
  for (std::size_t piece = first; piece < first + count; ++piece) {
    receiver.coming.set(piece);
    count_copy(receiver, piece, true);
  }
  nodes_[receiver.node].downloads.push_back({&receiver, first, count, count, source, now});
  ++nodes_[source].uploads;
}

// The rate of one request, times those that the source answers at once: what it gives in all, as
// far as the receivers can take it. A few arrivals settle the mean.
void Swarm::measure_arrival(const Share& receiver, std::size_t piece, Instant now) {
  const UnitLayout& layout = receiver.unit->layout;
  if (layout.is_bundle()) return;  // small pieces measure delays
  const std::vector<Transfer>& downloads = nodes_[receiver.node].downloads;
  const auto found = std::find_if(downloads.begin(), downloads.end(), [&](const Transfer& one) {
    return one.share == &receiver && one.first == piece;
  });
  if (found == downloads.end() || found->began >= now) return;
  NodeState& source = nodes_[found->source];
  const double rate = static_cast<double>(layout.piece(piece).size()) / seconds(now - found->began);
  const auto average = [](double& mean, double value, double over) {
    mean += mean == 0 ? value : (value - mean) / over;
  };
  average(source.gives, rate * source.uploads, kMeasuredArrivals);
  average(request_rate_, rate, kMeasuredRequests);
}

NodeIndex Swarm::end_transfer(Share& receiver, std::size_t piece) {
  if (!receiver.coming.test(piece)) return kNobody;
  receiver.coming.reset(piece);
  count_copy(receiver, piece, false);
  std::vector<Transfer>& downloads = nodes_[receiver.node].downloads;
  const auto found = std::find_if(downloads.begin(), downloads.end(), [&](const Transfer& one) {
    return one.share == &receiver && one.first <= piece && piece < one.first + one.count;
  });
  if (found == downloads.end()) return kNobody;
  const NodeIndex source = found->source;
  if (--found->left == 0) {
    --nodes_[source].uploads;
    *found = downloads.back();
    downloads.pop_back();
  }
  return source;
}

LeaseState& Swarm::begin_lease(Share& share, std::size_t first, std::size_t count, LeaseId id,
                               Instant now) {
  LeaseState& lease = leases_[id];
  lease = {id, share.node, &share, first, count, Bitmap(count), 0, now, 0};
  UnitState& unit = *share.unit;
  for (std::size_t i = 0; i < count; ++i) {
    if (share.held.test(first + i) || unit.leased.test(first + i)) continue;
    const PieceChange change(unit, first + i);
    unit.leased.set(first + i);
    lease.open.set(i);
    lease.bytes_left += unit.layout.piece(first + i).size();
  }
  NodeState& node = nodes_[share.node];
  ++node.leases;
  node.lease_bytes += lease.bytes_left;
  return lease;
}

void Swarm::lease_piece_done(UnitState& unit, std::size_t piece) {
  if (!unit.leased.test(piece)) return;
  const PieceChange change(unit, piece);
  unit.leased.reset(piece);
  const std::uint64_t size = unit.layout.piece(piece).size();
  for (auto& [id, lease] : leases_) {
    const bool inside = lease.share->unit == &unit && lease.first <= piece &&
                        piece < lease.first + lease.count && lease.open.test(piece - lease.first);
    if (!inside) continue;
    lease.open.reset(piece - lease.first);
    lease.bytes_left -= size;
    nodes_[lease.node].lease_bytes -= size;
    return;
  }
}

void Swarm::end_lease(LeaseId id) {
  const auto found = leases_.find(id);
  if (found == leases_.end()) return;
  const LeaseState& lease = found->second;
  UnitState& unit = *lease.share->unit;
  for (std::size_t i = 0; i < lease.count; ++i) {
    if (!lease.open.test(i)) continue;
    const PieceChange change(unit, lease.first + i);
    unit.leased.reset(lease.first + i);
  }
  --nodes_[lease.node].leases;
  nodes_[lease.node].lease_bytes -= lease.bytes_left;
  leases_.erase(found);
}

LeaseState* Swarm::lease(LeaseId id) {
  const auto found = leases_.find(id);
  return found == leases_.end() ? nullptr : &found->second;
}

UnitState* Swarm::find_unit(const std::string& id) {
  const auto found = units_.find(id);
  return found == units_.end() ? nullptr : found->second.get();
}

Share* Swarm::find_share(NodeIndex node, UnitNumber number) {
  const auto found = nodes_[node].shares.find(number);
  return found == nodes_[node].shares.end() ? nullptr : found->second;
}

bool Swarm::trusted_holder(const Share& share, std::size_t piece) const {
  return std::any_of(share.unit->shares.begin(), share.unit->shares.end(), [&](const auto& other) {
    if (other.get() == &share || !other->held.test(piece)) return false;
    const NodeState& node = nodes_[other->node];
    return !node.banned &&
           std::find(share.banned.begin(), share.banned.end(), node.id) == share.banned.end();
  });
}

bool Swarm::needed(NodeIndex index) const {
  for (const auto& [number, share] : nodes_[index].shares)
    for (const auto& other : share->unit->shares) {
      if (other->node == index || other->missing == 0) continue;
      for (std::size_t i = other->scan_word; i < share->held.words(); ++i)
        if (share->held.word(i) & other->missing_word(i)) return true;
    }
  return false;
}

void Swarm::update_wanting(Share& share) {
  std::vector<Share*>& wanting = nodes_[share.node].wanting;
  std::erase(wanting, &share);
  if (share.missing > 0) {
    const auto place = std::find_if(wanting.begin(), wanting.end(), [&](const Share* other) {
      return std::pair(other->priority, other->order) > std::pair(share.priority, share.order);
    });
    wanting.insert(place, &share);
  }
  refresh_parked(*share.unit);
}

// Of several processes with one cache the one that asked first fetches a unit; the others wait, and
// get it from that one.
void Swarm::refresh_parked(UnitState& unit) {
  if (processes_.size() == living_) return;
  std::map<NodeId, Share*> first;
  for (const auto& share : unit.shares) {
    share->parked = false;
    if (share->missing == 0) continue;
    const auto [place, fresh] = first.emplace(nodes_[share->node].id, share.get());
    if (!fresh) share->parked = true;
  }
}

}  // namespace hubdist::exchange
