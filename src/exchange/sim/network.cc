#include <algorithm>
#include <cmath>

#include <hubdist/exchange/sim/network.h>

namespace hubdist::exchange::sim {

LinkId Network::add_link(double rate) {
  links_.push_back({rate, 0, 0, {}});
  return links_.size() - 1;
}

void Network::set_rate(LinkId link, double rate) {
  links_[link].rate = rate;
  changed_ = true;
}

FlowId Network::start(LinkId from, LinkId to, std::uint64_t bytes, Instant now) {
  move(now);
  FlowId id = flows_.size();
  if (free_.empty()) {
    flows_.emplace_back();
  } else {
    id = free_.back();
    free_.pop_back();
  }
  flows_[id] = {true, from, to, static_cast<double>(bytes), 0};
  links_[from].flows.push_back(id);
  links_[to].flows.push_back(id);
  changed_ = true;
  return id;
}

void Network::stop(FlowId id, Instant now) {
  move(now);
  Flow& flow = flows_[id];
  flow.running = false;
  std::erase(links_[flow.from].flows, id);
  std::erase(links_[flow.to].flows, id);
  free_.push_back(id);
  changed_ = true;
}

void Network::move(Instant now) {
  const double time = seconds(now - moved_);
  moved_ = now;
  if (time <= 0) return;
  for (Flow& flow : flows_)
    if (flow.running) flow.left = std::max(0.0, flow.left - flow.rate * time);
}

void Network::decide(Link& link, double rate) {
  for (const FlowId id : link.flows) {
    Flow& flow = flows_[id];
    if (flow.rate >= 0) continue;
    flow.rate = rate;
    for (const LinkId end : {flow.from, flow.to}) {
      links_[end].spare = std::max(0.0, links_[end].spare - rate);
      --links_[end].undecided;
    }
  }
}

// Progressive filling: the link with the smallest equal share decides the rates of its flows, then
// the next among what is left.
void Network::share_out() {
  for (Flow& flow : flows_) flow.rate = -1;
  for (Link& link : links_) {
    link.spare = link.rate;
    link.undecided = link.flows.size();
  }
  while (true) {
    Link* tightest = nullptr;
    double least = 0;
    for (Link& link : links_) {
      if (link.undecided == 0) continue;
      const double share = link.spare / static_cast<double>(link.undecided);
      if (tightest && share >= least) continue;
      tightest = &link;
      least = share;
    }
    if (!tightest) return;
    decide(*tightest, least);
  }
}

std::optional<Network::Next> Network::next(Instant now) {
  if (!changed_) return soonest_;
  move(now);
  share_out();
  changed_ = false;
  soonest_.reset();
  double soonest = 1e9;
  std::optional<FlowId> first;
  for (FlowId id = 0; id < flows_.size(); ++id) {
    const Flow& flow = flows_[id];
    if (!flow.running || flow.rate <= 0 || flow.left >= soonest * flow.rate) continue;
    soonest = flow.left / flow.rate;
    first = id;
  }
  if (first)
    soonest_ = Next{now + Duration(static_cast<std::int64_t>(std::ceil(soonest * 1e9))), *first};
  return soonest_;
}

}  // namespace hubdist::exchange::sim
