#include "client/internal/xet_origin.h"

#include <algorithm>

#include <hubdist/base/log.h>

namespace hubdist::internal {
namespace {

constexpr std::size_t kMaxRequests = 16;

bool has_xet(const WantedContent& content) {
  return content.first().identity.xet && content.first().size > 0;
}

// The hub has no Xet storage for us. Everything else is trouble that the plain way would have too.
bool is_refusal(const Status& status) {
  switch (status.code()) {
    case StatusCode::kNotFound:
    case StatusCode::kUnimplemented:
    case StatusCode::kUnauthenticated:
    case StatusCode::kPermissionDenied:
    case StatusCode::kFailedPrecondition:
      return true;
    default:
      return false;
  }
}

}  // namespace

XetOrigin::XetOrigin(std::shared_ptr<CasClient> cas, const Job& job)
    : cas_(std::move(cas)),
      downloader_(cas_, job.budget, std::clamp<std::size_t>(job.max_workers, 1, kMaxRequests)) {}

Result<std::unique_ptr<XetOrigin>> XetOrigin::find(const Job& job, const Plan& plan,
                                                   std::shared_ptr<HttpClient> http,
                                                   const ClientOptions& options,
                                                   std::stop_token stop) {
  const auto& backend = job.origin.backend;
  if (!backend->capabilities().xet ||
      std::none_of(plan.missing.begin(), plan.missing.end(), has_xet))
    return nullptr;
  CasClient::AskHub ask_hub = [backend, uri = job.origin.base,
                               route = job.origin.xet_route](std::stop_token stopped) {
    return backend->xet_access(uri, route, std::move(stopped));
  };
  CasOptions cas_options;
  cas_options.retry = options.retry;
  cas_options.stall_timeout = options.stall_timeout;
  auto cas = std::make_shared<CasClient>(std::move(http), std::move(ask_hub), cas_options);
  const Status leave = cas->prepare(std::move(stop));
  if (leave.ok()) return std::unique_ptr<XetOrigin>(new XetOrigin(std::move(cas), job));
  if (!is_refusal(leave)) return leave;
  log(leave.code() == StatusCode::kFailedPrecondition ? LogLevel::kWarning : LogLevel::kDebug,
      "not from Xet storage: ", message(leave));
  return nullptr;
}

bool is_in_xet(const Job& job, const WantedContent& content) { return job.xet && has_xet(content); }

}  // namespace hubdist::internal
