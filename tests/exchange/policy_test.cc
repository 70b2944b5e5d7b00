// The policy on small swarms, drawn as text: one line for each node, one character for each piece.
//   H held   w wanted   . neither
#include <doctest/doctest.h>

#include <hubdist/exchange/policy.h>

using namespace hubdist;
using namespace hubdist::exchange;

namespace {

struct Drawing {
  Swarm swarm;
  std::vector<Share*> shares;
  PolicyOptions options;
  LeaseId next_lease = 1;

  explicit Drawing(const std::vector<std::string>& lines, bool hashed = true,
                   const std::vector<std::string>& zones = {}) {
    const std::size_t pieces = lines.front().size();
    const UnitLayout layout{"sha256:x", pieces * kMiB, kMiB, {}};
    for (std::size_t i = 0; i < lines.size(); ++i) {
      Hello hello;
      hello.node_id.fill(static_cast<std::byte>(i + 1));
      hello.data_address = "127.0.0.1:1";
      if (i < zones.size()) hello.zone = zones[i];
      const NodeIndex node = swarm.add_node(i + 1, hello);
      Share* share = *swarm.declare(node, 1, layout);
      Bitmap wanted(pieces);
      for (std::size_t piece = 0; piece < pieces; ++piece) {
        if (lines[i][piece] == 'w') wanted.set(piece);
        if (lines[i][piece] == 'H') swarm.set_held(*share, piece, true);
        if (lines[i][piece] == 'H' && hashed) swarm.set_hash(*share->unit, piece, {}, node);
      }
      swarm.set_wanted(*share, wanted, 0);
      shares.push_back(share);
    }
  }
  Plan decide(bool may_lease = true) {
    Plan plan;
    exchange::decide(swarm, options, may_lease, next_lease, Instant{}, plan);
    return plan;
  }
};

}  // namespace

TEST_CASE("the rarest piece goes first") {
  Drawing drawing({"HHH", "H.H", "www"});
  drawing.swarm.node(2).capacity.parallel_requests = 1;
  const Plan plan = drawing.decide();
  REQUIRE(plan.fetches.size() == 1);
  CHECK(plan.fetches[0].first == 1);
  CHECK(plan.fetches[0].source == 0);
}

TEST_CASE("receivers of one holder get different pieces") {
  Drawing drawing({"HHHH", "wwww", "wwww"});
  for (const NodeIndex node : {1u, 2u}) drawing.swarm.node(node).capacity.parallel_requests = 2;
  const Plan plan = drawing.decide();
  REQUIRE(plan.fetches.size() == 4);
  std::set<std::size_t> pieces;
  for (const FetchChoice& choice : plan.fetches) pieces.insert(choice.first);
  CHECK(pieces.size() == 4);
}

TEST_CASE("no node is sent more requests than it answers at once, and turns are fair") {
  Drawing drawing({"HHHHHHHHHHHH", "wwwwwwwwwwww", "wwwwwwwwwwww", "wwwwwwwwwwww"});
  drawing.options.upload_slots = 6;
  const Plan plan = drawing.decide();
  CHECK(plan.fetches.size() == 6);
  for (const NodeIndex node : {1u, 2u, 3u}) CHECK(drawing.swarm.node(node).downloads.size() == 2);
}

TEST_CASE("a holder of the same zone is preferred") {
  Drawing drawing({"H", "H", "w"}, true, {"east", "west", "west"});
  const Plan plan = drawing.decide();
  REQUIRE(plan.fetches.size() == 1);
  CHECK(plan.fetches[0].source == 1);
}

TEST_CASE("only the first obtainable pieces are chosen from") {
  Drawing drawing({"..HHHHHH", "...H....", "wwwwwwww"});
  drawing.options.window = 2;
  drawing.swarm.node(2).capacity.parallel_requests = 1;
  const Plan plan = drawing.decide();
  REQUIRE(plan.fetches.size() == 1);
  CHECK(plan.fetches[0].first == 2);  // 4 to 7 are as rare, but beyond the window
}

TEST_CASE("leases go in order, for runs that nobody holds, one for a range") {
  Drawing drawing({"wwwwwwwwww", "wwwwwwwwww", "...HH....."});
  drawing.options.lease_bytes = 2 * kMiB;
  drawing.options.origin_streams = 2;
  drawing.options.lease_low = 0;
  const Plan plan = drawing.decide();
  REQUIRE(plan.leases.size() == 2);
  const LeaseState& first = *drawing.swarm.lease(plan.leases[0].lease);
  const LeaseState& second = *drawing.swarm.lease(plan.leases[1].lease);
  CHECK(first.first == 0);
  CHECK(first.count == 2);
  CHECK(second.first == 2);
  CHECK(second.count == 1);  // 3 and 4 are held
  CHECK(first.node != second.node);
  CHECK(drawing.decide().leases.empty());
}

TEST_CASE("a node that is nearly through its lease gets the next") {
  Drawing drawing({std::string(40, 'w')});
  drawing.options.origin_streams = 1;
  const Plan plan = drawing.decide();
  REQUIRE(plan.leases.size() == 1);
  Share& share = *drawing.shares[0];
  for (std::size_t piece = 0; piece < 14; ++piece) {
    CHECK(drawing.decide().leases.empty());
    drawing.swarm.set_held(share, piece, true);
    drawing.swarm.set_hash(*share.unit, piece, {}, 0);
    drawing.swarm.lease_piece_done(*share.unit, piece);
  }
  const Plan next = drawing.decide();
  REQUIRE(next.leases.size() == 1);
  CHECK(drawing.swarm.lease(next.leases[0].lease)->first == 16);
}

TEST_CASE("nobody reads what nobody wants, and nobody reads at all while the tracker settles") {
  Drawing drawing({"..ww", "...."});
  CHECK(drawing.decide(false).leases.empty());
  const Plan plan = drawing.decide();
  REQUIRE(plan.leases.size() == 1);
  CHECK(drawing.swarm.lease(plan.leases[0].lease)->first == 2);
}

TEST_CASE("a hash that nobody stated is asked for, once, and only when somebody wants the piece") {
  Drawing drawing({"HHHH", ".ww."}, false);
  const Plan plan = drawing.decide();
  CHECK(plan.fetches.empty());
  CHECK(plan.leases.empty());
  REQUIRE(plan.asks.size() == 1);
  CHECK(plan.asks[0].holder == drawing.shares[0]);
  CHECK(plan.asks[0].pieces == std::vector<std::size_t>{1, 2});
  CHECK(drawing.decide().asks.empty());
}

TEST_CASE("a peer that sent wrong bytes is not asked again; what only it holds is read anew") {
  Drawing drawing({"HH", "ww"});
  drawing.shares[1]->banned.push_back(drawing.swarm.node(0).id);
  drawing.options.origin_streams = 1;
  drawing.options.lease_low = 0;
  const Plan plan = drawing.decide();
  CHECK(plan.fetches.empty());
  REQUIRE(plan.leases.size() == 1);
  CHECK(drawing.swarm.lease(plan.leases[0].lease)->count == 2);
}

TEST_CASE("the pieces of a bundle come with one request") {
  Swarm swarm;
  const UnitLayout layout{"bundle:" + std::string(64, 'a'), 40, 0, {10, 20, 30, 40}};
  Hello hello;
  hello.data_address = "127.0.0.1:1";
  Share* giver = *swarm.declare(swarm.add_node(1, hello), 1, layout);
  hello.node_id.fill(std::byte{9});
  Share* taker = *swarm.declare(swarm.add_node(2, hello), 1, layout);
  Bitmap wanted(4);
  for (std::size_t piece = 0; piece < 4; ++piece) {
    swarm.set_held(*giver, piece, true);
    swarm.set_hash(*giver->unit, piece, {}, 0);
    wanted.set(piece);
  }
  swarm.set_wanted(*taker, wanted, 0);
  Plan plan;
  LeaseId next = 1;
  decide(swarm, {}, true, next, Instant{}, plan);
  REQUIRE(plan.fetches.size() == 1);
  CHECK(plan.fetches[0].count == 4);
}

TEST_CASE("of two processes with one cache the second takes from the first") {
  Drawing drawing({"HH", "ww"});
  drawing.swarm.node(1).id = drawing.swarm.node(0).id;
  const Plan plan = drawing.decide();
  REQUIRE(plan.fetches.size() == 2);
  CHECK(plan.fetches[0].source == 0);
}

TEST_CASE(
    "nothing is decided for a node that gave decisions back, for as long as it is to be quiet") {
  Drawing drawing({"H..", "www"});
  drawing.shares[1]->quiet_until = Instant{} + std::chrono::milliseconds(1);
  CHECK(drawing.decide().fetches.empty());
  CHECK(drawing.decide().leases.empty());
  drawing.shares[1]->quiet_until = {};
  CHECK(drawing.decide().fetches.size() == 1);
}

TEST_CASE("a node declares a unit once, and again after it withdrew") {
  Drawing drawing({"H", "w"});
  Swarm& swarm = drawing.swarm;
  const UnitLayout layout = drawing.shares[0]->unit->layout;
  CHECK(*swarm.declare(0, 1, layout) == drawing.shares[0]);
  CHECK(swarm.declare(0, 2, layout).status().code() == StatusCode::kInvalidArgument);
  swarm.withdraw(*drawing.shares[0]);
  CHECK(swarm.declare(0, 2, layout).ok());
  CHECK(swarm.find_unit(layout.id)->shares.size() == 2);
}
