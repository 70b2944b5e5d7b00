// A network in virtual time: flows that share the rates of the links at their ends.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include <hubdist/base/clock.h>

namespace hubdist::exchange::sim {

using LinkId = std::uint32_t;
using FlowId = std::uint32_t;

// Each flow goes out of one link and into another. Rates are max-min fair, as long TCP flows come
// near to: no flow can get more without another that is no faster getting less. Each link grants
// its flows a share, a flow runs at the smaller share of its two ends, and a change spreads from
// link to link until it is below kShareTolerance: so an event costs what it changes, not what there
// is. Not thread-safe.
class Network {
 public:
  // Bytes a second.
  LinkId add_link(double rate);
  void set_rate(LinkId link, double rate);
  // 0 bytes are through at once.
  FlowId start(LinkId from, LinkId to, std::uint64_t bytes, Instant now);
  void stop(FlowId flow, Instant now);
  // When the next flow is through, and which, if nothing changes before. `now`: the present.
  struct Next {
    Instant at;
    FlowId flow;
  };
  std::optional<Next> next(Instant now);

 private:
  struct Flow {
    LinkId from = 0;
    LinkId to = 0;
    double left = 0;  // bytes, at `since`
    double rate = 0;
    Instant since{};
    Instant done{};             // at this rate
    std::uint32_t place = 0;    // in heap_
    std::uint32_t at_from = 0;  // in the links' flows
    std::uint32_t at_to = 0;
  };
  struct Link {
    double rate = 0;
    double share = 0;  // what each of its flows may have
    bool dirty = false;
    std::vector<FlowId> flows;
  };

  void mark(LinkId link);
  void detach(LinkId link, std::uint32_t place);
  void settle(Instant now);
  double fair_share(const Link& link, LinkId self);
  void set_flow_rate(FlowId id, double rate, Instant now);
  bool sooner(FlowId a, FlowId b) const;
  void put(std::uint32_t place, FlowId id);
  void sift(std::uint32_t place);

  std::vector<Link> links_;
  std::vector<Flow> flows_;
  std::vector<FlowId> free_;
  std::vector<FlowId> heap_;    // running flows, the soonest first
  std::vector<LinkId> dirty_;   // links whose share is to be dealt out anew
  std::vector<double> limits_;  // of one link's flows at their other ends
};

// A share that would change by a smaller part stays as it is.
inline constexpr double kShareTolerance = 0.005;

}  // namespace hubdist::exchange::sim
