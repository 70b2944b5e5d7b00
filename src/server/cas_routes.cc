#include "server/internal/cas_routes.h"

#include <vector>

namespace hubdist::internal {

namespace {

struct Pattern {
  std::string_view text;  // "*": the hash; "+": any segment
  CasVerb verb;
  bool versions[2];  // whether there is a version 1, a version 2
};

// Clients put their objects under a prefix of their choice, and ask for chunks under another: a
// hash says all.
constexpr Pattern kPatterns[] = {
    {"telemetry", CasVerb::kTelemetry, {true, false}},
    {"reconstructions", CasVerb::kReconstructions, {true, false}},
    {"reconstructions/*", CasVerb::kReconstruction, {true, true}},
    {"files/*", CasVerb::kFile, {true, false}},
    {"manifests/*", CasVerb::kManifest, {true, false}},
    {"chunks/+/*", CasVerb::kChunk, {true, false}},
    {"xorbs/+/*", CasVerb::kXorb, {true, false}},
    {"xorb-grants/+/*", CasVerb::kXorbGrant, {true, false}},
    {"xorb-commits/+/*/grant/+", CasVerb::kXorbCommit, {true, false}},
    {"shards", CasVerb::kShards, {true, true}},
};

// The next segment of a path, and takes it off.
std::string_view take_segment(std::string_view& path) {
  const std::size_t end = std::min(path.find('/'), path.size());
  const std::string_view segment = path.substr(0, end);
  path.remove_prefix(std::min(end + 1, path.size()));
  return segment;
}

bool matches(std::string_view pattern, std::string_view path, std::string& hash) {
  while (!pattern.empty() && !path.empty()) {
    const std::string_view wanted = take_segment(pattern);
    const std::string_view given = take_segment(path);
    if (given.empty()) return false;
    if (wanted == "*")
      hash = given;
    else if (wanted != "+" && wanted != given)
      return false;
  }
  return pattern.empty() && path.empty();
}

}  // namespace

std::optional<CasRoute> parse_cas_route(std::string_view path) {
  if (!path.starts_with(kCasPrefix)) return std::nullopt;
  path.remove_prefix(kCasPrefix.size());
  CasRoute route;
  route.storage = take_segment(path);
  if (path == "health") return route;
  const std::string_view version = take_segment(path);
  if (version != "v1" && version != "v2") return std::nullopt;
  route.version = version == "v1" ? 1 : 2;
  for (const Pattern& pattern : kPatterns) {
    std::string hash;
    if (!pattern.versions[route.version - 1] || !matches(pattern.text, path, hash)) continue;
    route.verb = pattern.verb;
    route.hash = std::move(hash);
    return route;
  }
  return std::nullopt;
}

}  // namespace hubdist::internal
