// Tracker: decides who fetches which piece from whom, and who may ask the origin.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include <hubdist/base/secret.h>
#include <hubdist/base/status.h>

namespace hubdist {

struct TrackerOptions {
  std::string listen = "127.0.0.1:0";  // loopback only
  Secret key;                          // the nodes' key
  // There was a tracker before this one: no lease is given until the nodes that it had have
  // reported, or 2 s passed.
  bool successor = false;
  // Nodes beyond these are refused. 0, and at most: half of the files that the process may have
  // open, up to 16,384.
  std::size_t max_members = 0;
};

// Keeps soft state only: when it dies, its successor learns everything from the nodes' reports.
// Thread-safe.
class Tracker {
 public:
  static Result<std::unique_ptr<Tracker>> start(TrackerOptions options);
  ~Tracker();
  std::string address() const;  // "host:port" as bound
  std::size_t members() const;  // nodes that are connected now

 private:
  class Impl;
  explicit Tracker(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace hubdist
