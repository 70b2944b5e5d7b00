#include <algorithm>
#include <atomic>
#include <deque>
#include <future>
#include <thread>
#include <unordered_map>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "exchange/net/handshake.h"
#include <hubdist/base/log.h>
#include <hubdist/exchange/net/tracker.h>
#include <hubdist/exchange/tracker_machine.h>
#include <hubdist/io/descriptors.h>

// GCC 12 takes the frame of a coroutine, which Asio allocates and frees by a pair of its own, for a
// mismatch once it has inlined one of the two.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"
#endif

namespace hubdist {
namespace {

namespace asio = boost::asio;
using namespace exchange;

constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t kMaxMembers = 16'384;
// Connections in the handshake: whoever can reach the port can open them.
constexpr std::size_t kMaxStrangers = 64;
constexpr std::chrono::milliseconds kAcceptPause{100};  // when there is no descriptor left

std::uint64_t new_epoch() {
  const Nonce random = random_nonce();
  ByteReader reader(random);
  return *reader.read<std::uint64_t>() | 1;  // 0 means "none"
}

// At most half of the process's descriptors: the other half is for its files and downloads.
std::size_t member_limit(std::size_t wanted) {
  const std::size_t possible = std::clamp<std::size_t>(descriptor_limit() / 2, 1, kMaxMembers);
  return wanted == 0 ? possible : std::min(wanted, possible);
}

std::uint64_t wall_ms() {
  return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(
                                        system_clock().wall_time().time_since_epoch())
                                        .count());
}

}  // namespace

// Everything but start, stop and members() happens on the one thread of `io_`.
class Tracker::Impl {
 public:
  explicit Impl(TrackerOptions options)
      : options_(std::move(options)),
        key_(options_.key, kControlPurpose),
        max_members_(member_limit(options_.max_members)) {}
  ~Impl() {
    asio::post(io_, [this] {
      closing_ = true;
      acceptor_.close();
      timer_.cancel();
      for (const auto& [id, connection] : connections_) connection->close();
      for (const auto& weak : strangers_)
        if (const auto connection = weak.lock()) connection->close();
    });
    if (thread_.joinable()) thread_.join();
  }

  Status start();
  std::string address() const { return address_; }
  std::size_t members() const { return members_; }

 private:
  Awaitable<void> accept_nodes();
  void admit(const std::shared_ptr<WireConnection>& connection);
  Awaitable<void> serve(std::shared_ptr<WireConnection> connection);
  Awaitable<void> listen_to(ConnectionId id, std::shared_ptr<WireConnection> connection);
  void advance();
  void advance_soon();
  void dispatch(std::vector<TrackerOutput>& out);

  const TrackerOptions options_;
  const MacKey key_;
  const std::size_t max_members_;
  std::string address_;
  asio::io_context io_{1};
  tcp::acceptor acceptor_{io_};
  asio::steady_timer timer_{io_};
  std::optional<TrackerMachine> machine_;
  std::unordered_map<ConnectionId, std::shared_ptr<WireConnection>> connections_;
  std::deque<std::weak_ptr<WireConnection>> strangers_;  // in the handshake, the oldest first
  ConnectionId next_connection_ = 1;
  bool advance_due_ = false;
  bool closing_ = false;
  std::atomic<std::size_t> members_ = 0;
  std::thread thread_;
};

Status Tracker::Impl::start() {
  if (options_.key.empty())
    return invalid_argument("a tracker needs the exchange's key: see exchange_key()");
  HUBDIST_ASSIGN(const tcp::endpoint endpoint, loopback_endpoint(options_.listen));
  boost::system::error_code error;
  acceptor_.open(endpoint.protocol(), error);
  if (!error) keep_from_children(acceptor_.native_handle());
  if (!error) acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor_.bind(endpoint, error);
  if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
  if (error) return errno_status(error.value(), "listen on", options_.listen);
  address_ = text_of(acceptor_.local_endpoint());
  machine_.emplace(TrackerTuning{}, new_epoch(), options_.successor, system_clock().now());
  asio::co_spawn(io_, accept_nodes(), asio::detached);
  thread_ = std::thread([this] { io_.run(); });
  return {};
}

Awaitable<void> Tracker::Impl::accept_nodes() {
  while (!closing_) {
    auto [error, socket] = co_await acceptor_.async_accept(kAwait);
    if (closing_) break;
    if (error) {
      asio::steady_timer pause(io_, kAcceptPause);
      co_await pause.async_wait(kAwait);
      continue;
    }
    asio::co_spawn(io_, serve(std::make_shared<WireConnection>(std::move(socket))), asio::detached);
  }
}

// Who lets the handshake last makes room for those who come after.
void Tracker::Impl::admit(const std::shared_ptr<WireConnection>& connection) {
  std::erase_if(strangers_, [](const auto& weak) { return weak.expired(); });
  if (strangers_.size() >= kMaxStrangers) {
    if (const auto oldest = strangers_.front().lock()) oldest->close();
    strangers_.pop_front();
  }
  strangers_.push_back(connection);
  connection->close_after(kHandshakeTime);
}

Awaitable<void> Tracker::Impl::serve(std::shared_ptr<WireConnection> connection) {
  admit(connection);
  if (!(co_await connection->accept()).ok()) co_return;
  const Result<Hello> hello = co_await meet_node(*connection, key_, address_);
  if (!hello.ok()) {
    log(LogLevel::kInfo, "the tracker refused a connection: ", message(hello.status()));
    co_return;  // what was said to it is sent, then the deadline closes
  }
  if (connections_.size() >= max_members_) {
    const Message refusal =
        Refusal{StatusCode::kResourceExhausted,
                concat("the tracker has ", max_members_,
                       " nodes and no room for more: raise the limit of open files (ulimit -n)"),
                {}};
    connection->send(std::span(&refusal, 1));
    co_return;
  }
  std::erase_if(strangers_, [&](const auto& weak) { return weak.lock() == connection; });
  connection->stay_open();
  connection->set_limit(kMaxFrame);
  if (closing_) co_return connection->close();
  const ConnectionId id = next_connection_++;
  connections_[id] = connection;
  members_ = connections_.size();
  std::vector<TrackerOutput> out;
  const Status welcome = machine_->connected(id, *hello, system_clock().now(), out);
  for (TrackerOutput& one : out)
    if (auto* greeting = std::get_if<Welcome>(&one.message)) greeting->server_time_ms = wall_ms();
  dispatch(out);
  if (welcome.ok()) {
    advance_soon();
    co_await listen_to(id, connection);
  } else {
    const Message refusal = Refusal{welcome.code(), std::string(message(welcome)), {}};
    connection->send(std::span(&refusal, 1));
  }
  machine_->disconnected(id, system_clock().now());
  connections_.erase(id);
  members_ = connections_.size();
  advance_soon();
}

// Until it leaves, breaks the protocol or is gone.
Awaitable<void> Tracker::Impl::listen_to(ConnectionId id,
                                         std::shared_ptr<WireConnection> connection) {
  while (true) {
    const Result<std::vector<Message>> messages = co_await connection->receive();
    if (!messages.ok()) co_return;
    for (const Message& one : *messages) {
      if (std::holds_alternative<Leave>(one)) co_return;
      std::vector<TrackerOutput> out;
      const Status status = machine_->received(id, one, system_clock().now(), out);
      dispatch(out);
      if (status.ok()) continue;
      log(LogLevel::kWarning, "the tracker disconnects a node: ", message(status));
      const Message refusal = Refusal{status.code(), std::string(message(status)), {}};
      connection->send(std::span(&refusal, 1));
      co_return;
    }
    advance_soon();
  }
}

// Decides once for all that has come by then.
void Tracker::Impl::advance_soon() {
  if (std::exchange(advance_due_, true)) return;
  asio::post(io_, [this] { advance(); });
}

void Tracker::Impl::advance() {
  advance_due_ = false;
  if (closing_) return;
  std::vector<TrackerOutput> out;
  machine_->advance(system_clock().now(), out);
  dispatch(out);
  const std::optional<Instant> next = machine_->next_wakeup();
  if (!next) return;
  timer_.expires_at(std::chrono::time_point_cast<std::chrono::steady_clock::duration>(*next));
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) advance_soon();
  });
}

// Neighbouring messages to one node travel in one frame.
void Tracker::Impl::dispatch(std::vector<TrackerOutput>& out) {
  std::stable_sort(out.begin(), out.end(),
                   [](const TrackerOutput& a, const TrackerOutput& b) { return a.to < b.to; });
  for (std::size_t i = 0; i < out.size();) {
    std::vector<Message> messages;
    const ConnectionId to = out[i].to;
    for (; i < out.size() && out[i].to == to; ++i) messages.push_back(std::move(out[i].message));
    if (const auto found = connections_.find(to); found != connections_.end())
      found->second->send(messages);
  }
}

Result<std::unique_ptr<Tracker>> Tracker::start(TrackerOptions options) {
  auto impl = std::make_unique<Impl>(std::move(options));
  HUBDIST_TRY(impl->start());
  return std::unique_ptr<Tracker>(new Tracker(std::move(impl)));
}

Tracker::Tracker(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Tracker::~Tracker() = default;
std::string Tracker::address() const { return impl_->address(); }
std::size_t Tracker::members() const { return impl_->members(); }

}  // namespace hubdist
