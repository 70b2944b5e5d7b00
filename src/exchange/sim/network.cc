#include <algorithm>
#include <cmath>

#include <hubdist/exchange/sim/network.h>

namespace hubdist::exchange::sim {
namespace {

// A link's share when its flows are all held back elsewhere: more than any of them can use.
constexpr double kUnlimited = 1e30;
// In a network that cannot settle (shares that chase each other by more than the tolerance) this
// many links are looked at after a change.
constexpr std::size_t kMaxSteps = 4096;

}  // namespace

LinkId Network::add_link(double rate) {
  links_.push_back({rate, kUnlimited, false, {}});
  return static_cast<LinkId>(links_.size() - 1);
}

void Network::set_rate(LinkId link, double rate) {
  links_[link].rate = rate;
  mark(link);
}

void Network::mark(LinkId link) {
  if (links_[link].dirty) return;
  links_[link].dirty = true;
  dirty_.push_back(link);
}

FlowId Network::start(LinkId from, LinkId to, std::uint64_t bytes, Instant now) {
  FlowId id = static_cast<FlowId>(flows_.size());
  if (free_.empty()) {
    flows_.emplace_back();
  } else {
    id = free_.back();
    free_.pop_back();
  }
  Flow& flow = flows_[id];
  flow = {from, to, static_cast<double>(bytes), 0, now, Instant::max(), 0, 0, 0};
  flow.at_from = static_cast<std::uint32_t>(links_[from].flows.size());
  links_[from].flows.push_back(id);
  flow.at_to = static_cast<std::uint32_t>(links_[to].flows.size());
  links_[to].flows.push_back(id);
  flow.place = static_cast<std::uint32_t>(heap_.size());
  heap_.push_back(id);
  sift(flow.place);
  mark(from);
  mark(to);
  return id;
}

void Network::detach(LinkId link, std::uint32_t place) {
  std::vector<FlowId>& flows = links_[link].flows;
  const FlowId moved = flows.back();
  flows[place] = moved;
  flows.pop_back();
  Flow& flow = flows_[moved];
  (flow.from == link ? flow.at_from : flow.at_to) = place;
}

void Network::stop(FlowId id, Instant) {
  const Flow flow = flows_[id];
  detach(flow.from, flow.at_from);
  detach(flow.to, flow.at_to);
  const FlowId last = heap_.back();
  heap_.pop_back();
  if (last != id) {
    put(flow.place, last);
    sift(flow.place);
  }
  free_.push_back(id);
  mark(flow.from);
  mark(flow.to);
}

// What each flow may have so that the link is full: flows that are held back elsewhere leave their
// part to the others.
double Network::fair_share(const Link& link, LinkId self) {
  limits_.clear();
  for (const FlowId id : link.flows) {
    const Flow& flow = flows_[id];
    limits_.push_back(links_[flow.from == self ? flow.to : flow.from].share);
  }
  std::sort(limits_.begin(), limits_.end());
  double left = link.rate;
  std::size_t count = limits_.size();
  for (const double limit : limits_) {
    const double share = left / static_cast<double>(count);
    if (limit >= share) return share;
    left -= limit;
    --count;
  }
  return kUnlimited;
}

void Network::settle(Instant now) {
  for (std::size_t i = 0; i < dirty_.size(); ++i) {
    const LinkId id = dirty_[i];
    Link& link = links_[id];
    link.dirty = false;
    const double share = link.flows.empty() ? kUnlimited : fair_share(link, id);
    const bool same = std::abs(share - link.share) <= kShareTolerance * link.share;
    link.share = share;
    for (const FlowId flow_id : link.flows) {
      const Flow& flow = flows_[flow_id];
      const LinkId other = flow.from == id ? flow.to : flow.from;
      const double rate = std::min(share, links_[other].share);
      if (std::abs(rate - flow.rate) > kShareTolerance * flow.rate)
        set_flow_rate(flow_id, rate, now);
      if (!same && i < kMaxSteps) mark(other);
    }
  }
  dirty_.clear();
}

void Network::set_flow_rate(FlowId id, double rate, Instant now) {
  Flow& flow = flows_[id];
  flow.left = std::max(0.0, flow.left - flow.rate * seconds(now - flow.since));
  flow.since = now;
  flow.rate = rate;
  const double time = rate > 0 ? flow.left / rate : 1e9;
  flow.done = time >= 1e9 ? Instant::max()
                          : now + Duration(static_cast<std::int64_t>(std::ceil(time * 1e9)));
  sift(flow.place);
}

bool Network::sooner(FlowId a, FlowId b) const {
  return flows_[a].done != flows_[b].done ? flows_[a].done < flows_[b].done : a < b;
}

void Network::put(std::uint32_t place, FlowId id) {
  heap_[place] = id;
  flows_[id].place = place;
}

// Moves what stands at `place` up or down to where it belongs.
void Network::sift(std::uint32_t place) {
  const FlowId id = heap_[place];
  while (place > 0 && sooner(id, heap_[(place - 1) / 2])) {
    put(place, heap_[(place - 1) / 2]);
    place = (place - 1) / 2;
  }
  for (std::uint32_t child = 2 * place + 1; child < heap_.size(); child = 2 * place + 1) {
    if (child + 1 < heap_.size() && sooner(heap_[child + 1], heap_[child])) ++child;
    if (!sooner(heap_[child], id)) break;
    put(place, heap_[child]);
    place = child;
  }
  put(place, id);
}

std::optional<Network::Next> Network::next(Instant now) {
  settle(now);
  if (heap_.empty() || flows_[heap_.front()].done == Instant::max()) return std::nullopt;
  return Next{flows_[heap_.front()].done, heap_.front()};
}

}  // namespace hubdist::exchange::sim
