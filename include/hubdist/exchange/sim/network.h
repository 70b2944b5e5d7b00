// A network in virtual time: flows that share the rates of the links at their ends.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include <hubdist/base/clock.h>

namespace hubdist::exchange::sim {

using LinkId = std::size_t;
using FlowId = std::size_t;

// Each flow goes out of one link and into another. Rates are max-min fair, as long TCP flows come
// near to: no flow can get more without another that is no faster getting less. Not thread-safe.
class Network {
 public:
  // Bytes a second.
  LinkId add_link(double rate);
  void set_rate(LinkId link, double rate);
  FlowId start(LinkId from, LinkId to, std::uint64_t bytes, Instant now);
  void stop(FlowId flow, Instant now);
  // Lets time pass; to be called before a rate changes.
  void move_to(Instant now) { move(now); }
  // When the next flow is through, and which, if nothing changes before. `now`: the present.
  struct Next {
    Instant at;
    FlowId flow;
  };
  std::optional<Next> next(Instant now);

 private:
  struct Flow {
    bool running = false;
    LinkId from = 0;
    LinkId to = 0;
    double left = 0;
    double rate = 0;
  };
  struct Link {
    double rate = 0;
    double spare = 0;           // while rates are dealt out
    std::size_t undecided = 0;  // flows without a rate yet
    std::vector<FlowId> flows;
  };

  std::optional<Next> soonest_;  // while nothing changes
  void move(Instant now);
  void share_out();
  void decide(Link& link, double rate);

  std::vector<Link> links_;
  std::vector<Flow> flows_;
  std::vector<FlowId> free_;
  Instant moved_{};
  bool changed_ = false;  // rates are to be dealt out anew
};

}  // namespace hubdist::exchange::sim
