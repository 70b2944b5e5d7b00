#include <algorithm>
#include <set>
#include <tuple>
#include <unordered_map>

#include <hubdist/exchange/policy.h>

namespace hubdist::exchange {
namespace {

struct Giver {
  Share* share = nullptr;
  NodeIndex node = kNobody;
};

// Missing pieces of one receiver in one word of a unit's bitmaps, from which it may choose.
struct Candidates {
  std::size_t word = 0;
  std::uint64_t pieces = 0;
};

// A piece and who gives it; the smallest is the best choice.
struct Offer {
  std::uint32_t copies = ~0u;  // the rarest first
  bool far = true;             // then from the receiver's own zone
  std::uint32_t uploads = ~0u;
  std::size_t piece = 0;  // then the first of the file
  const Giver* giver = nullptr;
  auto rank() const { return std::tuple(copies, far, uploads, piece); }
};

class Round {
 public:
  Round(Swarm& swarm, const PolicyOptions& options, Instant now, Plan& plan)
      : swarm_(swarm), options_(options), now_(now), plan_(plan) {
    find_late_crossings();
  }

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
  std::uint32_t all_slots(const NodeState& node) const {
    return node.capacity.upload_slots ? node.capacity.upload_slots : options_.upload_slots;
  }
  std::uint32_t slots(const NodeState& node) const;
  std::uint32_t most_leases(std::size_t readers) const;
  bool is_slow(const NodeState& node) const { return slots(node) < all_slots(node); }
  std::size_t busy(const NodeState& node) const;
  void find_late_crossings();
  bool must_wait(const Share& receiver, std::size_t piece) const;
  bool within_reach(const Share& receiver, std::size_t zone, std::size_t piece) const;
  bool shuns(const Share& receiver, const NodeState& source, NodeIndex index) const;
  bool hungry(const NodeState& node) const;
  const std::vector<Giver>& givers_of(UnitState& unit);
  bool usable(const Share& receiver, const NodeState& source, NodeIndex index) const;
  std::size_t collect(Share& share, std::size_t room);
  bool offer_from(const Share& receiver, const Giver& giver, Offer& best) const;
  bool fetch_from(Share& receiver);
  bool fetch_one(NodeIndex index);
  std::size_t run_length(const Share& receiver, std::size_t first, const Share& giver) const;
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
  std::vector<Candidates> candidates_;
  bool nobody_suspended_ = false;  // there are zones, and nobody in them is out of reach for others
  std::set<std::tuple<const UnitState*, std::size_t, std::size_t>> late_;  // unit, zone, piece
  std::unordered_map<const UnitState*, std::vector<Giver>> givers_;  // with a slot free at first
};

// A slow node answers fewer requests at once, so that none of them takes much longer than others.
// One that proves faster gets more again, since it then answers its few requests quickly.
std::uint32_t Round::slots(const NodeState& node) const {
  const std::uint32_t all = all_slots(node);
  const double slowest = options_.slow * swarm_.request_rate();
  if (node.gives == 0 || node.gives >= all * slowest) return all;
  return std::max(1u, static_cast<std::uint32_t>(node.gives / slowest));
}

// A lease takes its part of the node's download as well: a node that reads the origin while it
// fetches as much as the others would slow the origin down for all.
bool Round::hungry(const NodeState& node) const {
  if (!may_take(node) || node.wanting.empty()) return false;
  const std::size_t limit = std::clamp(node.capacity.parallel_requests, 1u, options_.parallel);
  return busy(node) + node.leases < std::max<std::size_t>(limit, node.leases + 1);
}

// Requests that a node has under way; those to slow nodes hold up no others.
std::size_t Round::busy(const NodeState& node) const {
  const auto slow = std::count_if(
      node.downloads.begin(), node.downloads.end(),
      [&](const Transfer& transfer) { return is_slow(swarm_.node(transfer.source)); });
  const auto held_up = std::min<std::size_t>(static_cast<std::size_t>(slow), options_.parallel);
  return node.downloads.size() - held_up;
}

const std::vector<Giver>& Round::givers_of(UnitState& unit) {
  const auto [found, fresh] = givers_.try_emplace(&unit);
  if (fresh)
    for (const auto& share : unit.shares) {
      const NodeState& node = swarm_.node(share->node);
      if (may_give(node) && node.uploads < slots(node))
        found->second.push_back({share.get(), share->node});
    }
  return found->second;
}

// The obtainable pieces that the node lacks among the first `room` of a unit from the first such
// on; how many places of the window they take.
std::size_t Round::collect(Share& share, std::size_t room) {
  candidates_.clear();
  const UnitState& unit = *share.unit;
  while (share.scan_word < unit.available.words() && share.missing_word(share.scan_word) == 0)
    ++share.scan_word;
  std::size_t end = unit.pieces.size();
  for (std::size_t i = share.scan_word; i * Bitmap::kWordBits < end; ++i) {
    std::uint64_t word = share.missing_word(i) & ~share.coming.word(i) & unit.available.word(i) &
                         unit.hashed.word(i);
    if (word == 0) continue;
    if (candidates_.empty() && !unit.layout.is_bundle())
      end = std::min(end, i * Bitmap::kWordBits + std::countr_zero(word) + room);
    if (end - i * Bitmap::kWordBits < Bitmap::kWordBits)
      word &= (std::uint64_t{1} << (end - i * Bitmap::kWordBits)) - 1;
    if (word != 0) candidates_.push_back({i, word});
  }
  if (candidates_.empty()) return 0;
  // A bundle's pieces are small: all of it is one place in the window.
  if (unit.layout.is_bundle()) return 1;
  const std::size_t first = candidates_.front().word * Bitmap::kWordBits +
                            static_cast<std::size_t>(std::countr_zero(candidates_.front().pieces));
  return end - first;
}

bool Round::usable(const Share& receiver, const NodeState& source, NodeIndex index) const {
  return index != receiver.node && source.uploads < slots(source) &&
         !shuns(receiver, source, index);
}

// A piece goes from zone to zone once: where it is, or is on its way to, the others of the zone
// wait for it, but not for ever.
bool Round::must_wait(const Share& receiver, std::size_t piece) const {
  const std::size_t zone = swarm_.node(receiver.node).zone_index;
  if (swarm_.zones() < 2 || !swarm_.in_zone(*receiver.unit, zone, piece)) return false;
  if (late_.contains({receiver.unit, zone, piece})) return false;
  const bool all_in_reach =
      nobody_suspended_ && receiver.banned.empty() && swarm_.node(receiver.node).avoided.empty();
  return all_in_reach || within_reach(receiver, zone, piece);
}

// Whether some node of the zone that the receiver may be sent to has the piece or gets it.
bool Round::within_reach(const Share& receiver, std::size_t zone, std::size_t piece) const {
  return std::any_of(
      receiver.unit->shares.begin(), receiver.unit->shares.end(), [&](const auto& share) {
        const NodeState& node = swarm_.node(share->node);
        return share.get() != &receiver && node.zone_index == zone && may_give(node) &&
               (share->held.test(piece) || share->coming.test(piece)) &&
               !shuns(receiver, node, share->node);
      });
}

// Whether the receiver is not to be sent to this node.
bool Round::shuns(const Share& receiver, const NodeState& source, NodeIndex index) const {
  for (const auto& [avoided, until] : swarm_.node(receiver.node).avoided)
    if (avoided == index && until > now_) return true;
  return !receiver.banned.empty() && std::find(receiver.banned.begin(), receiver.banned.end(),
                                               source.id) != receiver.banned.end();
}

void Round::find_late_crossings() {
  if (swarm_.zones() < 2) return;
  const double rate = options_.slow * swarm_.request_rate();
  for (const NodeState& node : swarm_.nodes()) {
    if (!node.alive) continue;
    if (node.suspended_until > now_) nobody_suspended_ = false;
    for (const Transfer& transfer : node.downloads) {
      if (swarm_.node(transfer.source).zone_index == node.zone_index) continue;
      const UnitState& unit = *transfer.share->unit;
      const auto size = static_cast<double>(
          range_of(unit.layout, transfer.first, transfer.first + transfer.count).size());
      const double usual = rate > 0 ? size / rate : 0;
      if (seconds(now_ - transfer.began) < std::max(usual, seconds(options_.crossing_time)))
        continue;
      for (std::size_t i = 0; i < transfer.count; ++i)
        late_.emplace(&unit, node.zone_index, transfer.first + i);
    }
  }
}

// Betters `best` by what this giver holds of the candidates; false when that is nothing.
bool Round::offer_from(const Share& receiver, const Giver& giver, Offer& best) const {
  const UnitState& unit = *receiver.unit;
  bool found = false;
  for (const auto& [i, pieces] : candidates_) {
    const std::uint64_t word = pieces & giver.share->held.word(i);
    if (word == 0) continue;
    const NodeState& source = swarm_.node(giver.node);
    if (!found && !usable(receiver, source, giver.node)) return false;
    const bool far = source.zone_index != swarm_.node(receiver.node).zone_index;
    for_each_bit(word, i, [&](std::size_t piece) {
      if (far && must_wait(receiver, piece)) return true;
      const Offer offer{unit.pieces[piece].copies, far, source.uploads, piece, &giver};
      if (offer.rank() < best.rank()) best = offer;
      found = true;
      return true;
    });
  }
  return found;
}

// How many neighbours one request brings: one piece of a blob, several members of a bundle.
std::size_t Round::run_length(const Share& receiver, std::size_t first, const Share& giver) const {
  const UnitState& unit = *receiver.unit;
  if (!unit.layout.is_bundle()) return 1;
  const std::uint64_t begin = unit.layout.piece(first).begin;
  std::size_t last = first + 1;
  while (last < unit.pieces.size() && receiver.wanted.test(last) && !receiver.held.test(last) &&
         !receiver.coming.test(last) && unit.hashed.test(last) && giver.held.test(last) &&
         unit.layout.piece(last).end - begin <= options_.request_bytes)
    ++last;
  return last - first;
}

// The best of what some holders with a free slot have among the candidates. Of many holders not all
// are compared, and every receiver begins with another one, so that equals are used equally.
bool Round::fetch_from(Share& receiver) {
  const std::vector<Giver>& givers = givers_of(*receiver.unit);
  if (givers.empty()) return false;
  Offer best;
  std::size_t compared = 0;
  const std::size_t begin =
      (receiver.node * 2654435761u + receiver.missing * 40503u) % givers.size();
  for (std::size_t i = 0; i < givers.size() && compared < options_.compared_givers; ++i) {
    const std::size_t at = begin + i < givers.size() ? begin + i : begin + i - givers.size();
    if (offer_from(receiver, givers[at], best)) ++compared;
  }
  if (!best.giver) return false;
  const std::size_t count = run_length(receiver, best.piece, *best.giver->share);
  swarm_.begin_transfer(receiver, best.piece, count, best.giver->node, now_);
  plan_.fetches.push_back({&receiver, best.piece, count, best.giver->node});
  return true;
}

bool Round::fetch_one(NodeIndex index) {
  std::size_t room = options_.window;
  for (Share* share : swarm_.node(index).wanting) {
    if (share->parked || share->quiet_until > now_) continue;
    const std::size_t count = collect(*share, room);
    if (count > 0 && fetch_from(*share)) return true;
    room -= std::min(room, count);
    if (room == 0) return false;
  }
  return false;
}

// One decision for each node in turn, so that the first does not take all the sources: first those
// with the least under way, and among them those that lack most, so that all end together.
void Round::choose_fetches() {
  struct Receiver {
    std::size_t busy;
    std::size_t missing;
    NodeIndex node;
    bool operator<(const Receiver& o) const {
      return std::tuple(busy, o.missing, node) < std::tuple(o.busy, missing, o.node);
    }
  };
  std::vector<Receiver> receivers;
  std::size_t free_slots = 0;
  for (NodeIndex i = 0; i < swarm_.nodes().size(); ++i) {
    const NodeState& node = swarm_.node(i);
    if (hungry(node)) receivers.push_back({busy(node), node.missing, i});
    if (may_give(node) && node.uploads < slots(node)) free_slots += slots(node) - node.uploads;
  }
  std::sort(receivers.begin(), receivers.end());
  for (std::size_t next = 0; next < receivers.size() && free_slots > 0; ++next) {
    Receiver receiver = receivers[next];
    if (!fetch_one(receiver.node)) continue;
    --free_slots;
    if (!hungry(swarm_.node(receiver.node))) continue;
    receiver.busy = busy(swarm_.node(receiver.node));
    const auto rest = receivers.begin() + static_cast<std::ptrdiff_t>(next) + 1;
    receivers.insert(std::upper_bound(rest, receivers.end(), receiver), receiver);
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

// In file order, to those with the fewest leases first, and among them to those with the most
// upload to spare: what only a slow node has read spreads slowly. A swarm of few nodes reads
// several streams for each. The next lease is given when the last one is nearly done.
void Round::choose_leases(LeaseId& next_lease) {
  std::size_t live = 0;
  for (const auto& [id, lease] : swarm_.leases()) live += lease.bytes_left > options_.lease_low;
  if (live >= options_.origin_streams) return;
  struct Reader {
    std::uint32_t leases;
    bool slow;
    std::uint32_t uploads;
    NodeIndex node;
    bool operator>(const Reader& o) const {
      return std::tie(leases, slow, uploads, node) > std::tie(o.leases, o.slow, o.uploads, o.node);
    }
  };
  std::vector<Reader> readers;
  const auto add = [&](NodeIndex i) {
    const NodeState& node = swarm_.node(i);
    if (!may_read(node) || node.wanting.empty()) return;
    const bool last_one_ends = node.leases > 0 && node.lease_bytes <= options_.lease_low;
    const std::uint32_t leases = node.leases - (last_one_ends ? 1 : 0);
    readers.push_back({leases, is_slow(node), node.uploads, i});
  };
  for (NodeIndex i = 0; i < swarm_.nodes().size(); ++i) add(i);
  const std::uint32_t each = most_leases(readers.size());
  std::make_heap(readers.begin(), readers.end(), std::greater<>());
  while (!readers.empty() && live < options_.origin_streams) {
    std::pop_heap(readers.begin(), readers.end(), std::greater<>());
    const Reader reader = readers.back();
    readers.pop_back();
    const std::uint32_t own = swarm_.node(reader.node).capacity.leases;
    if (reader.leases >= (own ? std::min(own, each) : each)) continue;
    if (!lease_one(reader.node, next_lease)) continue;
    ++live;
    add(reader.node);
    std::push_heap(readers.begin(), readers.end(), std::greater<>());
  }
}

// How many leases a node may have, with so many that may read.
std::uint32_t Round::most_leases(std::size_t readers) const {
  const std::size_t share =
      (options_.origin_streams + readers - 1) / std::max<std::size_t>(readers, 1);
  return std::clamp(static_cast<std::uint32_t>(share), 1u, options_.max_node_leases);
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
  if (swarm_.unstated() == 0) return;
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
