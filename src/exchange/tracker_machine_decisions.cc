// How a tracker's decisions come about, and how they are told.
#include <algorithm>

#include <hubdist/exchange/tracker_machine.h>

namespace hubdist::exchange {

std::uint32_t TrackerMachine::reported() const {
  return static_cast<std::uint32_t>(std::count_if(
      members_.begin(), members_.end(), [](const auto& member) { return member.second.reported; }));
}

bool TrackerMachine::settling() const {
  if (now_ >= settle_until_) return false;
  return expected_members_ == 0 || reported() < expected_members_;
}

void TrackerMachine::advance(Instant now, std::vector<TrackerOutput>& out) {
  now_ = now;
  out_ = &out;
  expire_leases();
  expire_asks();
  while (!retries_.empty() && *retries_.begin() <= now_) {
    retries_.erase(retries_.begin());
    changed_ = true;
  }
  const bool settles = settling();
  if (!settles && settle_until_ != Instant{}) {
    settle_until_ = Instant{};
    changed_ = stirred_ = true;
  }
  if (changed_ && now_ >= next_round_) {
    changed_ = false;
    next_round_ = now_ + tuning_.round * static_cast<int>(members_.size());
    Plan plan;
    decide(swarm_, tuning_.policy, !settles, next_lease_, now_, plan);
    carry_out(plan);
  }
  if (stirred_ && now_ >= next_gossip_) gossip();
}

void TrackerMachine::carry_out(const Plan& plan) {
  carry_out_fetches(plan);
  for (const LeaseChoice& choice : plan.leases) {
    const LeaseState& lease = *swarm_.lease(choice.lease);
    const UnitState& unit = *lease.share->unit;
    Lease message{lease.id, lease.share->number, unit.generation, {}, 0};
    message.ranges.push_back(range_of(unit.layout, lease.first, lease.first + lease.count));
    send(lease.node, std::move(message));
    ++decisions_;
  }
  for (const AskChoice& choice : plan.asks) {
    const UnitState& unit = *choice.holder->unit;
    AskHashes message{choice.holder->number, unit.generation, {}};
    for (const std::size_t piece : choice.pieces)
      message.ranges.push_back(unit.layout.piece(piece));
    send(choice.holder->node, std::move(message));
    asks_.push_back({choice.holder, choice.pieces, now_ + tuning_.hash_timeout});
  }
}

void TrackerMachine::carry_out_fetches(const Plan& plan) {
  std::unordered_map<NodeIndex, Decisions> batches;
  for (const FetchChoice& choice : plan.fetches) {
    const Share& share = *choice.receiver;
    const UnitState& unit = *share.unit;
    introduce(share.node, choice.source);
    Decision decision{share.number, unit.generation, swarm_.node(choice.source).number, {}, 0};
    for (std::size_t piece = choice.first; piece < choice.first + choice.count; ++piece)
      decision.pieces.push_back({unit.layout.piece(piece), unit.pieces[piece].hash});
    batches[share.node].decisions.push_back(std::move(decision));
    decisions_ += choice.count;
  }
  for (auto& [node, batch] : batches) send(node, std::move(batch));
}

void TrackerMachine::introduce(NodeIndex to, NodeIndex peer) {
  const NodeState& node = swarm_.node(peer);
  if (!members_.at(connection(to)).introduced.insert(node.number).second) return;
  send(to, Peers{{{node.number, node.id, node.address, node.zone, {}, {}, node.instance}}, {}});
}

// A lease that makes no progress is given anew; what its holder still brings is welcome.
void TrackerMachine::expire_leases() {
  std::vector<LeaseId> stalled;
  for (const auto& [id, lease] : swarm_.leases())
    if (lease.progress + tuning_.lease_timeout <= now_) stalled.push_back(id);
  for (const LeaseId id : stalled) {
    pause_leases(*swarm_.lease(id)->share);
    swarm_.end_lease(id);
    changed_ = true;
  }
}

// A holder that does not answer is not taken for one.
void TrackerMachine::expire_asks() {
  std::erase_if(asks_, [&](const Ask& ask) {
    UnitState& unit = *ask.holder->unit;
    const bool answered = std::none_of(ask.pieces.begin(), ask.pieces.end(), [&](std::size_t p) {
      return unit.asked.test(p) && ask.holder->held.test(p);
    });
    if (!answered && now_ < ask.until) return false;
    for (const std::size_t piece : ask.pieces) {
      if (!unit.asked.test(piece)) continue;
      unit.asked.reset(piece);
      swarm_.set_held(*ask.holder, piece, false);
    }
    changed_ = true;
    return true;
  });
}

void TrackerMachine::drop_asks(const Share& share) {
  std::erase_if(asks_, [&](const Ask& ask) {
    if (ask.holder != &share) return false;
    for (const std::size_t piece : ask.pieces) share.unit->asked.reset(piece);
    return true;
  });
}

void TrackerMachine::gossip() {
  stirred_ = false;
  next_gossip_ = now_ + tuning_.gossip;
  const auto count = static_cast<std::uint32_t>(swarm_.living());
  for (auto& [id, member] : members_) {
    std::vector<PeerNumber> gone;
    for (const PeerNumber peer : gone_)
      if (member.introduced.erase(peer)) gone.push_back(peer);
    if (!gone.empty()) send(member.node, Peers{{}, std::move(gone)});
    if (member.told_members != count) send(member.node, Members{count});
    member.told_members = count;
    if (!member.watches) continue;
    const bool needed = settling() || swarm_.needed(member.node);
    if (member.told_needed != needed) send(member.node, Needed{needed});
    member.told_needed = needed;
  }
  gone_.clear();
}

std::optional<Instant> TrackerMachine::next_wakeup() const {
  Instant next = kNever;
  if (changed_) next = std::max(now_, next_round_);
  if (stirred_) next = std::min(next, next_gossip_);
  if (settle_until_ != Instant{}) next = std::min(next, settle_until_);
  if (!retries_.empty()) next = std::min(next, *retries_.begin());
  for (const auto& [id, lease] : swarm_.leases())
    next = std::min(next, lease.progress + tuning_.lease_timeout);
  for (const Ask& ask : asks_) next = std::min(next, ask.until);
  if (next == kNever) return std::nullopt;
  return next;
}

}  // namespace hubdist::exchange
