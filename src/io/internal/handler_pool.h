// Running a handler's code away from the connections' threads.
#pragma once

#include <exception>
#include <utility>

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "io/internal/response_head.h"
#include <hubdist/base/log.h>
#include <hubdist/io/http_server.h>

namespace hubdist::internal {

// Runs `work` on the pool and comes back to the caller's executor with what it returned.
template <typename R, typename Work>
boost::asio::awaitable<R> run_on(boost::asio::thread_pool& pool, Work work) {
  auto token = boost::asio::use_awaitable;
  return boost::asio::async_initiate<boost::asio::use_awaitable_t<>, void(R)>(
      [&pool](auto done, Work task) {
        auto home = boost::asio::get_associated_executor(done);
        boost::asio::post(pool, [done = std::move(done), home, task = std::move(task)]() mutable {
          R result = task();
          boost::asio::post(home, [done = std::move(done), result = std::move(result)]() mutable {
            std::move(done)(std::move(result));
          });
        });
      },
      token, std::move(work));
}

// `work`'s answer, or a 500 when it throws; `what` is for the log.
template <typename Answer, typename Work>
Answer call_guarded(const HttpServerRequest& request, std::string_view what, Work work) {
  std::string why;
  try {
    return work();
  } catch (const std::exception& error) {
    why = error.what();
  } catch (...) {
    why = "something that is no exception";
  }
  log(LogLevel::kError, what, " of ", request.method, ' ', request.path, " threw: ", why);
  return plain_answer(500);
}

}  // namespace hubdist::internal
