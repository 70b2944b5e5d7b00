#include "client/internal/exchange_sessions.h"

#include <system_error>
#include <thread>

#include "client/internal/exchange_session.h"
#include <hubdist/base/log.h>
#include <hubdist/exchange/net/rendezvous.h>

namespace hubdist::internal {

// How the nodes of this client find their tracker.
struct ExchangeSessions::Way {
  Secret key;
  TrackerLocator locator;
};

ExchangeSessions::ExchangeSessions(const ClientOptions& options, FileSystem& fs)
    : options_(options), fs_(fs) {}

// Each waits a while for those who read from it: all at once, so that many leave as fast as one.
ExchangeSessions::~ExchangeSessions() {
  std::vector<std::thread> leaving;
  for (auto& [notes, session] : sessions_) {
    try {
      leaving.emplace_back([&session = session] { session.reset(); });
    } catch (const std::system_error&) {
      session.reset();  // there is no further thread to be had
    }
  }
  for (std::thread& thread : leaving) thread.join();
}

bool ExchangeSessions::enabled() const {
  return !options_.tracker.empty() && options_.tracker != "off";
}

Result<std::shared_ptr<const ExchangeSessions::Way>> ExchangeSessions::way() {
  if (way_) return way_;
  Path home = options_.home;
  if (home.empty()) {
    HUBDIST_ASSIGN(home, hubdist_home(fs_));
  }
  auto way = std::make_shared<Way>();
  HUBDIST_ASSIGN(way->key, exchange_key(fs_, home));
  if (options_.tracker == "auto") {
    auto tracker = std::make_shared<AutoTracker>(fs_, home, way->key);
    way->locator = [tracker] { return tracker->locate(); };
  } else {
    way->locator = [address = options_.tracker]() -> Result<std::string> { return address; };
  }
  way_ = std::move(way);
  return way_;
}

Result<std::unique_ptr<ExchangeSession>> ExchangeSessions::begin(const Path& notes) {
  HUBDIST_ASSIGN(const auto found, way());
  NodeOptions node;
  node.key = found->key;
  node.tracker = found->locator;
  node.zone = options_.zone;
  return ExchangeSession::start(fs_, std::move(node), notes);
}

ExchangeSession* ExchangeSessions::find(const Path& notes) {
  const std::lock_guard lock(mutex_);
  auto& session = sessions_[notes];
  if (session) return session.get();
  auto begun = begin(notes);
  if (!begun.ok()) {
    log(LogLevel::kWarning,
        "the download goes alone, without an exchange: ", message(begun.status()));
    return nullptr;
  }
  session = *std::move(begun);
  return session.get();
}

Status ExchangeSessions::wait_until_unneeded(std::stop_token stop) {
  std::vector<ExchangeSession*> serving;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [notes, session] : sessions_)
      if (session) serving.push_back(session.get());
  }
  for (ExchangeSession* session : serving) HUBDIST_TRY(session->wait_until_unneeded(stop));
  return {};
}

Client::ExchangeInfo ExchangeSessions::info() const {
  Client::ExchangeInfo info;
  const std::lock_guard lock(mutex_);
  for (const auto& [notes, session] : sessions_) {
    if (!session) continue;
    if (info.node_id.empty()) {
      info.node_id = session->node().id();
      info.address = session->node().address();
    }
    info.bytes_to_peers += session->node().statistics().bytes_to_peers;
  }
  return info;
}

}  // namespace hubdist::internal
