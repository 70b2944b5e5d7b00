// What a node and its tracker say to each other.
#include <algorithm>

#include <hubdist/exchange/node_machine.h>
#include <hubdist/exchange/swarm.h>

namespace hubdist::exchange {
namespace {

std::vector<ByteRange> ranges_of(const UnitLayout& layout, const Bitmap& pieces) {
  std::vector<ByteRange> out;
  for_each_run(pieces, [&](std::size_t first, std::size_t last) {
    out.push_back(range_of(layout, first, last));
  });
  return out;
}

Bytes bits_of(const Bitmap& pieces) {
  Bytes out((pieces.size() + 7) / 8);
  for (std::size_t i = 0; i < pieces.size(); ++i)
    if (pieces.test(i)) out[i / 8] |= static_cast<std::byte>(1u << (i % 8));
  return out;
}

std::vector<ByteRange> ranges_of(const std::vector<RangeHash>& pieces) {
  std::vector<ByteRange> out;
  for (const RangeHash& piece : pieces) out.push_back(piece.range);
  return out;
}

}  // namespace

// --- Telling ------------------------------------------------------------------------------------

void NodeMachine::tell(Message message, Actions& out) {
  if (connected_) out.push_back(SendToTracker{std::move(message)});
}

void NodeMachine::declare(const Unit& unit, Actions& out) {
  tell(Declare{unit.number, unit.layout, {}, 0}, out);
}

void NodeMachine::tell_held(const Unit& unit, Actions& out) {
  Have have;
  have.unit = unit.number;
  have.generation = unit.generation;
  have.replace = true;
  have.pieces = bits_of(unit.held);
  tell(std::move(have), out);
}

// Of a piece that the tracker takes for missing.
void NodeMachine::restate(const Unit& unit, std::size_t piece, Actions& out) {
  const ByteRange range = unit.layout.piece(piece);
  const Basis basis = unit.read_here.test(piece) ? Basis::kOrigin : Basis::kHeld;
  if (unit.hash_known.test(piece))
    tell(Hashes{unit.number, unit.generation, basis, {{range, unit.hashes[piece]}}}, out);
  else
    tell(Have{unit.number, unit.generation, false, {range}, {}, 0, {}}, out);
}

void NodeMachine::tell_wanted(const Unit& unit, Actions& out) {
  tell(Want{unit.number, ranges_of(unit.layout, unit.wanted), 0, 0}, out);
}

// Leases that began under another tracker, or without one, go on.
void NodeMachine::tell_leases(Actions& out) {
  for (const auto& [id, lease] : leases_) {
    if (lease.aborted || lease.next >= lease.last) continue;
    LeaseHeld held{id, lease.unit->number, {}, lease.epoch};
    held.ranges.push_back(range_of(lease.unit->layout, lease.next, lease.last));
    tell(std::move(held), out);
  }
}

void NodeMachine::fill_hello(Hello& hello) const {
  hello.node_id = id_.node_id;
  hello.instance = id_.instance;
  hello.capacity.parallel_requests = static_cast<std::uint32_t>(tuning_.parallel_requests);
  hello.last_epoch = epoch_;
  hello.known_members = members_;
}

void NodeMachine::tracker_connected(const Welcome& welcome, Instant now, Actions& out) {
  now_ = now;
  connected_ = ever_connected_ = true;
  alone_ = refused_ = false;
  epoch_ = welcome.epoch;
  members_ = welcome.members;
  heartbeat_ = std::chrono::milliseconds(std::max(100u, welcome.heartbeat_ms));
  peer_numbers_.clear();
  for (auto& [number, unit] : units_) {
    // The tracker says when it knows of another generation. What is under way goes on.
    for (auto& [id, transfer] : transfers_)
      if (transfer.unit == unit.get() && !transfer.aborted) transfer.generation = 0;
    for (auto& [id, lease] : leases_)
      if (lease.unit == unit.get() && !lease.aborted) lease.generation = 0;
    unit->generation = 0;
    unit->alone = false;
    declare(*unit, out);
    if (!unit->held.none()) tell_held(*unit, out);
    // Before it is wanted: what was doubted meanwhile is to come from elsewhere than before.
    if (unit->distrusts) tell(Verdict{unit->number, 0, VerdictKind::kDoubted}, out);
    unit->distrusts = false;
    if (unit->fetch && !unit->fetch->end) tell_wanted(*unit, out);
  }
  tell_leases(out);
  if (watches_) tell(WatchNeeded{true}, out);
  tell(Rates{}, out);  // the end of the report
}

void NodeMachine::tracker_lost(Instant now, Actions& out) {
  now_ = now;
  if (connected_) moved_ = now;
  connected_ = false;
  peer_numbers_.clear();
  for (auto& [id, peer] : peers_) peer.ask_next = now;
  advance(now, out);
}

void NodeMachine::tracker_said(const Message& message, Instant now, Actions& out) {
  now_ = now;
  std::visit([&](const auto& body) { on(body, out); }, message);
  advance(now, out);
}

// --- Hearing ------------------------------------------------------------------------------------

void NodeMachine::on(const Peers& peers, Actions& out) {
  for (const Peer& peer : peers.peers) {
    const PeerId id{peer.node_id, peer.instance};
    if (id == id_) continue;
    peer_numbers_[peer.peer] = id;
    peers_[id].address = peer.address;
  }
  for (const PeerNumber gone : peers.gone) {
    const auto found = peer_numbers_.find(gone);
    if (found == peer_numbers_.end()) continue;
    for (auto& [id, transfer] : transfers_) {
      if (transfer.peer != found->second || transfer.aborted) continue;
      report(transfer, FailureKind::kReturned, "the peer has gone", out);
      transfer.aborted = true;
      out.push_back(AbortTransfer{id});
    }
    peers_.erase(found->second);
    peer_numbers_.erase(found);
  }
}

void NodeMachine::on(const Members& members, Actions&) { members_ = members.count; }

void NodeMachine::on(const Decisions& decisions, Actions& out) {
  for (const Decision& decision : decisions.decisions) follow(decision, out);
}

// Starts what of a decision is still of use, and gives the rest back.
void NodeMachine::follow(const Decision& decision, Actions& out) {
  Unit* unit = find(decision.unit);
  const auto peer = peer_numbers_.find(decision.peer);
  const bool useful = unit && peer != peer_numbers_.end() && unit->fetch && !unit->fetch->end &&
                      decision.generation == unit->generation;
  // A tracker of later may not know what this node found out about the peer.
  const bool corrupt = useful && peers_[peer->second].corrupt;
  if (!useful || corrupt) {
    tell(Failure{corrupt ? FailureKind::kCorrupt : FailureKind::kReturned, decision.peer,
                 decision.unit, decision.generation, ranges_of(decision.pieces),
                 corrupt ? "it sent wrong bytes before" : "not wanted any more"},
         out);
    return;
  }
  std::vector<RangeHash> run;
  const auto flush = [&] {
    if (!run.empty()) start_transfer(*unit, peer->second, decision.peer, std::move(run), out);
    run.clear();
  };
  for (const RangeHash& one : decision.pieces) {
    if (one.range.empty() || one.range.begin >= unit->layout.size) continue;
    const std::size_t piece = unit->layout.piece_at(one.range.begin);
    if (unit->layout.piece(piece) != one.range) continue;
    if (missing(*unit, piece) && !unit->coming.test(piece)) {
      if (!run.empty() && run.back().range.end != one.range.begin) flush();
      run.push_back(one);
      continue;
    }
    flush();
    if (unit->held.test(piece))
      restate(*unit, piece, out);
    else if (!unit->coming.test(piece))
      tell(Failure{FailureKind::kReturned,
                   decision.peer,
                   decision.unit,
                   decision.generation,
                   {one.range},
                   "not wanted any more"},
           out);
  }
  flush();
}

void NodeMachine::on(const Cancel& cancel, Actions& out) {
  Unit* unit = find(cancel.unit);
  if (!unit) return;
  for (const ByteRange& range : cancel.ranges) {
    const auto [first, last] = pieces_touching(unit->layout, range);
    for (std::size_t piece = first; cancel.taken_back && piece < last; ++piece)
      drop_piece(*unit, piece, out);
  }
  for (auto& [id, transfer] : transfers_) {
    if (transfer.unit != unit || transfer.aborted) continue;
    const bool meant =
        std::any_of(cancel.ranges.begin(), cancel.ranges.end(), [&](const ByteRange& range) {
          return range.begin < transfer.pieces.back().range.end &&
                 transfer.pieces.front().range.begin < range.end;
        });
    if (!meant) continue;
    transfer.aborted = true;
    out.push_back(AbortTransfer{id});
  }
}

void NodeMachine::on(const Lease& lease, Actions& out) {
  Unit* unit = find(lease.unit);
  const bool useful = unit && unit->fetch && !unit->fetch->end && !lease.ranges.empty() &&
                      lease.generation == unit->generation;
  if (!useful) {
    tell(LeaseEnd{lease.lease, StatusCode::kCancelled, "not wanted any more"}, out);
    return;
  }
  const ByteRange range{lease.ranges.front().begin, lease.ranges.back().end};
  auto [first, last] = pieces_touching(unit->layout, range);
  for (std::size_t piece = first; piece < last; ++piece)
    if (unit->held.test(piece)) restate(*unit, piece, out);
  while (first < last && (!missing(*unit, first) || unit->coming.test(first))) ++first;
  while (first < last && (!missing(*unit, last - 1) || unit->coming.test(last - 1))) --last;
  if (first == last)
    tell(LeaseEnd{lease.lease, StatusCode::kOk, ""}, out);
  else
    start_lease(*unit, lease.lease, first, last, out);
}

void NodeMachine::on(const LeaseRevoked& revoked, Actions& out) {
  const auto found = leases_.find(revoked.lease);
  if (found == leases_.end() || found->second.aborted) return;
  found->second.aborted = true;
  out.push_back(AbortLease{revoked.lease});
}

void NodeMachine::on(const AskHashes& ask, Actions& out) {
  Unit* unit = find(ask.unit);
  if (!unit || ask.generation != unit->generation) return;
  Hashes known{unit->number, unit->generation, Basis::kHeld, {}};
  HashHeld to_hash{unit->number, unit->layout.id, {}};
  for (const ByteRange& range : ask.ranges) {
    const auto [first, last] = pieces_inside(unit->layout, range);
    for (std::size_t piece = first; piece < last; ++piece) {
      const ByteRange bytes = unit->layout.piece(piece);
      if (!unit->held.test(piece)) {
        tell(Have{unit->number, unit->generation, false, {}, {}, 0, {bytes}}, out);
      } else if (unit->hash_known.test(piece)) {
        known.hashes.push_back({bytes, unit->hashes[piece]});
      } else if (!unit->being_hashed.test(piece)) {
        unit->being_hashed.set(piece);
        to_hash.pieces.push_back(bytes);
      }
    }
  }
  if (!known.hashes.empty()) tell(std::move(known), out);
  if (!to_hash.pieces.empty()) out.push_back(std::move(to_hash));
}

// What the tracker takes for right: held pieces that differ are not held any more.
void NodeMachine::on(const Hashes& hashes, Actions& out) {
  Unit* unit = find(hashes.unit);
  if (!unit || hashes.generation != unit->generation) return;
  HashHeld to_hash{unit->number, unit->layout.id, {}};
  for (const RangeHash& one : hashes.hashes) {
    if (one.range.empty() || one.range.begin >= unit->layout.size) continue;
    const std::size_t piece = unit->layout.piece_at(one.range.begin);
    if (unit->layout.piece(piece) != one.range || !unit->held.test(piece)) continue;
    if (!unit->hash_known.test(piece)) {
      unit->to_check[piece] = one.hash;
      if (unit->being_hashed.test(piece)) continue;
      unit->being_hashed.set(piece);
      to_hash.pieces.push_back(one.range);
    } else if (unit->hashes[piece] != one.hash) {
      drop_piece(*unit, piece, out);
    }
  }
  if (!to_hash.pieces.empty()) out.push_back(std::move(to_hash));
}

void NodeMachine::on(const Verdict& verdict, Actions& out) {
  Unit* unit = find(verdict.unit);
  if (!unit || verdict.kind != VerdictKind::kDoubted || verdict.generation == unit->generation)
    return;
  abort_all(*unit, out);
  unit->generation = verdict.generation;
  tell_held(*unit, out);
  if (unit->fetch && !unit->fetch->end) tell_wanted(*unit, out);
}

void NodeMachine::on(const Needed& needed, Actions& out) {
  out.push_back(NeededChanged{needed.needed});
}

void NodeMachine::on(const Notice& notice, Actions& out) {
  if (notice.unit == 0) {
    if (notice.code != StatusCode::kPermissionDenied) return;
    refused_ = true;
    moved_ = now_;
    out.push_back(Warn{concat("the exchange takes nothing from this node: ", notice.message)});
    return;
  }
  Unit* unit = find(notice.unit);
  if (!unit || notice.code == StatusCode::kOk) return;
  unit->alone = true;
  out.push_back(Warn{concat("read from the origin alone: ", notice.message)});
}

}  // namespace hubdist::exchange
