// The Xet storage behind a hub, for the files of one download call.
#pragma once

#include <memory>

#include "client/internal/job.h"
#include <hubdist/client/client.h>
#include <hubdist/xet/download.h>

namespace hubdist::internal {

// Thread-safe.
class XetOrigin {
 public:
  // Null when nothing that the plan misses lies in Xet storage, or the hub has none for us: then
  // the plain way is open. Borrows the job's budget.
  static Result<std::unique_ptr<XetOrigin>> find(const Job& job, const Plan& plan,
                                                 std::shared_ptr<HttpClient> http,
                                                 const ClientOptions& options,
                                                 std::stop_token stop);
  CasClient& cas() { return *cas_; }
  XetDownloader& downloader() { return downloader_; }

 private:
  XetOrigin(std::shared_ptr<CasClient> cas, const Job& job);

  const std::shared_ptr<CasClient> cas_;
  XetDownloader downloader_;
};

}  // namespace hubdist::internal
