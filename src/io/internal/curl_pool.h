// libcurl handles, kept so that their connections are used again.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <curl/curl.h>

#include <hubdist/base/bytes.h>

namespace hubdist::internal {

// What one call needs: an easy handle and the multi handle that drives it and owns its connections.
class CurlItem {
 public:
  // ResourceExhausted when libcurl cannot make its handles.
  static Result<std::unique_ptr<CurlItem>> make();
  ~CurlItem();
  CurlItem(const CurlItem&) = delete;
  CurlItem& operator=(const CurlItem&) = delete;

  CURLM* const multi;
  CURL* const easy;
  Bytes buffer;        // where a body is gathered before it is handed on
  std::string origin;  // of the last call

 private:
  CurlItem(CURLM* m, CURL* e) : multi(m), easy(e) {}
};

// Thread-safe, also after fork: a child must not touch the sockets that it shares with its parent,
// so it starts with an empty pool and leaves the parent's handles as they are.
class CurlPool {
 public:
  explicit CurlPool(std::size_t max_idle);
  ~CurlPool();
  // Prefers a handle that may still be connected to `origin`.
  Result<std::unique_ptr<CurlItem>> take(const std::string& origin);
  void give_back(std::unique_ptr<CurlItem> item);

 private:
  struct State;
  State& state();
  std::unique_ptr<CurlItem> take_idle(const std::string& origin);

  const std::size_t max_idle_;
  std::atomic<State*> state_;
};

}  // namespace hubdist::internal
