// How bytes reach a node: transfers from peers, leases, and what it does without a tracker.
#include <algorithm>

#include <hubdist/exchange/node_machine.h>
#include <hubdist/exchange/swarm.h>

namespace hubdist::exchange {
namespace {

// Worth the hope that another node, or a later try, fares better.
bool passing(const Status& status) {
  switch (status.code()) {
    case StatusCode::kUnavailable:
    case StatusCode::kResourceExhausted:
    case StatusCode::kDeadlineExceeded:
    case StatusCode::kAborted:
      return true;
    default:
      return false;
  }
}

// How many known peers are asked at once.
constexpr std::size_t kPeersAsked = 16;

}  // namespace

// --- From peers ---------------------------------------------------------------------------------

void NodeMachine::start_transfer(Unit& unit, const PeerId& peer, PeerNumber number,
                                 std::vector<RangeHash> pieces, Actions& out) {
  const TransferId id = next_transfer_++;
  StartTransfer action{id, unit.number, unit.layout.id, peers_[peer].address, pieces};
  for (const RangeHash& piece : pieces) unit.coming.set(unit.layout.piece_at(piece.range.begin));
  Transfer& transfer = transfers_[id];
  transfer = {&unit, peer, number, epoch_, unit.generation, std::move(pieces), {}, false};
  transfer.received.resize(transfer.pieces.size());
  ++unit.under_way;
  out.push_back(std::move(action));
}

void NodeMachine::piece_received(TransferId id, std::size_t index, Instant now, Actions& out) {
  now_ = now;
  const auto found = transfers_.find(id);
  if (found == transfers_.end()) return;
  Transfer& transfer = found->second;
  Unit& unit = *transfer.unit;
  const RangeHash& one = transfer.pieces[index];
  const std::size_t piece = unit.layout.piece_at(one.range.begin);
  unit.coming.reset(piece);
  transfer.received[index] = true;
  if (transfer.generation != unit.generation || unit.held.test(piece)) return;
  take_piece(unit, piece, one.hash);
  if (unit.fetch) unit.fetch->from_peers += one.range.size();
  tell(Have{unit.number, unit.generation, false, {one.range}, {}, 0, {}}, out);
}

void NodeMachine::report(const Transfer& transfer, FailureKind kind, std::string text,
                         Actions& out) {
  Failure failure;
  failure.kind = kind;
  failure.peer = transfer.epoch == epoch_ ? transfer.number : 0;
  failure.unit = transfer.unit->number;
  failure.generation = transfer.generation;
  for (std::size_t i = 0; i < transfer.pieces.size(); ++i)
    if (!transfer.received[i]) failure.ranges.push_back(transfer.pieces[i].range);
  failure.message = std::move(text);
  if (!failure.ranges.empty()) tell(std::move(failure), out);
}

void NodeMachine::transfer_ended(TransferId id, const TransferEnd& end, Instant now, Actions& out) {
  now_ = now;
  const auto found = transfers_.find(id);
  if (found == transfers_.end()) return;
  Transfer transfer = std::move(found->second);
  transfers_.erase(found);
  Unit& unit = *transfer.unit;
  --unit.under_way;
  for (std::size_t i = 0; i < transfer.pieces.size(); ++i)
    if (!transfer.received[i])
      unit.coming.reset(unit.layout.piece_at(transfer.pieces[i].range.begin));
  if (!end.ok && !transfer.aborted) {
    if (end.kind == FailureKind::kCorrupt) ++corrupt_pieces_;
    report(transfer, end.kind, std::string(message(end.status)), out);
    if (const auto peer = peers_.find(transfer.peer); peer != peers_.end()) {
      peer->second.corrupt = peer->second.corrupt || end.kind == FailureKind::kCorrupt;
      peer->second.holds.erase(unit.number);
    }
    if (end.kind == FailureKind::kDisk && unit.fetch) {
      end_fetch(unit, end.status, out);
      return;
    }
  } else if (transfer.aborted) {
    report(transfer, FailureKind::kReturned, "given up", out);
  }
  finish_if_done(unit, out);
  advance(now, out);
}

// --- From the origin ----------------------------------------------------------------------------

void NodeMachine::start_lease(Unit& unit, LeaseId id, std::size_t first, std::size_t last,
                              Actions& out) {
  StartLease action{id, unit.number, unit.layout.id, range_of(unit.layout, first, last), {}};
  for (std::size_t piece = first; piece < last; ++piece) {
    unit.coming.set(piece);
    action.pieces.push_back(unit.layout.piece(piece));
  }
  leases_[id] = {&unit, unit.generation, first, last, first, connected_ ? epoch_ : 0, false, now_};
  ++unit.under_way;
  out.push_back(std::move(action));
}

void NodeMachine::lease_progress(LeaseId id, std::uint64_t bytes, Instant now, Actions& out) {
  now_ = now;
  const auto found = leases_.find(id);
  if (found == leases_.end() || found->second.aborted) return;
  moved_ = now;
  if (now - found->second.told < heartbeat_ / 2) return;
  found->second.told = now;
  tell(LeaseProgress{id, bytes}, out);
}

void NodeMachine::lease_piece(LeaseId id, ByteRange range, const Blake3& hash, Instant now,
                              Actions& out) {
  now_ = now;
  const auto found = leases_.find(id);
  if (found == leases_.end()) return;
  OwnLease& lease = found->second;
  Unit& unit = *lease.unit;
  const std::size_t piece = unit.layout.piece_at(range.begin);
  lease.next = piece + 1;
  unit.coming.reset(piece);
  if (unit.fetch) unit.fetch->from_origin += range.size();
  if (lease.generation != unit.generation) return;
  take_piece(unit, piece, hash);
  unit.read_here.set(piece);
  tell(Hashes{unit.number, unit.generation, Basis::kOrigin, {{range, hash}}}, out);
}

void NodeMachine::lease_ended(LeaseId id, const Status& status, Instant now, Actions& out) {
  now_ = now;
  const auto found = leases_.find(id);
  if (found == leases_.end()) return;
  const OwnLease lease = found->second;
  leases_.erase(found);
  Unit& unit = *lease.unit;
  --unit.under_way;
  for (std::size_t piece = lease.next; piece < lease.last; ++piece) unit.coming.reset(piece);
  const Status told = lease.aborted ? cancelled("given up") : status;
  tell(LeaseEnd{id, told.code(), std::string(message(told))}, out);
  // Decisions for these pieces that came meanwhile were not followed.
  if (lease.next < lease.last)
    tell(Failure{FailureKind::kReturned,
                 0,
                 unit.number,
                 lease.generation,
                 {range_of(unit.layout, lease.next, lease.last)},
                 "was being read"},
         out);
  if (!told.ok() && !lease.aborted && unit.fetch && !unit.fetch->end) {
    Fetch& fetch = *unit.fetch;
    if (fetch.origin_error.ok()) fetch.origin_error_at = now;
    fetch.origin_error = status;
    const bool hopeless = !connected_ || needs_own_leases(unit) || !passing(status) ||
                          now - fetch.origin_error_at >= tuning_.origin_patience;
    if (hopeless) {
      end_fetch(unit, status, out);
      return;
    }
  }
  finish_if_done(unit, out);
  advance(now, out);
}

// --- What is held already -----------------------------------------------------------------------

void NodeMachine::piece_hashed(UnitNumber number, ByteRange range, const Result<Blake3>& hash,
                               Instant now, Actions& out) {
  now_ = now;
  Unit* unit = find(number);
  if (!unit) return;
  const std::size_t piece = unit->layout.piece_at(range.begin);
  unit->being_hashed.reset(piece);
  if (!unit->held.test(piece)) return;
  if (!hash.ok()) {
    drop_piece(*unit, piece, out);
    return;
  }
  unit->hashes[piece] = *hash;
  unit->hash_known.set(piece);
  if (const auto check = unit->to_check.find(piece); check != unit->to_check.end()) {
    const bool right = check->second == *hash;
    unit->to_check.erase(check);
    if (!right) {
      drop_piece(*unit, piece, out);
      return;
    }
  }
  tell(Hashes{number, unit->generation, Basis::kHeld, {{range, *hash}}}, out);
}

// --- Without a tracker --------------------------------------------------------------------------

bool NodeMachine::wants_something() const {
  return std::any_of(units_.begin(), units_.end(), [&](const auto& entry) {
    const Unit& unit = *entry.second;
    return unit.fetch && !unit.fetch->end;
  });
}

bool NodeMachine::needs_own_leases(const Unit& unit) const {
  if (alone_ || unit.alone || unit.distrusts) return true;
  // What others have may still come from them.
  return refused_ && now_ >= moved_ + tuning_.loss_patience;
}

// When it gives up waiting for a tracker.
Instant NodeMachine::alone_at() const {
  if (!tuning_.expects_tracker) return started_;
  return ever_connected_ ? moved_ + tuning_.loss_patience : started_ + tuning_.tracker_patience;
}

void NodeMachine::go_alone_when_due(Actions& out) {
  if (connected_ || alone_ || !wants_something() || now_ < alone_at()) return;
  alone_ = true;
  if (tuning_.expects_tracker)
    out.push_back(Warn{
        ever_connected_
            ? std::string("the tracker is lost: this node reads from the origin alone until it, "
                          "or another, is there")
            : std::string("no tracker can be reached: this node reads from the origin alone "
                          "until there is one")});
}

void NodeMachine::advance(Instant now, Actions& out) {
  now_ = now;
  go_alone_when_due(out);
  lease_to_self(out);
  if (!connected_) use_known_peers(out);
  for (auto& [number, unit] : units_) {
    if (!unit->fetch || unit->fetch->end || unit->fetch->origin_error.ok()) continue;
    const bool reading = std::any_of(leases_.begin(), leases_.end(), [&](const auto& lease) {
      return lease.second.unit == unit.get();
    });
    if (reading || now < unit->fetch->origin_error_at + tuning_.origin_patience) continue;
    end_fetch(*unit, unit->fetch->origin_error, out);
    return;  // the unit may be gone; the rest has its turn at the next wakeup
  }
}

void NodeMachine::lease_to_self(Actions& out) {
  std::vector<Unit*> units;
  for (const auto& [number, unit] : units_)
    if (unit->fetch && !unit->fetch->end && needs_own_leases(*unit)) units.push_back(unit.get());
  std::sort(units.begin(), units.end(),
            [](const Unit* a, const Unit* b) { return a->fetch->order < b->fetch->order; });
  for (Unit* unit : units)
    while (leases_.size() < tuning_.lease_streams && lease_one_to_self(*unit, out)) {
    }
}

bool NodeMachine::lease_one_to_self(Unit& unit, Actions& out) {
  const auto open = [&](std::size_t piece) {
    return missing(unit, piece) && !unit.coming.test(piece);
  };
  const std::size_t count = unit.held.size();
  // With peers about, each begins at another place, so that they can give each other the rest.
  std::size_t begin = 0;
  if (!peers_.empty()) {
    std::memcpy(&begin, id_.node_id.data(), sizeof(begin));
    begin %= count;
  }
  std::size_t first = count;
  for (std::size_t i = 0; i < count && first == count; ++i)
    if (open((begin + i) % count)) first = (begin + i) % count;
  if (first == count) return false;
  std::size_t last = first + 1;
  while (last < count && open(last) &&
         unit.layout.piece(last - 1).end - unit.layout.piece(first).begin < tuning_.lease_bytes)
    ++last;
  start_lease(unit, next_own_lease_++, first, last, out);
  return true;
}

// The peers of former decisions say themselves what they hold, until a tracker is there again.
void NodeMachine::use_known_peers(Actions& out) {
  if (!wants_something() || peers_.empty() || !ever_connected_) return;
  std::size_t asked = 0;
  for (auto& [id, peer] : peers_) {
    if (peer.corrupt || now_ < peer.ask_next || asked == kPeersAsked) continue;
    peer.ask_next = now_ + tuning_.peer_poll;
    ++asked;
    for (const auto& [number, unit] : units_)
      if (unit->fetch && !unit->fetch->end && !unit->distrusts)
        out.push_back(AskPeer{id, peer.address, number, unit->layout.id});
  }
  fetch_from_known_peers(out);
}

void NodeMachine::fetch_from_known_peers(Actions& out) {
  std::map<PeerId, std::size_t> busy;
  for (const auto& [id, transfer] : transfers_) ++busy[transfer.peer];
  const std::size_t each = std::max<std::size_t>(1, tuning_.parallel_requests / 4);
  for (auto& [id, peer] : peers_)
    for (auto& [number, pieces] : peer.holds) {
      Unit* unit = find(number);
      if (!unit || !unit->fetch || unit->fetch->end || unit->distrusts) continue;
      // From another place for each node, so that they do not all ask for the same.
      const std::size_t shift = std::to_integer<std::size_t>(id_.node_id[0]) * pieces.size() / 256;
      for (std::size_t i = 0; i < pieces.size(); ++i) {
        if (transfers_.size() >= tuning_.parallel_requests || busy[id] >= each) break;
        const RangeHash& one = pieces[(i + shift) % pieces.size()];
        if (one.range.empty() || one.range.begin >= unit->layout.size) continue;
        const std::size_t piece = unit->layout.piece_at(one.range.begin);
        const bool open = unit->layout.piece(piece) == one.range && missing(*unit, piece) &&
                          !unit->coming.test(piece);
        if (!open) continue;
        ++busy[id];
        start_transfer(*unit, id, 0, {one}, out);
      }
    }
}

void NodeMachine::peer_holds(const PeerId& peer, UnitNumber unit,
                             const std::vector<RangeHash>& pieces, Instant now, Actions& out) {
  now_ = now;
  const auto found = peers_.find(peer);
  if (found == peers_.end() || found->second.corrupt) return;
  found->second.holds[unit] = pieces;
  advance(now, out);
}

void NodeMachine::peer_silent(const PeerId& peer, Instant now, Actions& out) {
  now_ = now;
  if (!connected_) peers_.erase(peer);
  advance(now, out);
}

std::optional<Instant> NodeMachine::next_wakeup() const {
  Instant next = kNever;
  if (!connected_ && wants_something()) {
    if (!alone_) next = std::min(next, std::max(alone_at(), now_));
    if (ever_connected_)
      for (const auto& [id, peer] : peers_)
        if (!peer.corrupt) next = std::min(next, std::max(peer.ask_next, now_));
  }
  for (const auto& [number, unit] : units_)
    if (unit->fetch && !unit->fetch->end && !unit->fetch->origin_error.ok())
      next = std::min(next, std::max(now_, unit->fetch->origin_error_at + tuning_.origin_patience));
  if (const Instant own = moved_ + tuning_.loss_patience;
      refused_ && wants_something() && own > now_)
    next = std::min(next, own);
  if (next == kNever) return std::nullopt;
  return next;
}

}  // namespace hubdist::exchange
