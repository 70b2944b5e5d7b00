// What a URL of the CAS API means.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace hubdist::internal {

inline constexpr std::string_view kCasPrefix = "/api/xet/";

enum class CasVerb {
  kHealth,
  kTelemetry,
  kReconstruction,   // of a file
  kReconstructions,  // of several
  kFile,
  kManifest,
  kChunk,
  kXorb,
  kXorbGrant,
  kXorbCommit,
  kShards,
};

// "/api/xet/{storage}/v1/xorbs/default/{hash}"
struct CasRoute {
  CasVerb verb = CasVerb::kHealth;
  int version = 1;
  std::string storage;  // of the repository that the client was sent here for
  std::string hash;     // in text, not checked; empty where the verb has none
};

// Nothing when it is no such route.
std::optional<CasRoute> parse_cas_route(std::string_view path);

}  // namespace hubdist::internal
