// A node's connection to its tracker: found, kept, found again; and the node's alarm clock, since
// both live on one thread.
#pragma once

#include <memory>
#include <mutex>
#include <thread>

#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>

#include "exchange/net/handshake.h"
#include <hubdist/exchange/net/node.h>

namespace hubdist::exchange {

// What the link tells its node; called on the link's thread, nothing of the node's held.
class LinkOwner {
 public:
  virtual ~LinkOwner() = default;
  virtual void fill_hello(Hello& hello) = 0;
  virtual void connected(const Welcome& welcome) = 0;
  virtual void said(const Message& message) = 0;
  virtual void lost() = 0;
  virtual void woken() = 0;
  // What is to be said to the tracker, in order.
  virtual std::vector<Message> take_outgoing() = 0;
};

// Thread-safe but for start() and stop().
class ControlLink {
 public:
  ControlLink(const Secret& key, TrackerLocator locator, LinkOwner& owner);
  ~ControlLink();

  void start();
  // There is something to send.
  void flush();
  // woken() is to be called at `when`, or now if that is past; the earliest of several counts.
  void wake_at(Instant when);
  // Sends what is left, for at most `patience`, and ends the thread.
  void stop(Duration patience);
  // Why the last attempt to reach a tracker failed; empty when it did not.
  std::string last_failure() const;

 private:
  Awaitable<void> run();
  Awaitable<Result<std::string>> locate();
  Awaitable<Status> session(std::string address);
  Awaitable<Status> listen();
  void note_failure(const Status& status);
  void send_outgoing();
  void arm();

  const MacKey key_;
  const TrackerLocator locator_;
  LinkOwner& owner_;
  boost::asio::io_context io_{1};
  boost::asio::thread_pool locators_{1};  // a locator may block, or start a tracker
  boost::asio::steady_timer pause_{io_};
  boost::asio::steady_timer alarm_{io_};
  Instant alarm_at_ = Instant::max();
  std::shared_ptr<WireConnection> connection_;  // while it is in use
  bool welcomed_ = false;
  bool stopping_ = false;
  mutable std::mutex mutex_;
  std::string last_failure_;
  std::thread thread_;
};

}  // namespace hubdist::exchange
