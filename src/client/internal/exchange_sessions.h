// The nodes of one client: one for each cache or folder that it downloads into.
#pragma once

#include <map>
#include <memory>
#include <mutex>

#include <hubdist/client/client.h>

namespace hubdist::internal {

class ExchangeSession;

// Thread-safe. Nodes start when a download first needs them and serve until this is destroyed.
class ExchangeSessions {
 public:
  ExchangeSessions(const ClientOptions& options, FileSystem& fs);
  ~ExchangeSessions();

  bool enabled() const;
  // The session of the cache or folder that keeps its notes on the exchange in `notes`. Null, with
  // a warning, when no node can be started: the download then goes alone.
  ExchangeSession* find(const Path& notes);
  Status wait_until_unneeded(std::stop_token stop);
  Client::ExchangeInfo info() const;

 private:
  struct Way;
  Result<std::shared_ptr<const Way>> way();
  Result<std::unique_ptr<ExchangeSession>> begin(const Path& notes);

  class Tracker;

  const ClientOptions& options_;
  FileSystem& fs_;
  mutable std::mutex mutex_;
  std::shared_ptr<const Way> way_;
  std::map<Path, std::unique_ptr<ExchangeSession>> sessions_;  // by their notes
};

}  // namespace hubdist::internal
