// What its owner asks of a node, and the life of a fetch.
#include <algorithm>

#include <hubdist/exchange/node_machine.h>
#include <hubdist/exchange/swarm.h>

namespace hubdist::exchange {
namespace {

std::uint64_t first_word(const NodeId& id) {
  std::uint64_t word = 0;
  std::memcpy(&word, id.data(), sizeof(word));
  return word;
}

}  // namespace

NodeMachine::NodeMachine(NodeTuning tuning, NodeId id, NodeId instance, Instant now)
    : tuning_(tuning),
      id_{id, instance},
      // Differs between nodes, so that a tracker can tell their own leases apart.
      next_own_lease_(first_word(instance)),
      now_(now),
      started_(now),
      moved_(now) {}

// --- Units --------------------------------------------------------------------------------------

Result<NodeMachine::Unit*> NodeMachine::unit_for(const UnitLayout& layout) {
  HUBDIST_TRY(check_layout(layout));
  if (Unit* known = find(layout.id)) {
    if (known->layout == layout) return known;
    return invalid_argument("unit ", layout.id, " was given with another shape before");
  }
  auto unit = std::make_unique<Unit>();
  unit->number = next_unit_++;
  unit->layout = layout;
  const std::size_t count = layout.piece_count();
  for (Bitmap* bits : {&unit->held, &unit->wanted, &unit->coming, &unit->hash_known,
                       &unit->read_here, &unit->being_hashed})
    *bits = Bitmap(count);
  unit->hashes.resize(count);
  Unit* raw = unit.get();
  numbers_[layout.id] = raw->number;
  units_[raw->number] = std::move(unit);
  return raw;
}

NodeMachine::Unit* NodeMachine::find(const std::string& unit_id) {
  const auto found = numbers_.find(unit_id);
  return found == numbers_.end() ? nullptr : find(found->second);
}

NodeMachine::Unit* NodeMachine::find(UnitNumber number) {
  const auto found = units_.find(number);
  return found == units_.end() ? nullptr : found->second.get();
}

// What the owner says is there. Of pieces that were held before, the hashes are still known.
void NodeMachine::replace_held(Unit& unit, const RangeSet& held) {
  Bitmap now_held(unit.held.size());
  for (const ByteRange& range : held.ranges()) {
    const auto [first, last] = pieces_inside(unit.layout, range);
    for (std::size_t piece = first; piece < last; ++piece) now_held.set(piece);
  }
  for (std::size_t piece = 0; piece < now_held.size(); ++piece)
    if (!now_held.test(piece) || !unit.held.test(piece)) {
      unit.hash_known.reset(piece);
      unit.read_here.reset(piece);
    }
  unit.held = now_held;
}

bool NodeMachine::missing(const Unit& unit, std::size_t piece) const {
  return unit.wanted.test(piece) && !unit.held.test(piece);
}

std::size_t NodeMachine::missing_count(const Unit& unit) const {
  std::size_t count = 0;
  for (std::size_t i = 0; i < unit.wanted.words(); ++i)
    count += static_cast<std::size_t>(std::popcount(unit.wanted.word(i) & ~unit.held.word(i)));
  return count;
}

void NodeMachine::take_piece(Unit& unit, std::size_t piece, const Blake3& hash) {
  unit.held.set(piece);
  unit.hash_known.set(piece);
  unit.read_here.reset(piece);
  unit.hashes[piece] = hash;
  unit.to_check.erase(piece);
  moved_ = now_;
  if (unit.fetch) unit.fetch->origin_error = Status();
}

void NodeMachine::drop_piece(Unit& unit, std::size_t piece, Actions& out) {
  if (!unit.held.test(piece)) return;
  unit.held.reset(piece);
  unit.hash_known.reset(piece);
  Have have{unit.number, unit.generation, false, {}, {}, 0, {unit.layout.piece(piece)}};
  tell(std::move(have), out);
  // The tracker may have taken it for this node's own business.
  if (missing(unit, piece) && unit.fetch && !unit.fetch->end) tell_wanted(unit, out);
}

void NodeMachine::erase(Unit& unit, Actions& out) {
  tell(Withdraw{unit.number}, out);
  for (auto& [id, peer] : peers_) peer.holds.erase(unit.number);
  numbers_.erase(unit.layout.id);
  units_.erase(unit.number);
}

// --- The owner ----------------------------------------------------------------------------------

Result<UnitNumber> NodeMachine::fetch(const UnitLayout& layout, const RangeSet& wanted,
                                      const RangeSet& held, Instant now, Actions& out) {
  now_ = now;
  HUBDIST_ASSIGN(Unit * unit, unit_for(layout));
  if (unit->fetch)
    return failed_precondition("unit ", layout.id, " is being fetched already by this node");
  replace_held(*unit, held);
  unit->wanted.clear();
  for (const ByteRange& range : wanted.ranges()) {
    const auto [first, last] = pieces_touching(layout, range);
    for (std::size_t piece = first; piece < last; ++piece) unit->wanted.set(piece);
  }
  unit->fetch.emplace();
  unit->fetch->order = next_order_++;
  const UnitNumber number = unit->number;
  if (connected_) {
    declare(*unit, out);
    tell_held(*unit, out);
    if (missing_count(*unit) > 0) tell_wanted(*unit, out);
  }
  finish_if_done(*unit, out);
  advance(now, out);
  return number;
}

void NodeMachine::cancel(UnitNumber number, Instant now, Actions& out) {
  now_ = now;
  Unit* unit = find(number);
  if (unit && unit->fetch)
    end_fetch(*unit, cancelled("the fetch of ", unit->layout.id, " was cancelled"), out);
}

Status NodeMachine::offer(const UnitLayout& layout, const RangeSet& held, Instant now,
                          Actions& out) {
  now_ = now;
  HUBDIST_ASSIGN(Unit * unit, unit_for(layout));
  if (unit->fetch) return failed_precondition("unit ", layout.id, " is being fetched by this node");
  replace_held(*unit, held);
  if (connected_) {
    declare(*unit, out);
    tell_held(*unit, out);
  }
  return {};
}

void NodeMachine::withdraw(const std::string& unit_id, Instant now, Actions& out) {
  now_ = now;
  Unit* unit = find(unit_id);
  if (!unit) return;
  unit->held.clear();
  unit->hash_known.clear();
  if (unit->fetch || unit->under_way > 0) {
    tell_held(*unit, out);  // the fetch goes on, without what was there
    return;
  }
  erase(*unit, out);
}

Status NodeMachine::doubt(const std::string& unit_id, Instant now, Actions& out) {
  now_ = now;
  Unit* unit = find(unit_id);
  if (!unit) return not_found("unit ", unit_id, " is not known to this node");
  if (unit->fetch) return failed_precondition("unit ", unit_id, " is being fetched by this node");
  unit->held.clear();
  unit->hash_known.clear();
  unit->to_check.clear();
  for (auto& [id, peer] : peers_) peer.holds.erase(unit->number);
  unit->distrusts = !connected_;
  tell_held(*unit, out);
  tell(Verdict{unit->number, unit->fetched_generation, VerdictKind::kDoubted}, out);
  return {};
}

void NodeMachine::content_lost(const std::string& unit_id, Instant now, Actions& out) {
  withdraw(unit_id, now, out);
}

void NodeMachine::watch_needed(bool on, Actions& out) {
  watches_ = on;
  tell(WatchNeeded{on}, out);
}

void NodeMachine::leave(Actions& out) { tell(Leave{}, out); }

// --- The life of a fetch ------------------------------------------------------------------------

void NodeMachine::end_fetch(Unit& unit, Status status, Actions& out) {
  if (!unit.fetch->end) unit.fetch->end = std::move(status);
  abort_all(unit, out);
  finish_if_done(unit, out);
}

void NodeMachine::abort_all(Unit& unit, Actions& out) {
  for (auto& [id, transfer] : transfers_) {
    if (transfer.unit != &unit || transfer.aborted) continue;
    transfer.aborted = true;
    out.push_back(AbortTransfer{id});
  }
  for (auto& [id, lease] : leases_) {
    if (lease.unit != &unit || lease.aborted) continue;
    lease.aborted = true;
    out.push_back(AbortLease{id});
  }
}

// Ends the fetch when it has all, or is to end, and nothing writes into the content any more.
void NodeMachine::finish_if_done(Unit& unit, Actions& out) {
  if (!unit.fetch) return;
  if (!unit.fetch->end) {
    if (missing_count(unit) > 0) return;
    unit.fetch->end = Status();
    abort_all(unit, out);
  }
  if (unit.under_way > 0) return;
  FetchEnded ended{unit.number, *unit.fetch->end, unit.fetch->from_origin, unit.fetch->from_peers};
  unit.fetch.reset();
  unit.fetched_generation = unit.generation;
  unit.distrusts = false;
  unit.wanted.clear();
  tell(Want{unit.number, {}, 0, 0}, out);
  if (unit.held.none()) erase(unit, out);
  out.push_back(std::move(ended));
}

// --- For those who ask this node ----------------------------------------------------------------

bool NodeMachine::serves(const std::string& unit_id, ByteRange range) const {
  const auto found = numbers_.find(unit_id);
  if (found == numbers_.end()) return false;
  const Unit& unit = *units_.at(found->second);
  if (range.empty() || range.end > unit.layout.size) return false;
  const auto [first, last] = pieces_touching(unit.layout, range);
  for (std::size_t piece = first; piece < last; ++piece)
    if (!unit.held.test(piece)) return false;
  return true;
}

const UnitLayout* NodeMachine::layout_of(const std::string& unit_id) const {
  const auto found = numbers_.find(unit_id);
  return found == numbers_.end() ? nullptr : &units_.at(found->second)->layout;
}

std::optional<std::vector<RangeHash>> NodeMachine::holdings(const std::string& unit_id) const {
  const auto found = numbers_.find(unit_id);
  if (found == numbers_.end()) return std::nullopt;
  const Unit& unit = *units_.at(found->second);
  std::vector<RangeHash> out;
  for (std::size_t piece = 0; piece < unit.held.size(); ++piece)
    if (unit.held.test(piece) && unit.hash_known.test(piece))
      out.push_back({unit.layout.piece(piece), unit.hashes[piece]});
  return out;
}

}  // namespace hubdist::exchange
