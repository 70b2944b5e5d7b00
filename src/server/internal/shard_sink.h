// Shards that clients bring, and what they are told meanwhile.
#pragma once

#include <functional>
#include <memory>
#include <stop_token>

#include "server/internal/gate.h"
#include "server/internal/shard_intake.h"
#include <hubdist/io/http_server.h>

namespace hubdist::internal {

struct ShardSinkOptions {
  std::size_t size = 0;  // bytes that are announced
  // Whether the answer is a line of JSON for each step (version 2): contents are hashed while it is
  // sent, so that a client that waits long sees that something happens. Else (version 1) the answer
  // comes when all is kept.
  bool events = false;
  std::function<std::unique_ptr<ShardIntake>(Bytes)> begin;
  std::stop_token stop{};  // ends the hashing with 503
};

// `memory` is given back when the shard is not needed any more, `pass` likewise.
std::unique_ptr<HttpBodySink> make_shard_sink(ShardSinkOptions options, Gate::Pass memory,
                                              Gate::Pass pass);

}  // namespace hubdist::internal
