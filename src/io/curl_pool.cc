#include "io/internal/curl_pool.h"

#include <algorithm>

#include <unistd.h>

// Before 7.87 a stop had to wait for a name to be resolved, and TLS could raise SIGPIPE.
#if LIBCURL_VERSION_NUM < 0x075700
#error "hubdist needs libcurl 7.87 or newer"
#endif

namespace hubdist::internal {
namespace {

// A call that is redirected talks to two hosts in turn; more need not be kept.
constexpr long kConnectionsPerItem = 4;

bool start_curl() {
  static const bool started = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
  return started;
}

}  // namespace

Result<std::unique_ptr<CurlItem>> CurlItem::make() {
  CURLM* multi = start_curl() ? curl_multi_init() : nullptr;
  CURL* easy = multi ? curl_easy_init() : nullptr;
  if (!easy) {
    curl_multi_cleanup(multi);
    return resource_exhausted("libcurl cannot make a handle: out of memory or of open files");
  }
  curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, kConnectionsPerItem);
  return std::unique_ptr<CurlItem>(new CurlItem(multi, easy));
}

CurlItem::~CurlItem() {
  curl_easy_cleanup(easy);
  curl_multi_cleanup(multi);
}

struct CurlPool::State {
  const pid_t owner = ::getpid();
  std::mutex mutex;
  std::vector<std::unique_ptr<CurlItem>> idle;  // the last used at the end
};

CurlPool::CurlPool(std::size_t max_idle) : max_idle_(max_idle), state_(new State) {}

CurlPool::~CurlPool() {
  State* mine = state_.load();
  if (mine->owner == ::getpid()) delete mine;  // else the parent's: left alone
}

CurlPool::State& CurlPool::state() {
  State* seen = state_.load();
  if (seen->owner == ::getpid()) return *seen;
  // In a child of fork. The parent's lock may be held for ever in this copy, so it is not taken.
  auto fresh = std::make_unique<State>();
  if (state_.compare_exchange_strong(seen, fresh.get())) return *fresh.release();
  return *seen;
}

std::unique_ptr<CurlItem> CurlPool::take_idle(const std::string& origin) {
  State& pool = state();
  const std::lock_guard lock(pool.mutex);
  if (pool.idle.empty()) return nullptr;
  const auto match = std::find_if(pool.idle.rbegin(), pool.idle.rend(),
                                  [&](const auto& item) { return item->origin == origin; });
  auto chosen = pool.idle.begin();  // the one that waits longest
  if (match != pool.idle.rend())
    chosen = std::next(match).base();
  else if (pool.idle.size() < max_idle_)
    return nullptr;
  auto item = std::move(*chosen);
  pool.idle.erase(chosen);
  return item;
}

Result<std::unique_ptr<CurlItem>> CurlPool::take(const std::string& origin) {
  auto item = take_idle(origin);
  if (!item) {
    HUBDIST_ASSIGN(item, CurlItem::make());
  }
  item->origin = origin;
  return item;
}

void CurlPool::give_back(std::unique_ptr<CurlItem> item) {
  State& pool = state();
  std::unique_ptr<CurlItem> oldest;  // closed outside of the lock
  const std::lock_guard lock(pool.mutex);
  pool.idle.push_back(std::move(item));
  if (pool.idle.size() > max_idle_) {
    oldest = std::move(pool.idle.front());
    pool.idle.erase(pool.idle.begin());
  }
}

}  // namespace hubdist::internal
