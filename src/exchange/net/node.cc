#include <condition_variable>
#include <map>
#include <mutex>
#include <unordered_map>

#include "exchange/net/control_link.h"
#include "exchange/net/piece_client.h"
#include "exchange/net/piece_server.h"
#include <hubdist/base/hex.h>
#include <hubdist/base/log.h>
#include <hubdist/core/hash.h>
#include <hubdist/exchange/net/node.h>
#include <hubdist/exchange/node_machine.h>
#include <hubdist/io/descriptors.h>
#include <hubdist/io/executor.h>

namespace hubdist {
namespace {

using namespace exchange;

constexpr std::size_t kLeaseThreads = 8;
constexpr std::size_t kServeThreads = 8;
constexpr std::size_t kLongQueue = std::size_t{1} << 20;  // the machine bounds what is under way
// Whoever can reach the port can open connections: at most a quarter of the process's descriptors.
constexpr std::size_t kMaxDataConnections = 1024;
constexpr std::chrono::milliseconds kHeaderTime{5'000};
constexpr std::size_t kHashStep = 1 * kMiB;
constexpr std::chrono::milliseconds kLeaveTime{1'000};
constexpr std::chrono::milliseconds kServeGrace{2'000};
// Without a tracker for so long, nobody can ask for anything.
constexpr std::chrono::milliseconds kUnneededWithoutTracker{3'000};

std::int64_t wall_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             system_clock().wall_time().time_since_epoch())
      .count();
}

NodeId random_node_id() {
  const Nonce random = random_nonce();
  NodeId id;
  std::copy_n(random.begin(), id.size(), id.begin());
  return id;
}

NodeTuning tuning_of(const NodeOptions& options) {
  NodeTuning tuning;
  tuning.tracker_patience = options.tracker_patience;
  tuning.parallel_requests = std::max<std::size_t>(1, options.parallel_requests);
  tuning.expects_tracker = static_cast<bool>(options.tracker);
  return tuning;
}

}  // namespace

// The machine is used under `mutex_`; what it wants done is done when that is free again, so that
// content and network may take their time and call back.
class Node::Impl final : public LinkOwner, public PieceOwner {
 public:
  Impl(NodeOptions options, NodeId id, std::shared_ptr<Content> content)
      : options_(std::move(options)),
        id_(id),
        content_(content),
        machine_(tuning_of(options_), id, random_node_id(), system_clock().now()),
        server_(std::make_shared<PieceServer>(options_.key, content, *this)),
        client_(options_.key, content),
        link_(options_.key, options_.tracker, *this),
        transfers_(std::max<std::size_t>(1, options_.parallel_requests), kLongQueue),
        leases_(kLeaseThreads, kLongQueue),
        hashing_(1, kLongQueue),
        asking_(1, kLongQueue) {}
  ~Impl() override;

  Status start();
  Result<FetchResult> fetch(const UnitLayout& layout, const RangeSet& wanted, const RangeSet& held,
                            std::stop_token stop);
  Status offer(const UnitLayout& layout, const RangeSet& held);
  void withdraw(std::string_view unit);
  Status doubt(std::string_view unit);
  Status wait_until_unneeded(std::stop_token stop);
  NodeStatistics statistics() const;
  const std::string& id() const { return id_text_; }
  std::string address() const { return data_address(); }

  // LinkOwner
  void fill_hello(Hello& hello) override;
  void connected(const Welcome& welcome) override;
  void said(const Message& message) override;
  void lost() override;
  void woken() override;
  std::vector<Message> take_outgoing() override;
  // PieceOwner
  std::string data_address() const override {
    const std::lock_guard lock(mutex_);
    return address_;
  }
  std::int64_t exchange_time_ms() const override { return wall_ms() + clock_offset_ms_; }
  bool serves(const std::string& unit, ByteRange range) override;
  std::optional<std::vector<RangeHash>> holdings(const std::string& unit) override;
  void content_lost(const std::string& unit) override;

 private:
  using Actions = NodeMachine::Actions;
  using Todo = std::vector<std::function<void()>>;
  struct Waiter {
    std::optional<FetchEnded> ended;
  };
  struct Job {
    bool lease = false;
    std::uint64_t id = 0;
    friend auto operator<=>(const Job&, const Job&) = default;
  };

  template <typename F>
  auto with(F&& use);
  Todo settle(Actions& actions);
  void settle_one(NodeAction& action, Todo& todo);
  void begin_job(Job job, Executor& executor, std::function<void(std::stop_token)> work,
                 Todo& todo);
  void abort_job(Job job, Todo& todo);
  void end_job(Job job) { jobs_.erase(job); }
  void ended(const FetchEnded& fetch);

  void run_transfer(const StartTransfer& order, std::stop_token stop);
  void run_lease(const StartLease& order, std::stop_token stop);
  Status read_lease(const StartLease& order, std::stop_token stop);
  void hash_held(const HashHeld& order);
  Result<Blake3> hash_piece(const std::string& unit, ByteRange piece);
  void ask_peer(const AskPeer& order);
  void warn(const std::string& text);

  const NodeOptions options_;
  const NodeId id_;
  const std::string id_text_ = to_hex(id_);
  const std::shared_ptr<Content> content_;

  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  NodeMachine machine_;
  std::vector<Message> outgoing_;
  std::unordered_map<UnitNumber, Waiter*> waiters_;
  std::map<Job, std::stop_source> jobs_;
  std::optional<bool> needed_;
  Instant tracker_lost_at_ = system_clock().now();
  NodeStatistics statistics_;
  std::atomic<std::int64_t> clock_offset_ms_ = 0;
  std::stop_source closing_;

  std::shared_ptr<PieceServer> server_;
  std::unique_ptr<HttpServer> http_;
  std::string address_;  // empty until it is bound
  PieceClient client_;
  ControlLink link_;
  Executor transfers_;
  Executor leases_;
  Executor hashing_;
  Executor asking_;
};

// --- The machine --------------------------------------------------------------------------------

// Calls `use(machine, actions)` and does what comes out of it. Its result is passed on.
template <typename F>
auto Node::Impl::with(F&& use) {
  Actions actions;
  Todo todo;
  const auto call = [&] {
    const std::lock_guard lock(mutex_);
    if constexpr (std::is_void_v<decltype(use(machine_, actions))>) {
      use(machine_, actions);
      todo = settle(actions);
    } else {
      auto result = use(machine_, actions);
      todo = settle(actions);
      return result;
    }
  };
  if constexpr (std::is_void_v<decltype(call())>) {
    call();
    for (const auto& task : todo) task();
  } else {
    auto result = call();
    for (const auto& task : todo) task();
    return result;
  }
}

Status Node::Impl::start() {
  if (options_.key.empty())
    return invalid_argument("a node needs the exchange's key: see exchange_key()");
  HUBDIST_TRY(loopback_endpoint(options_.listen).status());
  HttpServerOptions server;
  server.listen = options_.listen;
  server.loopback_only = true;
  server.io_threads = 2;
  server.handler_threads = kServeThreads;
  server.limits.header_time = kHeaderTime;
  server.limits.connections =
      std::clamp<std::size_t>(descriptor_limit() / 4, 1, kMaxDataConnections);
  HUBDIST_ASSIGN(http_, HttpServer::start(std::move(server), server_));
  {
    const std::lock_guard lock(mutex_);
    address_ = http_->address();
  }
  link_.start();
  return {};
}

// Others learn first that this node leaves, then what they take is cut off.
Node::Impl::~Impl() {
  if (!http_) return;
  with([](NodeMachine& machine, Actions& out) { machine.leave(out); });
  link_.stop(kLeaveTime);
  closing_.request_stop();
  std::map<Job, std::stop_source> jobs;
  {
    const std::lock_guard lock(mutex_);
    jobs = jobs_;
  }
  for (auto& [job, stop] : jobs) stop.request_stop();
  http_->stop(kServeGrace);
}

// --- What the machine wants ---------------------------------------------------------------------

// Under the lock: what concerns this object is done, the rest is listed.
Node::Impl::Todo Node::Impl::settle(Actions& actions) {
  Todo todo;
  for (NodeAction& action : actions) settle_one(action, todo);
  if (!outgoing_.empty()) todo.push_back([this] { link_.flush(); });
  if (const std::optional<Instant> next = machine_.next_wakeup())
    todo.push_back([this, when = *next] { link_.wake_at(when); });
  return todo;
}

void Node::Impl::settle_one(NodeAction& action, Todo& todo) {
  if (auto* send = std::get_if<SendToTracker>(&action)) {
    outgoing_.push_back(std::move(send->message));
  } else if (auto* transfer = std::get_if<StartTransfer>(&action)) {
    const Job job{false, transfer->id};
    begin_job(
        job, transfers_,
        [this, order = std::move(*transfer)](std::stop_token stop) {
          run_transfer(order, std::move(stop));
        },
        todo);
  } else if (auto* lease = std::get_if<StartLease>(&action)) {
    const Job job{true, lease->id};
    begin_job(
        job, leases_,
        [this, order = std::move(*lease)](std::stop_token stop) {
          run_lease(order, std::move(stop));
        },
        todo);
  } else if (const auto* end_transfer = std::get_if<AbortTransfer>(&action)) {
    abort_job({false, end_transfer->id}, todo);
  } else if (const auto* end_lease = std::get_if<AbortLease>(&action)) {
    abort_job({true, end_lease->id}, todo);
  } else if (auto* hash = std::get_if<HashHeld>(&action)) {
    todo.push_back(
        [this, order = std::move(*hash)] { hashing_.submit([this, order] { hash_held(order); }); });
  } else if (auto* ask = std::get_if<AskPeer>(&action)) {
    todo.push_back(
        [this, order = std::move(*ask)] { asking_.submit([this, order] { ask_peer(order); }); });
  } else if (const auto* fetch = std::get_if<FetchEnded>(&action)) {
    ended(*fetch);
  } else if (const auto* needed = std::get_if<NeededChanged>(&action)) {
    needed_ = needed->needed;
    changed_.notify_all();
  } else if (auto* warning = std::get_if<Warn>(&action)) {
    todo.push_back([this, text = std::move(warning->text)] { warn(text); });
  }
}

void Node::Impl::begin_job(Job job, Executor& executor, std::function<void(std::stop_token)> work,
                           Todo& todo) {
  std::stop_source stop = jobs_[job];
  if (closing_.stop_requested()) stop.request_stop();
  todo.push_back([&executor, work = std::move(work), stop] {
    executor.submit([work, stop] { work(stop.get_token()); });
  });
}

void Node::Impl::abort_job(Job job, Todo& todo) {
  if (const auto found = jobs_.find(job); found != jobs_.end())
    todo.push_back([stop = found->second]() mutable { stop.request_stop(); });
}

void Node::Impl::ended(const FetchEnded& fetch) {
  statistics_.bytes_from_origin += fetch.from_origin;
  statistics_.bytes_from_peers += fetch.from_peers;
  if (const auto found = waiters_.find(fetch.unit); found != waiters_.end())
    found->second->ended = fetch;
  changed_.notify_all();
}

void Node::Impl::warn(const std::string& text) {
  const std::string failure = link_.last_failure();
  log(LogLevel::kWarning, text, failure.empty() ? "" : concat(" (", failure, ")"));
}

// --- What its owner asks ------------------------------------------------------------------------

Result<FetchResult> Node::Impl::fetch(const UnitLayout& layout, const RangeSet& wanted,
                                      const RangeSet& held, std::stop_token stop) {
  Waiter waiter;
  const Result<UnitNumber> unit = with([&](NodeMachine& machine, Actions& out) {
    auto number = machine.fetch(layout, wanted, held, system_clock().now(), out);
    if (number.ok()) waiters_[*number] = &waiter;
    return number;
  });
  if (!unit.ok()) return unit.status();
  std::unique_lock lock(mutex_);
  if (!changed_.wait(lock, stop, [&] { return waiter.ended.has_value(); })) {
    lock.unlock();
    with([&](NodeMachine& machine, Actions& out) {
      machine.cancel(*unit, system_clock().now(), out);
    });
    lock.lock();
    changed_.wait(lock, [&] { return waiter.ended.has_value(); });
  }
  waiters_.erase(*unit);
  HUBDIST_TRY(waiter.ended->status);
  return FetchResult{waiter.ended->from_origin, waiter.ended->from_peers};
}

Status Node::Impl::offer(const UnitLayout& layout, const RangeSet& held) {
  return with([&](NodeMachine& machine, Actions& out) {
    return machine.offer(layout, held, system_clock().now(), out);
  });
}

void Node::Impl::withdraw(std::string_view unit) {
  with([&](NodeMachine& machine, Actions& out) {
    machine.withdraw(std::string(unit), system_clock().now(), out);
  });
}

Status Node::Impl::doubt(std::string_view unit) {
  return with([&](NodeMachine& machine, Actions& out) {
    return machine.doubt(std::string(unit), system_clock().now(), out);
  });
}

Status Node::Impl::wait_until_unneeded(std::stop_token stop) {
  if (!options_.tracker) return {};
  with([&](NodeMachine& machine, Actions& out) {
    needed_.reset();
    machine.watch_needed(true, out);
  });
  constexpr std::chrono::milliseconds kLook{200};
  std::unique_lock lock(mutex_);
  const auto unneeded = [&] {
    if (machine_.connected()) return needed_ == false;
    return system_clock().now() - tracker_lost_at_ > kUnneededWithoutTracker;
  };
  while (!unneeded()) {
    if (stop.stop_requested()) return cancelled("stopped while serving other nodes");
    changed_.wait_for(lock, stop, kLook, unneeded);
  }
  return {};
}

NodeStatistics Node::Impl::statistics() const {
  const std::lock_guard lock(mutex_);
  NodeStatistics out = statistics_;
  out.bytes_to_peers = server_->bytes_sent();
  out.corrupt_pieces = machine_.corrupt_pieces();
  out.tracker_reachable = machine_.connected();
  out.known_peers = machine_.known_peers();
  return out;
}

// --- The tracker's link -------------------------------------------------------------------------

void Node::Impl::fill_hello(Hello& hello) {
  const std::lock_guard lock(mutex_);
  machine_.fill_hello(hello);
  hello.data_address = address_;
  hello.zone = options_.zone;
}

void Node::Impl::connected(const Welcome& welcome) {
  if (welcome.server_time_ms != 0)
    clock_offset_ms_ = static_cast<std::int64_t>(welcome.server_time_ms) - wall_ms();
  with([&](NodeMachine& machine, Actions& out) {
    needed_.reset();
    machine.tracker_connected(welcome, system_clock().now(), out);
  });
  log(LogLevel::kInfo, "takes part in the exchange of ", welcome.members, " nodes");
}

void Node::Impl::said(const Message& message) {
  with([&](NodeMachine& machine, Actions& out) {
    machine.tracker_said(message, system_clock().now(), out);
  });
}

void Node::Impl::lost() {
  with([&](NodeMachine& machine, Actions& out) {
    outgoing_.clear();
    tracker_lost_at_ = system_clock().now();
    machine.tracker_lost(system_clock().now(), out);
  });
}

void Node::Impl::woken() {
  with([](NodeMachine& machine, Actions& out) { machine.advance(system_clock().now(), out); });
}

std::vector<Message> Node::Impl::take_outgoing() {
  const std::lock_guard lock(mutex_);
  return std::exchange(outgoing_, {});
}

// --- Bytes --------------------------------------------------------------------------------------

void Node::Impl::run_transfer(const StartTransfer& order, std::stop_token stop) {
  const auto on_piece = [&](std::size_t index) {
    with([&](NodeMachine& machine, Actions& out) {
      machine.piece_received(order.id, index, system_clock().now(), out);
    });
  };
  const TransferEnd end = client_.fetch(order, exchange_time_ms(), on_piece, std::move(stop));
  if (!end.ok && end.kind == FailureKind::kCorrupt)
    log(LogLevel::kWarning, "a peer sent wrong bytes: ", message(end.status));
  with([&](NodeMachine& machine, Actions& out) {
    end_job({false, order.id});
    machine.transfer_ended(order.id, end, system_clock().now(), out);
  });
}

void Node::Impl::run_lease(const StartLease& order, std::stop_token stop) {
  const Status status = read_lease(order, std::move(stop));
  with([&](NodeMachine& machine, Actions& out) {
    end_job({true, order.id});
    machine.lease_ended(order.id, status, system_clock().now(), out);
  });
}

// Each piece is told as soon as its last byte is in the content, so that others can have it.
Status Node::Impl::read_lease(const StartLease& order, std::stop_token stop) {
  Blake3Hasher hasher;
  std::size_t index = 0;
  std::uint64_t at = order.range.begin;
  const auto take = [&](ByteView bytes) -> Status {
    while (!bytes.empty()) {
      if (index == order.pieces.size())
        return data_loss("the origin gave more of ", order.unit_id, " than was asked for");
      const ByteRange piece = order.pieces[index];
      const ByteView part = bytes.first(
          static_cast<std::size_t>(std::min<std::uint64_t>(bytes.size(), piece.end - at)));
      hasher.update(part);
      HUBDIST_TRY(content_->write(order.unit_id, at, part, Source::kOrigin));
      at += part.size();
      bytes = bytes.subspan(part.size());
      if (at < piece.end) continue;
      const Blake3 hash = std::exchange(hasher, Blake3Hasher()).finish();
      with([&](NodeMachine& machine, Actions& out) {
        machine.lease_piece(order.id, piece, hash, system_clock().now(), out);
      });
      ++index;
    }
    with([&](NodeMachine& machine, Actions& out) {
      machine.lease_progress(order.id, at - order.range.begin, system_clock().now(), out);
    });
    return {};
  };
  HUBDIST_TRY(content_->read_origin(order.unit_id, order.range, take, std::move(stop)));
  if (index < order.pieces.size())
    return unavailable("the origin gave too few bytes of ", order.unit_id);
  return {};
}

void Node::Impl::hash_held(const HashHeld& order) {
  for (const ByteRange& piece : order.pieces) {
    if (closing_.stop_requested()) return;
    const Result<Blake3> hash = hash_piece(order.unit_id, piece);
    with([&](NodeMachine& machine, Actions& out) {
      machine.piece_hashed(order.unit, piece, hash, system_clock().now(), out);
    });
  }
}

Result<Blake3> Node::Impl::hash_piece(const std::string& unit, ByteRange piece) {
  Bytes buffer(std::min<std::uint64_t>(kHashStep, piece.size()));
  Blake3Hasher hasher;
  while (!piece.empty()) {
    const MutableBytes part =
        std::span(buffer).first(std::min<std::uint64_t>(buffer.size(), piece.size()));
    HUBDIST_TRY(content_->read(unit, piece.begin, part));
    hasher.update(part);
    piece.begin += part.size();
  }
  return hasher.finish();
}

void Node::Impl::ask_peer(const AskPeer& order) {
  const auto held =
      client_.holdings(order.address, order.unit_id, exchange_time_ms(), closing_.get_token());
  with([&](NodeMachine& machine, Actions& out) {
    const Instant now = system_clock().now();
    if (held.ok())
      machine.peer_holds(order.peer, order.unit, *held, now, out);
    else
      machine.peer_silent(order.peer, now, out);
  });
}

bool Node::Impl::serves(const std::string& unit, ByteRange range) {
  const std::lock_guard lock(mutex_);
  return machine_.serves(unit, range);
}

std::optional<std::vector<RangeHash>> Node::Impl::holdings(const std::string& unit) {
  const std::lock_guard lock(mutex_);
  return machine_.holdings(unit);
}

void Node::Impl::content_lost(const std::string& unit) {
  with([&](NodeMachine& machine, Actions& out) {
    machine.content_lost(unit, system_clock().now(), out);
  });
}

// --- Node ---------------------------------------------------------------------------------------

Result<std::unique_ptr<Node>> Node::start(NodeOptions options, std::shared_ptr<Content> content) {
  NodeId id = random_node_id();
  if (!options.id.empty()) HUBDIST_TRY(with_context(from_hex(options.id, id), "the node's id"));
  auto impl = std::make_unique<Impl>(std::move(options), id, std::move(content));
  HUBDIST_TRY(impl->start());
  return std::unique_ptr<Node>(new Node(std::move(impl)));
}

Node::Node(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Node::~Node() = default;
Result<FetchResult> Node::fetch(const UnitLayout& layout, const RangeSet& wanted,
                                const RangeSet& held, std::stop_token stop) {
  return impl_->fetch(layout, wanted, held, std::move(stop));
}
Status Node::offer(const UnitLayout& layout, const RangeSet& held) {
  return impl_->offer(layout, held);
}
void Node::withdraw(std::string_view unit) { impl_->withdraw(unit); }
Status Node::doubt(std::string_view unit) { return impl_->doubt(unit); }
Status Node::wait_until_unneeded(std::stop_token stop) {
  return impl_->wait_until_unneeded(std::move(stop));
}
NodeStatistics Node::statistics() const { return impl_->statistics(); }
const std::string& Node::id() const { return impl_->id(); }
std::string Node::address() const { return impl_->address(); }

}  // namespace hubdist
