#include "client/internal/exchange_sessions.h"

#include <hubdist/base/log.h>

namespace hubdist::internal {

class ExchangeSession {};

ExchangeSessions::ExchangeSessions(const ClientOptions& options, FileSystem& fs)
    : options_(options), fs_(fs) {}
ExchangeSessions::~ExchangeSessions() = default;

bool ExchangeSessions::enabled() const {
  return !options_.tracker.empty() && options_.tracker != "off";
}

ExchangeSession* ExchangeSessions::find(const Path& root, const Path& id_file) {
  static_cast<void>(id_file);
  log(LogLevel::kWarning, "no node for ", root.native(), ": the download goes alone");
  return nullptr;
}

Status ExchangeSessions::wait_until_unneeded(std::stop_token) { return {}; }
Client::ExchangeInfo ExchangeSessions::info() const { return {}; }

}  // namespace hubdist::internal
