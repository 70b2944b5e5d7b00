// What nodes tell a tracker.
#include <algorithm>

#include <hubdist/exchange/tracker_machine.h>

namespace hubdist::exchange {
namespace {

// A hash that was never stated.
bool unknown(const Blake3& hash) { return hash == Blake3{}; }

std::uint32_t milliseconds(Duration duration) {
  const auto count = std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
  return static_cast<std::uint32_t>(std::max<decltype(count)>(count, 0));
}

}  // namespace

TrackerMachine::TrackerMachine(TrackerTuning tuning, std::uint64_t epoch, bool successor,
                               Instant now)
    : tuning_(tuning), epoch_(epoch), next_lease_(epoch), now_(now) {
  if (successor) settle_until_ = now + tuning_.settle;
}

// --- Connections --------------------------------------------------------------------------------

Status TrackerMachine::connected(ConnectionId id, const Hello& hello, Instant now,
                                 std::vector<TrackerOutput>& out) {
  now_ = now;
  out_ = &out;
  Hello bounded = hello;
  bounded.capacity.parallel_requests =
      std::clamp(hello.capacity.parallel_requests, 1u, kMaxParallelRequests);
  if (hello.data_address.empty()) bounded.capacity.takes_only = true;
  // A node that comes again lost its former connection, though this side has not seen it yet.
  for (const auto& [other, member] : members_) {
    const NodeState& node = swarm_.node(member.node);
    if (node.id != hello.node_id || node.instance != hello.instance) continue;
    disconnected(other, now);
    break;
  }
  if (hello.last_epoch != 0 && hello.last_epoch != epoch_) {
    if (expected_members_ == 0 && settle_until_ <= now) settle_until_ = now + tuning_.settle;
    expected_members_ = std::max(expected_members_, hello.known_members);
  }
  Member& member = members_[id];
  member.node = swarm_.add_node(id, bounded);
  peers_[swarm_.node(member.node).number] = member.node;
  Welcome welcome;
  welcome.epoch = epoch_;
  welcome.settle_ms = settling() ? milliseconds(settle_until_ - now) : 0;
  welcome.lease_timeout_ms = milliseconds(tuning_.lease_timeout);
  welcome.heartbeat_ms = milliseconds(tuning_.heartbeat);
  welcome.members = static_cast<std::uint32_t>(swarm_.living());
  member.told_members = welcome.members;
  send(member.node, std::move(welcome));
  if (swarm_.node(member.node).banned) exclude(member.node);
  stirred_ = true;
  return {};
}

void TrackerMachine::disconnected(ConnectionId id, Instant now) {
  now_ = now;
  const auto found = members_.find(id);
  if (found == members_.end()) return;
  const NodeIndex index = found->second.node;
  for (const auto& [number, share] : swarm_.node(index).shares) drop_asks(*share);
  gone_.push_back(swarm_.node(index).number);
  peers_.erase(swarm_.node(index).number);
  swarm_.remove_node(index);
  members_.erase(found);
  changed_ = stirred_ = true;
}

Status TrackerMachine::received(ConnectionId id, const Message& message, Instant now,
                                std::vector<TrackerOutput>& out) {
  now_ = now;
  out_ = &out;
  const auto found = members_.find(id);
  if (found == members_.end()) return aborted("the node came again by another connection");
  Member& member = found->second;
  return std::visit(
      [&](const auto& body) -> Status {
        if constexpr (requires { body.unit; })
          if (member.refused.contains(body.unit)) return on_refused(member, body);
        return on(member, body);
      },
      message);
}

void TrackerMachine::send(NodeIndex node, Message message) {
  out_->push_back({connection(node), std::move(message)});
}

Result<Share*> TrackerMachine::share_of(const Member& member, UnitNumber unit) {
  Share* share = swarm_.find_share(member.node, unit);
  if (!share) return invalid_argument("unit number ", unit, " was never declared");
  return share;
}

// --- What nodes tell ----------------------------------------------------------------------------

Status TrackerMachine::on(Member& member, const Declare& declare) {
  HUBDIST_TRY(check_layout(declare.layout));
  if (declare.layout.piece_count() > kMaxUnitPieces)
    return resource_exhausted("unit ", declare.layout.id, " has ", declare.layout.piece_count(),
                              " pieces, more than ", kMaxUnitPieces);
  if (swarm_.node(member.node).shares.size() >= kMaxNodeUnits)
    return resource_exhausted("more than ", kMaxNodeUnits, " units of one node");
  auto share = swarm_.declare(member.node, declare.unit, declare.layout);
  if (!share.ok()) {
    // Others named the unit first: this node does without the exchange for it.
    if (swarm_.find_share(member.node, declare.unit)) return share.status();
    if (member.refused.size() >= kMaxNodeUnits) return share.status();
    member.refused.insert(declare.unit);
    send(member.node,
         Notice{share.status().code(), std::string(message(share.status())), declare.unit});
    return {};
  }
  const std::uint32_t generation = (*share)->unit->generation;
  if (generation > 0) send(member.node, Verdict{declare.unit, generation, VerdictKind::kDoubted});
  return {};
}

Status TrackerMachine::on(Member& member, const Want& want) {
  HUBDIST_ASSIGN(Share * share, share_of(member, want.unit));
  if (swarm_.node(member.node).capacity.gives_only) return {};
  Bitmap wanted(share->wanted.size());
  for (const ByteRange& range : want.ranges) {
    const auto [first, last] = pieces_touching(share->unit->layout, range);
    for (std::size_t piece = first; piece < last; ++piece) wanted.set(piece);
  }
  swarm_.set_wanted(*share, wanted, want.priority);
  changed_ = stirred_ = true;
  return {};
}

Status TrackerMachine::on(Member& member, const Have& have) {
  HUBDIST_ASSIGN(Share * share, share_of(member, have.unit));
  UnitState& unit = *share->unit;
  if (have.generation != unit.generation) return {};  // it tells again when it knows the new one
  const std::size_t count = unit.pieces.size();
  Bitmap held(count);
  for (const ByteRange& range : have.ranges) {
    const auto [first, last] = pieces_inside(unit.layout, range);
    for (std::size_t piece = first; piece < last; ++piece) held.set(piece);
  }
  for (std::size_t i = 0; i < have.pieces.size() * 8; ++i) {
    const bool set = (std::to_integer<unsigned>(have.pieces[i / 8]) >> (i % 8) & 1) != 0;
    if (set && have.first_piece + i < count) held.set(have.first_piece + i);
  }
  Bitmap dropped(count);
  for (const ByteRange& range : have.dropped) {
    const auto [first, last] = pieces_touching(unit.layout, range);
    for (std::size_t piece = first; piece < last; ++piece) dropped.set(piece);
  }
  Hashes check{have.unit, unit.generation, Basis::kTracker, {}};
  for (std::size_t i = 0; i < held.words(); ++i) {
    const std::uint64_t lost = dropped.word(i) | (have.replace ? ~held.word(i) : 0);
    for_each_bit(lost & share->held.word(i), i, [&](std::size_t piece) {
      swarm_.set_held(*share, piece, false);
      return true;
    });
    for_each_bit(held.word(i) & ~dropped.word(i) & ~share->held.word(i), i, [&](std::size_t piece) {
      gained(*share, piece, check);
      return true;
    });
  }
  if (!check.hashes.empty()) send(member.node, std::move(check));
  changed_ = stirred_ = true;
  return {};
}

void TrackerMachine::gained(Share& share, std::size_t piece, Hashes& check) {
  UnitState& unit = *share.unit;
  // After a doubt, what a node held before may be what the doubt was about.
  const bool fetched = share.coming.test(piece);
  if (fetched) {
    share.returns = 0;
    swarm_.measure_arrival(share, piece, now_);
  }
  if (unit.generation > 0 && !fetched && unit.hashed.test(piece))
    check.hashes.push_back({unit.layout.piece(piece), unit.pieces[piece].hash});
  swarm_.set_held(share, piece, true);
  if (!unit.reread.test(piece)) swarm_.lease_piece_done(unit, piece);
}

Status TrackerMachine::on(Member& member, const Hashes& hashes) {
  HUBDIST_ASSIGN(Share * share, share_of(member, hashes.unit));
  if (hashes.generation != share->unit->generation) return {};
  if (swarm_.node(member.node).banned) return {};
  for (const RangeHash& one : hashes.hashes) {
    const UnitLayout& layout = share->unit->layout;
    if (one.range.empty() || one.range.begin >= layout.size) continue;
    const std::size_t piece = layout.piece_at(one.range.begin);
    // A statement may itself begin a new generation.
    if (hashes.generation != share->unit->generation) break;
    if (layout.piece(piece) == one.range) state_hash(*share, piece, one.hash, hashes.basis);
  }
  changed_ = stirred_ = true;
  return {};
}

void TrackerMachine::state_hash(Share& share, std::size_t piece, const Blake3& hash, Basis basis) {
  UnitState& unit = *share.unit;
  for (auto& [id, lease] : swarm_.leases())
    if (lease.share == &share && lease.first <= piece && piece < lease.first + lease.count)
      lease.progress = now_;
  if (unit.reread.test(piece)) {
    if (basis == Basis::kOrigin) replace_doubted(share, piece, hash);
    return;
  }
  if (unit.hashed.test(piece) && unit.pieces[piece].hash != hash) {
    settle_conflict(share, piece, hash, basis);
    return;
  }
  if (!unit.hashed.test(piece)) swarm_.set_hash(unit, piece, hash, share.node);
  share.returns = 0;
  swarm_.set_held(share, piece, true);
  swarm_.lease_piece_done(unit, piece);
}

// The second reading of a doubted piece. Whoever holds other bytes has to get these.
void TrackerMachine::replace_doubted(Share& share, std::size_t piece, const Blake3& hash) {
  UnitState& unit = *share.unit;
  const PieceState former = unit.pieces[piece];
  const bool differs = former.hash != hash && !unknown(former.hash);
  for (const auto& other : unit.shares) {
    if (other.get() == &share || !other->held.test(piece)) continue;
    if (differs) swarm_.set_held(*other, piece, false);
    send(other->node,
         Hashes{
             other->number, unit.generation, Basis::kTracker, {{unit.layout.piece(piece), hash}}});
  }
  swarm_.set_hash(unit, piece, hash, share.node);
  swarm_.set_held(share, piece, true);
  swarm_.lease_piece_done(unit, piece);
  if (differs) disagree(former.stated_by, share.node);
}

// Two nodes say different things of one piece; which of them is right only the whole's identity can
// tell. The first word stands as long as somebody holds what it names: the second node gets the
// piece again, or keeps its own to itself when it has reason to distrust all who hold the first.
void TrackerMachine::settle_conflict(Share& share, std::size_t piece, const Blake3& hash,
                                     Basis basis) {
  UnitState& unit = *share.unit;
  const PieceState state = unit.pieces[piece];
  const std::uint32_t own = share.held.test(piece) && !swarm_.node(share.node).banned ? 1 : 0;
  swarm_.end_transfer(share, piece);  // the node read it meanwhile
  if (state.holders == own) {
    swarm_.set_hash(unit, piece, hash, share.node);
    swarm_.set_held(share, piece, true);
  } else if (basis == Basis::kOrigin && !swarm_.trusted_holder(share, piece)) {
    swarm_.set_held(share, piece, false);
    swarm_.unwant(share, piece);
  } else {
    swarm_.set_held(share, piece, false);
    send(share.node, Hashes{share.number,
                            unit.generation,
                            Basis::kTracker,
                            {{unit.layout.piece(piece), state.hash}}});
  }
  swarm_.lease_piece_done(unit, piece);
  if (basis == Basis::kOrigin) disagree(state.stated_by, share.node);
}

// Who is wrong is not known; who disagrees with two others most likely is.
void TrackerMachine::disagree(NodeIndex one, NodeIndex other) {
  if (one == kNobody || one == other) return;
  for (const auto& [node, accuser] : {std::pair(one, other), std::pair(other, one)}) {
    if (!swarm_.accuse(node, accuser)) continue;
    exclude(node);
    take_back_word(node);
  }
}

Status TrackerMachine::on(Member& member, const LeaseProgress& progress) {
  LeaseState* lease = swarm_.lease(progress.lease);
  if (!lease || lease->node != member.node) return {};
  if (progress.bytes > lease->progress_bytes) lease->progress = now_;
  lease->progress_bytes = progress.bytes;
  return {};
}

Status TrackerMachine::on(Member& member, const LeaseEnd& end) {
  LeaseState* lease = swarm_.lease(end.lease);
  if (!lease || lease->node != member.node) return {};
  if (end.code == StatusCode::kOk)
    lease->share->lease_failures = 0;
  else if (end.code != StatusCode::kCancelled)
    pause_leases(*lease->share);
  const bool given_back = end.code == StatusCode::kOk || end.code == StatusCode::kCancelled;
  if (given_back && !lease->open.none()) back_off(*lease->share);
  swarm_.end_lease(end.lease);
  changed_ = true;
  return {};
}

void TrackerMachine::pause_leases(Share& share) {
  const std::uint32_t doublings = std::min(share.lease_failures++, 6u);
  share.no_lease_before = now_ + tuning_.lease_pause * (1 << doublings);
  retries_.insert(share.no_lease_before);
}

// What a node gives back at once would be decided, and given back, again and again.
void TrackerMachine::back_off(Share& share) {
  if (share.quiet_until > now_) return;  // one of several that were decided together
  const std::uint32_t doublings = std::min(share.returns++, 6u);
  share.quiet_until = now_ + tuning_.return_pause * (1 << doublings);
  retries_.insert(share.quiet_until);
}

Status TrackerMachine::on(Member& member, const LeaseHeld& held) {
  HUBDIST_ASSIGN(Share * share, share_of(member, held.unit));
  if (held.ranges.empty() || swarm_.lease(held.lease)) return {};
  const ByteRange range{held.ranges.front().begin, held.ranges.back().end};
  const auto [first, last] = pieces_touching(share->unit->layout, range);
  if (first == last) return {};
  const LeaseState& lease = swarm_.begin_lease(*share, first, last - first, held.lease, now_);
  if (lease.open.none()) {
    swarm_.end_lease(held.lease);
    send(member.node, LeaseRevoked{held.lease, "others hold these pieces or read them"});
  }
  return {};
}

Status TrackerMachine::on(Member& member, const Failure& failure) {
  Share* share = swarm_.find_share(member.node, failure.unit);
  if (!share) return {};  // a decision and the node's Withdraw crossed
  if (end_transfers(*share, failure.ranges)) back_off(*share);
  changed_ = true;
  const auto found = peers_.find(failure.peer);
  if (found == peers_.end() || failure.generation != share->unit->generation) return {};
  const NodeIndex source = found->second;
  switch (failure.kind) {
    case FailureKind::kCorrupt:
      share->banned.push_back(swarm_.node(source).id);
      accuse(source, member.node);
      lost_pieces(source, *share->unit, failure.ranges);
      break;
    case FailureKind::kGone:
      lost_pieces(source, *share->unit, failure.ranges);
      break;
    case FailureKind::kRefused:
    case FailureKind::kTimeout:
      avoid(member.node, source);
      break;
    case FailureKind::kDisk:
    case FailureKind::kReturned:
    case FailureKind::kUnknown:
      break;
  }
  return {};
}

void TrackerMachine::accuse(NodeIndex node, NodeIndex accuser) {
  if (swarm_.accuse(node, accuser)) exclude(node);
}

// Nobody is sent to it any more, and it reads no origin for others.
void TrackerMachine::exclude(NodeIndex node) {
  send(node, Notice{StatusCode::kPermissionDenied,
                    "several nodes found bytes from here to be wrong: look for a failing disk or "
                    "memory",
                    0});
  std::vector<LeaseId> ended;
  for (const auto& [id, lease] : swarm_.leases())
    if (lease.node == node) ended.push_back(id);
  for (const LeaseId id : ended) {
    swarm_.end_lease(id);
    send(node, LeaseRevoked{id, "this node is not believed any more"});
  }
}

// Pieces of which only this node says what they are.
void TrackerMachine::take_back_word(NodeIndex node) {
  std::vector<Share*> shares;
  for (const auto& [number, share] : swarm_.node(node).shares) shares.push_back(share);
  for (Share* share : shares) {
    UnitState& unit = *share->unit;
    Bitmap pieces(unit.pieces.size());
    for (std::size_t piece = 0; piece < pieces.size(); ++piece)
      if (unit.hashed.test(piece) && unit.pieces[piece].stated_by == node) pieces.set(piece);
    if (!pieces.none()) doubt(unit, pieces, true);
  }
}

void TrackerMachine::doubt(UnitState& unit, const Bitmap& pieces, bool taken_back) {
  swarm_.doubt(unit, pieces);
  std::erase_if(asks_, [&](const Ask& ask) { return ask.holder->unit == &unit; });
  for (const auto& share : unit.shares) {
    send(share->node, Verdict{share->number, unit.generation, VerdictKind::kDoubted});
    if (!taken_back) continue;
    Cancel cancel{share->number, {}, true};
    for_each_run(pieces, [&](std::size_t first, std::size_t last) {
      cancel.ranges.push_back(range_of(unit.layout, first, last));
    });
    for (std::size_t piece = 0; piece < pieces.size(); ++piece)
      if (pieces.test(piece)) swarm_.set_held(*share, piece, false);
    send(share->node, std::move(cancel));
  }
  changed_ = stirred_ = true;
}

// Whether there was one.
bool TrackerMachine::end_transfers(Share& share, const std::vector<ByteRange>& ranges) {
  bool ended = false;
  for (const ByteRange& range : ranges) {
    const auto [first, last] = pieces_touching(share.unit->layout, range);
    for (std::size_t piece = first; piece < last; ++piece)
      ended = swarm_.end_transfer(share, piece) != kNobody || ended;
  }
  return ended;
}

void TrackerMachine::lost_pieces(NodeIndex source, UnitState& unit,
                                 const std::vector<ByteRange>& ranges) {
  const auto found = unit.by_node.find(source);
  if (found == unit.by_node.end()) return;
  for (const ByteRange& range : ranges) {
    const auto [first, last] = pieces_touching(unit.layout, range);
    for (std::size_t piece = first; piece < last; ++piece)
      swarm_.set_held(*found->second, piece, false);
  }
}

// One node that cannot reach a peer may have itself to blame; two are believed.
void TrackerMachine::avoid(NodeIndex node, NodeIndex source) {
  const Instant until = now_ + tuning_.avoid;
  auto& avoided = swarm_.node(node).avoided;
  std::erase_if(avoided, [&](const auto& one) { return one.first == source || one.second < now_; });
  avoided.emplace_back(source, until);
  retries_.insert(until);
  std::size_t avoiders = 0;
  for (const NodeState& other : swarm_.nodes())
    avoiders += static_cast<std::size_t>(
        std::count_if(other.avoided.begin(), other.avoided.end(),
                      [&](const auto& one) { return one.first == source && one.second > now_; }));
  if (avoiders >= kAccusersThatBan) swarm_.node(source).suspended_until = until;
}

Status TrackerMachine::on(Member& member, const Verdict& verdict) {
  HUBDIST_ASSIGN(Share * share, share_of(member, verdict.unit));
  UnitState& unit = *share->unit;
  if (verdict.kind != VerdictKind::kDoubted || verdict.generation != unit.generation) return {};
  if (swarm_.node(member.node).banned) return {};  // it gets the pieces again, from the others
  if (unit.generation >= kMaxGeneration) {
    send(member.node, Notice{StatusCode::kDataLoss,
                             concat("unit ", unit.layout.id, " was doubted ", kMaxGeneration,
                                    " times: its origin does not give what it states"),
                             verdict.unit});
    return {};
  }
  Bitmap all(unit.pieces.size());
  for (std::size_t piece = 0; piece < all.size(); ++piece) all.set(piece);
  doubt(unit, all, false);
  return {};
}

Status TrackerMachine::on(Member& member, const Withdraw& withdraw) {
  HUBDIST_ASSIGN(Share * share, share_of(member, withdraw.unit));
  drop_asks(*share);
  swarm_.withdraw(*share);
  changed_ = stirred_ = true;
  return {};
}

Status TrackerMachine::on(Member& member, const Rates& rates) {
  swarm_.node(member.node).rates = rates;
  if (!member.reported) changed_ = true;
  member.reported = true;
  return {};
}

Status TrackerMachine::on(Member& member, const WatchNeeded& watch) {
  member.watches = watch.on;
  member.told_needed.reset();
  stirred_ = true;
  next_gossip_ = now_;
  return {};
}

}  // namespace hubdist::exchange
