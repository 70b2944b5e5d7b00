#include "exchange/net/control_link.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <hubdist/base/log.h>

namespace hubdist::exchange {
namespace {

namespace asio = boost::asio;

constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);
// Between two attempts to reach a tracker.
constexpr std::chrono::milliseconds kPause{200};
constexpr std::chrono::milliseconds kFlushStep{10};

}  // namespace

ControlLink::ControlLink(const Secret& key, TrackerLocator locator, LinkOwner& owner)
    : key_(key, kControlPurpose), locator_(std::move(locator)), owner_(owner) {}

ControlLink::~ControlLink() { stop({}); }

void ControlLink::start() {
  if (locator_) asio::co_spawn(io_, run(), asio::detached);
  thread_ = std::thread([this] {
    const auto work = asio::make_work_guard(io_);
    io_.run();
  });
}

void ControlLink::flush() {
  asio::post(io_, [this] { send_outgoing(); });
}

void ControlLink::send_outgoing() {
  const std::vector<Message> messages = owner_.take_outgoing();
  if (welcomed_ && !messages.empty()) connection_->send(messages);
}

void ControlLink::wake_at(Instant when) {
  asio::post(io_, [this, when] {
    if (when >= alarm_at_ || stopping_) return;
    alarm_at_ = when;
    arm();
  });
}

void ControlLink::arm() {
  alarm_.expires_at(std::chrono::time_point_cast<std::chrono::steady_clock::duration>(alarm_at_));
  alarm_.async_wait([this](const boost::system::error_code& error) {
    if (error || stopping_) return;
    alarm_at_ = Instant::max();
    owner_.woken();
  });
}

void ControlLink::stop(Duration patience) {
  if (!thread_.joinable()) return;
  asio::post(io_, [this, patience] {
    stopping_ = true;
    pause_.cancel();
    alarm_.cancel();
    send_outgoing();
    asio::co_spawn(
        io_,
        [this, patience]() -> Awaitable<void> {
          const Instant end = system_clock().now() + patience;
          asio::steady_timer step(io_);
          while (connection_ && welcomed_ && !connection_->idle() && system_clock().now() < end) {
            step.expires_after(kFlushStep);
            co_await step.async_wait(kAwait);
          }
          if (connection_) connection_->close();
          io_.stop();
        },
        asio::detached);
  });
  thread_.join();
  locators_.join();
}

std::string ControlLink::last_failure() const {
  const std::lock_guard lock(mutex_);
  return last_failure_;
}

// A failure is worth a line when it is another than the last one.
void ControlLink::note_failure(const Status& status) {
  const std::lock_guard lock(mutex_);
  if (last_failure_ == message(status)) return;
  last_failure_ = message(status);
  log(LogLevel::kInfo, "no connection to a tracker: ", last_failure_);
}

Awaitable<void> ControlLink::run() {
  while (!stopping_) {
    const Result<std::string> address = co_await locate();
    if (stopping_) break;
    // Not by `?:`, in which GCC 12 destroys what co_await returned twice.
    Status ended = address.status();
    if (address.ok()) ended = co_await session(*address);
    note_failure(ended);
    const bool was_welcomed = std::exchange(welcomed_, false);
    connection_.reset();
    if (stopping_) break;
    if (was_welcomed) owner_.lost();
    pause_.expires_after(kPause);
    co_await pause_.async_wait(kAwait);
  }
}

Awaitable<Result<std::string>> ControlLink::locate() {
  co_return co_await asio::co_spawn(
      locators_, [this]() -> Awaitable<Result<std::string>> { co_return locator_(); },
      asio::use_awaitable);
}

Awaitable<Status> ControlLink::session(std::string address) {
  const Result<tcp::endpoint> endpoint = loopback_endpoint(address);
  if (!endpoint.ok()) co_return endpoint.status();
  tcp::socket socket(io_);
  auto [error] = co_await socket.async_connect(*endpoint, kAwait);
  if (error) co_return unavailable("the tracker at ", address, ": ", error.message());
  connection_ = std::make_shared<WireConnection>(std::move(socket));
  connection_->close_after(kHandshakeTime);
  const std::string what = concat("the tracker at ", address);
  if (Status status = co_await connection_->connect(address); !status.ok())
    co_return with_context(status, what);
  Hello hello;
  hello.tracker = address;
  owner_.fill_hello(hello);
  const Result<std::vector<Message>> first =
      co_await meet_tracker(*connection_, key_, std::move(hello));
  if (!first.ok()) co_return with_context(first.status(), what);
  connection_->stay_open();
  welcomed_ = true;
  {
    const std::lock_guard lock(mutex_);
    last_failure_.clear();
  }
  owner_.connected(std::get<Welcome>(first->front()));
  for (std::size_t i = 1; i < first->size(); ++i) owner_.said((*first)[i]);
  send_outgoing();
  const Status ended = co_await listen();
  co_return with_context(ended, what);
}

Awaitable<Status> ControlLink::listen() {
  while (true) {
    const Result<std::vector<Message>> messages = co_await connection_->receive();
    if (!messages.ok()) co_return messages.status();
    for (const Message& message : *messages) owner_.said(message);
  }
}

}  // namespace hubdist::exchange
