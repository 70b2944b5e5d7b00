// Node: takes part in the exchange for one cache. It gets pieces from other nodes and, under lease,
// from the origin, and gives what it holds.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>

#include <hubdist/base/secret.h>
#include <hubdist/core/range_set.h>
#include <hubdist/exchange/content.h>

namespace hubdist {

// Where the tracker is: asked before each connection, so that a successor is found. An error means
// "not now" and is tried again.
using TrackerLocator = std::function<Result<std::string>()>;  // "host:port"

struct NodeOptions {
  std::string id;  // names the cache: 32 hex digits; empty: random
  Secret key;      // whoever has it may take part: exchange_key() on one machine
  std::string listen = "127.0.0.1:0";  // loopback only
  TrackerLocator tracker;
  std::string zone;
  // How long a node waits for a tracker before it goes to the origin alone.
  std::chrono::milliseconds tracker_patience{15'000};
  std::size_t parallel_requests = 8;  // pieces under way at once
};

// What a fetch of one unit moved. Bytes.
struct FetchResult {
  std::uint64_t from_origin = 0;
  std::uint64_t from_peers = 0;
};

struct NodeStatistics {
  std::uint64_t bytes_from_origin = 0;
  std::uint64_t bytes_from_peers = 0;
  std::uint64_t bytes_to_peers = 0;
  std::uint64_t corrupt_pieces = 0;  // received, found wrong, thrown away
  bool tracker_reachable = false;
  std::size_t known_peers = 0;
};

// Thread-safe. Serves until it is destroyed; leaving takes at most 5 s.
class Node {
 public:
  // Binds and begins to look for the tracker in the background. Unavailable when it cannot listen.
  static Result<std::unique_ptr<Node>> start(NodeOptions options, std::shared_ptr<Content> content);
  ~Node();

  // Brings `wanted` of a unit into the content and blocks until it is all there. `held` says what
  // is there already and may be given to others from now on. One fetch a unit at a time. Cancelled
  // ends the wish but keeps and offers what came.
  Result<FetchResult> fetch(const UnitLayout& layout, const RangeSet& wanted, const RangeSet& held,
                            std::stop_token stop);
  // Offers what is held without wanting anything.
  Status offer(const UnitLayout& layout, const RangeSet& held);
  // No longer offers a unit.
  void withdraw(std::string_view unit);
  // Tells the tracker that a unit, whole and with every piece hash right, failed against the hub's
  // identity: it is read once more under lease, and the next fetch() gets the new hashes. What this
  // node held of it is forgotten here; give fetch() an empty `held`.
  Status doubt(std::string_view unit);

  // Blocks until no node that the tracker knows wants anything that this node holds.
  Status wait_until_unneeded(std::stop_token stop);
  NodeStatistics statistics() const;
  const std::string& id() const;
  std::string address() const;

 private:
  class Impl;
  explicit Node(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace hubdist
