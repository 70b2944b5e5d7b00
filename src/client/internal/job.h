// Everything that one download call works with.
#pragma once

#include "client/internal/destination.h"
#include "client/internal/origin.h"
#include "client/internal/plan.h"
#include "client/internal/progress.h"
#include <hubdist/io/memory_budget.h>

namespace hubdist::internal {

class ExchangeSession;
class XetOrigin;

// Borrows all but the values; lives as long as the call.
struct Job {
  FileSystem& fs;
  MemoryBudget& budget;
  Origin origin;
  Snapshot snapshot;  // all files, wanted or not: what nodes agree on
  Destination& destination;
  Progress& progress;
  ExchangeSession* exchange = nullptr;  // null: alone
  bool force = false;
  std::size_t max_workers = 8;
  XetOrigin* xet = nullptr;  // null: everything goes the plain way
};

// What one fetch takes of the memory budget: receive buffers, and one for hashing again. Taken at
// once and before anything else is waited for, so that no two fetches wait for each other.
inline constexpr std::uint64_t kMemoryOfFetch = 2 * kMiB;

// Brings everything that the plan misses and returns when it is there. The first failure ends the
// rest; what was received is kept.
Status download_all(Job& job, const Plan& plan, std::stop_token stop);
// One content from the origin, through up to `streams` connections. Bytes that are not what the hub
// says are fetched once more before that is an error.
Status download_content(const Job& job, const WantedContent& content, std::size_t streams,
                        std::stop_token stop);
// Contents from Xet storage; those that it does not know the plain way.
Status download_from_xet(const Job& job, const std::vector<WantedContent>& contents,
                         std::stop_token stop);
inline const Status& status_of(const Status& status) { return status; }
template <typename T>
const Status& status_of(const Result<T>& result) {
  return result.status();
}
// Runs `attempt`, and once more when it was Aborted: another process came between, and a new look
// may find its work.
template <typename F>
auto again_if_aborted(F&& attempt) -> decltype(attempt()) {
  auto result = attempt();
  return status_of(result).code() == StatusCode::kAborted ? attempt() : std::move(result);
}
// Whether a content may lie in Xet storage.
bool is_in_xet(const Job& job, const WantedContent& content);
// How many calls run at once for `tasks` things to do.
std::size_t workers_for(const Job& job, std::size_t tasks);

}  // namespace hubdist::internal
