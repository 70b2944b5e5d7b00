#include <algorithm>

#include <hubdist/exchange/policy.h>

namespace hubdist::exchange {
namespace {

struct Candidate {
  Share* share = nullptr;
  std::size_t piece = 0;
  std::uint32_t copies = 0;
};

class Round {
 public:
  Round(Swarm& swarm, const PolicyOptions& options, Instant now, Plan& plan)
      : swarm_(swarm), options_(options), now_(now), plan_(plan) {}

  void choose_fetches();
  void choose_leases(LeaseId& next_lease);
  void choose_asks();

 private:
  bool may_take(const NodeState& node) const { return node.alive; }
  bool may_read(const NodeState& node) const { return node.alive && !node.banned; }
  bool may_lease(const Share& share) const {
    return share.no_lease_before <= now_ && share.quiet_until <= now_;
  }
  bool may_give(const NodeState& node) const {
    return node.alive && !node.banned && !node.capacity.takes_only && node.suspended_until <= now_;
  }
  std::uint32_t slots(const NodeState& node) const {
    return node.capacity.upload_slots ? node.capacity.upload_slots : options_.upload_slots;
  }
  bool hungry(const NodeState& node) const {
    return may_take(node) && !node.wanting.empty() &&
           node.downloads.size() < std::max(1u, node.capacity.parallel_requests);
  }
  void collect(const NodeState& node);
  bool usable(const Share& receiver, const NodeState& source, NodeIndex index) const;
  NodeIndex choose_source(const Share& receiver, std::size_t piece) const;
  bool fetch_one(NodeIndex index);
  std::size_t run_length(const Share& receiver, std::size_t first, NodeIndex source) const;
  std::uint64_t to_read(const Share& share, std::size_t word) const;
  std::size_t first_to_read(const Share& share) const;
  bool lease_one(NodeIndex index, LeaseId& next_lease);
  std::size_t lease_length(const Share& share, std::size_t first) const;
  std::uint64_t distrusted(const Share& share, std::size_t word) const;
  bool is_to_read(const Share& share, std::size_t piece) const;
  bool left_to_others(const Share& share, std::size_t piece) const;
  void ask_for(Share& receiver);

  Swarm& swarm_;
  const PolicyOptions& options_;
  const Instant now_;
  Plan& plan_;
  std::vector<Candidate> candidates_;
};

// The first obtainable pieces that the node lacks, over its units in their order.
void Round::collect(const NodeState& node) {
  candidates_.clear();
  for (Share* share : node.wanting) {
    if (share->parked || share->quiet_until > now_) continue;
    const UnitState& unit = *share->unit;
    // A bundle's pieces are small: all of it is one place in the window.
    const std::size_t room = options_.window;
    const std::size_t limit =
        unit.layout.is_bundle() ? candidates_.size() + unit.pieces.size() : room;
    while (share->scan_word < unit.available.words() && share->missing_word(share->scan_word) == 0)
      ++share->scan_word;
    for (std::size_t i = share->scan_word; i < unit.available.words(); ++i) {
      const std::uint64_t word = share->missing_word(i) & ~share->coming.word(i) &
                                 unit.available.word(i) & unit.hashed.word(i);
      const bool more = for_each_bit(word, i, [&](std::size_t piece) {
        candidates_.push_back({share, piece, unit.pieces[piece].copies});
        return candidates_.size() < limit;
      });
      if (!more) break;
    }
    if (candidates_.size() >= room) break;
  }
  std::stable_sort(candidates_.begin(), candidates_.end(),
                   [](const Candidate& a, const Candidate& b) { return a.copies < b.copies; });
}

bool Round::usable(const Share& receiver, const NodeState& source, NodeIndex index) const {
  if (index == receiver.node || !may_give(source) || source.uploads >= slots(source)) return false;
  for (const auto& [avoided, until] : swarm_.node(receiver.node).avoided)
    if (avoided == index && until > now_) return false;
  return std::find(receiver.banned.begin(), receiver.banned.end(), source.id) ==
         receiver.banned.end();
}

// The least busy holder, of the receiver's own zone where there is one.
NodeIndex Round::choose_source(const Share& receiver, std::size_t piece) const {
  const UnitState& unit = *receiver.unit;
  const std::string& zone = swarm_.node(receiver.node).zone;
  NodeIndex best = kNobody;
  std::pair<bool, std::uint32_t> best_cost{true, ~0u};
  const std::size_t count = unit.shares.size();
  // Another place to begin for each receiver and piece, so that equals are used equally.
  const std::size_t begin = (receiver.node * 2654435761u + piece * 40503u) % count;
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t at = begin + i < count ? begin + i : begin + i - count;
    const Share& share = *unit.shares[at];
    if (!share.held.test(piece)) continue;
    const NodeState& source = swarm_.node(share.node);
    const std::pair cost{source.zone != zone, source.uploads};
    if (cost >= best_cost || !usable(receiver, source, share.node)) continue;
    best = share.node;
    best_cost = cost;
    if (cost == std::pair{false, 0u}) break;
  }
  return best;
}

// How many neighbours one request brings: one piece of a blob, several members of a bundle.
std::size_t Round::run_length(const Share& receiver, std::size_t first, NodeIndex source) const {
  const UnitState& unit = *receiver.unit;
  if (!unit.layout.is_bundle()) return 1;
  const Share* giver = unit.by_node.at(source);
  const std::uint64_t begin = unit.layout.piece(first).begin;
  std::size_t last = first + 1;
  while (last < unit.pieces.size() && receiver.wanted.test(last) && !receiver.held.test(last) &&
         !receiver.coming.test(last) && unit.hashed.test(last) && giver->held.test(last) &&
         unit.layout.piece(last).end - begin <= options_.request_bytes)
    ++last;
  return last - first;
}

bool Round::fetch_one(NodeIndex index) {
  collect(swarm_.node(index));
  for (const Candidate& candidate : candidates_) {
    const NodeIndex source = choose_source(*candidate.share, candidate.piece);
    if (source == kNobody) continue;
    const std::size_t count = run_length(*candidate.share, candidate.piece, source);
    swarm_.begin_transfer(*candidate.share, candidate.piece, count, source);
    plan_.fetches.push_back({candidate.share, candidate.piece, count, source});
    return true;
  }
  return false;
}

// One decision for each node in turn, so that the first does not take all the sources.
void Round::choose_fetches() {
  std::vector<NodeIndex> nodes;
  std::size_t free_slots = 0;
  for (NodeIndex i = 0; i < swarm_.nodes().size(); ++i) {
    const NodeState& node = swarm_.node(i);
    if (hungry(node)) nodes.push_back(i);
    if (may_give(node) && node.uploads < slots(node)) free_slots += slots(node) - node.uploads;
  }
  // Those with the least under way first: whoever has a slot free is not yet owed a source.
  const auto busy = [&](NodeIndex i) { return swarm_.node(i).downloads.size(); };
  while (!nodes.empty() && free_slots > 0) {
    std::stable_sort(nodes.begin(), nodes.end(),
                     [&](NodeIndex a, NodeIndex b) { return busy(a) < busy(b); });
    const std::size_t level = busy(nodes.front());
    std::erase_if(nodes, [&](NodeIndex i) {
      if (busy(i) > level || free_slots == 0) return false;
      if (!hungry(swarm_.node(i)) || !fetch_one(i)) return true;
      --free_slots;
      return false;
    });
  }
}

// Pieces that this node lacks and nobody can give.
std::uint64_t Round::to_read(const Share& share, std::size_t word) const {
  const UnitState& unit = *share.unit;
  return share.missing_word(word) & ~share.coming.word(word) & ~unit.leased.word(word) &
         (~unit.available.word(word) | unit.reread.word(word));
}

// Pieces that it could read when all who hold them have sent it wrong bytes.
std::uint64_t Round::distrusted(const Share& share, std::size_t word) const {
  if (share.banned.empty()) return 0;
  return share.missing_word(word) & ~share.coming.word(word) & ~share.unit->leased.word(word);
}

// A doubted piece is better read by another node than by the one whose word is in doubt.
bool Round::left_to_others(const Share& share, std::size_t piece) const {
  const UnitState& unit = *share.unit;
  if (!unit.reread.test(piece) || unit.pieces[piece].stated_by != share.node) return false;
  return std::any_of(unit.shares.begin(), unit.shares.end(), [&](const auto& other) {
    return other.get() != &share && other->wanted.test(piece) && !other->held.test(piece) &&
           may_lease(*other) && may_read(swarm_.node(other->node));
  });
}

bool Round::is_to_read(const Share& share, std::size_t piece) const {
  const auto bit = [&](std::uint64_t word) { return word >> (piece % Bitmap::kWordBits) & 1; };
  const std::size_t word = piece / Bitmap::kWordBits;
  if (bit(to_read(share, word))) return !left_to_others(share, piece);
  return bit(distrusted(share, word)) && !swarm_.trusted_holder(share, piece);
}

std::size_t Round::lease_length(const Share& share, std::size_t first) const {
  const UnitLayout& layout = share.unit->layout;
  const std::uint64_t begin = layout.piece(first).begin;
  std::size_t last = first + 1;
  // A bundle is one file's worth of requests: it is read whole, by one node.
  while (last < share.unit->pieces.size() && is_to_read(share, last) &&
         (layout.is_bundle() || layout.piece(last - 1).end - begin < options_.lease_bytes))
    ++last;
  return last - first;
}

// The first piece that this node is to read, or the number of pieces when there is none.
std::size_t Round::first_to_read(const Share& share) const {
  std::size_t first = share.unit->pieces.size();
  if (share.parked || !may_lease(share)) return first;
  if (share.unit->unread == 0 && share.banned.empty()) return first;
  for (std::size_t i = share.scan_word; i < share.held.words(); ++i) {
    const std::uint64_t word = to_read(share, i) | distrusted(share, i);
    const bool none = for_each_bit(word, i, [&](std::size_t piece) {
      if (!is_to_read(share, piece)) return true;
      first = piece;
      return false;
    });
    if (!none) break;
  }
  return first;
}

bool Round::lease_one(NodeIndex index, LeaseId& next_lease) {
  for (Share* share : swarm_.node(index).wanting) {
    const std::size_t first = first_to_read(*share);
    if (first == share->unit->pieces.size()) continue;
    const LeaseId id = next_lease++;
    swarm_.begin_lease(*share, first, lease_length(*share, first), id, now_);
    plan_.leases.push_back({id});
    return true;
  }
  return false;
}

// In file order, to those with the fewest leases first. A swarm of few nodes reads several streams
// for each; in a large one a node gets its next lease when the last one is nearly done.
void Round::choose_leases(LeaseId& next_lease) {
  std::vector<NodeIndex> nodes;
  for (NodeIndex i = 0; i < swarm_.nodes().size(); ++i)
    if (may_read(swarm_.node(i)) && !swarm_.node(i).wanting.empty()) nodes.push_back(i);
  if (nodes.empty()) return;
  const auto spread = static_cast<std::uint32_t>(options_.origin_streams / nodes.size());
  const std::uint32_t each = std::clamp(spread, 1u, options_.max_node_leases);
  const auto idle = [&](const NodeState& node) {
    const std::uint32_t limit = node.capacity.leases ? std::min(node.capacity.leases, each) : each;
    if (node.leases < limit) return true;
    return node.leases == limit && node.lease_bytes <= options_.lease_low && limit == each;
  };
  for (std::uint32_t level = 0; level <= each && !nodes.empty(); ++level) {
    std::stable_sort(nodes.begin(), nodes.end(), [&](NodeIndex a, NodeIndex b) {
      return swarm_.node(a).uploads < swarm_.node(b).uploads;
    });
    std::erase_if(nodes, [&](NodeIndex i) {
      const NodeState& node = swarm_.node(i);
      if (node.leases > level) return !idle(node);
      return !idle(node) || !lease_one(i, next_lease);
    });
  }
}

// Pieces that are held from earlier, and whose hashes nobody stated yet, are asked for when
// somebody wants them: hashing all that a cache holds would be for nothing most of the time.
void Round::ask_for(Share& receiver) {
  UnitState& unit = *receiver.unit;
  if (unit.unstated == 0 || receiver.parked) return;
  AskChoice choice;
  for (std::size_t i = receiver.scan_word; i < unit.available.words(); ++i) {
    const std::uint64_t word = receiver.missing_word(i) & unit.available.word(i) &
                               ~unit.hashed.word(i) & ~unit.asked.word(i) & ~unit.reread.word(i);
    const bool more = for_each_bit(word, i, [&](std::size_t piece) {
      if (!choice.holder) {
        for (const auto& share : unit.shares)
          if (share->held.test(piece) && may_give(swarm_.node(share->node)))
            choice.holder = share.get();
        if (!choice.holder) return true;
      }
      if (!choice.holder->held.test(piece)) return true;
      choice.pieces.push_back(piece);
      return choice.pieces.size() < options_.ask_batch;
    });
    if (!more) break;
  }
  if (choice.pieces.empty()) return;
  for (const std::size_t piece : choice.pieces) unit.asked.set(piece);
  plan_.asks.push_back(std::move(choice));
}

void Round::choose_asks() {
  for (NodeIndex i = 0; i < swarm_.nodes().size(); ++i)
    if (may_take(swarm_.node(i)))
      for (Share* share : swarm_.node(i).wanting) ask_for(*share);
}

}  // namespace

void decide(Swarm& swarm, const PolicyOptions& options, bool may_lease, LeaseId& next_lease,
            Instant now, Plan& plan) {
  Round round(swarm, options, now, plan);
  round.choose_fetches();
  round.choose_asks();
  if (may_lease) round.choose_leases(next_lease);
}

}  // namespace hubdist::exchange
