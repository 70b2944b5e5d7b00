// What the hub's server has done, for Prometheus.
#pragma once

#include <array>
#include <map>
#include <mutex>
#include <string>
#include <utility>

#include <hubdist/io/http_server.h>

namespace hubdist::internal {

// What others count.
struct Gauges {
  std::size_t uploads = 0;  // under way at the moment of asking
  std::size_t commits = 0;
  std::uint64_t refused_uploads = 0;  // since the server started, as all below
  std::uint64_t refused_commits = 0;
  std::uint64_t content_read = 0;  // bytes, as all below
  std::uint64_t content_sent = 0;
  std::uint64_t xet_files = 0;
  std::uint64_t xet_xorbs = 0;
};

// Thread-safe.
class Metrics {
 public:
  void add(const HttpExchange& exchange);
  // In Prometheus' text format 0.0.4. Names nobody and nothing of what the hub holds.
  std::string text(const Gauges& gauges) const;

 private:
  static constexpr std::array<double, 9> kBounds{0.001, 0.005, 0.025, 0.1, 0.5, 2.5, 10, 60, 300};

  mutable std::mutex mutex_;
  std::map<std::pair<std::string, int>, std::uint64_t> requests_;  // by method and status
  std::array<std::uint64_t, kBounds.size() + 1> times_{};
  double seconds_ = 0;
  std::uint64_t sent_ = 0;
  std::uint64_t received_ = 0;
  std::uint64_t broken_off_ = 0;
};

// A line of the access log: a JSON object, without secrets.
std::string access_line(const HttpExchange& exchange, WallTime now);

}  // namespace hubdist::internal
