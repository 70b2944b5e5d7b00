#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <queue>
#include <set>
#include <tuple>
#include <unordered_map>

#include <hubdist/exchange/sim/network.h>
#include <hubdist/exchange/sim/simulation.h>

namespace hubdist::exchange::sim {
namespace {

// What a node holds of a piece, in the simulator's terms: nothing, the right bytes, or wrong ones.
constexpr std::uint8_t kNothing = 0;
constexpr std::uint8_t kRight = 1;
constexpr std::uint8_t kFirstWrong = 2;

std::uint64_t mix(std::uint64_t x) {
  x += 0x9e3779b97f4a7c15;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

Blake3 hash_of(std::size_t unit, std::uint64_t offset, std::uint8_t version) {
  Blake3 hash;
  std::uint64_t word = mix(mix(mix(unit) ^ offset) ^ version);
  for (std::size_t i = 0; i < hash.bytes.size(); ++i, word = mix(word))
    hash.bytes[i] = static_cast<std::byte>(word & 0xff);
  return hash;
}

NodeId id_of(std::uint64_t number) {
  NodeId id{};
  for (std::size_t i = 0; i < id.size(); ++i)
    id[i] = static_cast<std::byte>(mix(number) >> (8 * (i % 8)) & 0xff);
  return id;
}

struct Local {  // one unit at one node
  std::vector<std::uint8_t> pieces;
  bool done = false;
};

struct Host {
  SimNode spec;
  std::unique_ptr<NodeMachine> machine;
  LinkId up = 0;
  LinkId down = 0;
  bool alive = false;
  bool frozen = false;
  bool origin_fails = false;
  ConnectionId connection = 0;  // 0: none
  std::vector<Local> units;
  std::map<UnitNumber, std::size_t> fetching;  // the machine's number -> unit
  Instant wakeup = kNever;
  SimOutcome outcome;
  std::size_t front_unit = 0;  // up to here, everything is there
  std::size_t front_piece = 0;
  std::uint64_t front_bytes = 0;
};

// A transfer or a lease under way.
struct Job {
  std::size_t host = 0;
  std::size_t source = 0;  // of a transfer
  bool lease = false;
  std::uint64_t id = 0;  // the machine's
  std::size_t unit = 0;
  std::vector<RangeHash> pieces;
  std::size_t next = 0;
  std::optional<FlowId> flow;
};

constexpr Duration kStall = std::chrono::seconds(5);     // after which a receiver gives up
constexpr Duration kSilence = std::chrono::seconds(15);  // after which a connection is closed
constexpr Duration kReconnect = std::chrono::milliseconds(200);

class Simulation {
 public:
  explicit Simulation(const SimScenario& scenario) : scenario_(scenario) {}
  SimReport run();

 private:
  using Event = std::function<void()>;
  struct Timed {
    Instant at;
    std::uint64_t order;
    std::shared_ptr<Event> event;
    bool operator>(const Timed& o) const { return std::tie(at, order) > std::tie(o.at, o.order); }
  };

  void at(Instant when, Event event) {
    events_.push({when, order_++, std::make_shared<Event>(std::move(event))});
  }
  void after(Duration delay, Event event) { at(now_ + delay, std::move(event)); }

  void join(std::size_t host);
  void begin_fetch(std::size_t host, std::size_t unit);
  void fetch_ended(std::size_t host, const FetchEnded& ended);
  void carry_out(std::size_t host, NodeMachine::Actions& actions);
  template <typename F>
  void with(std::size_t host, F&& f);
  void wake(std::size_t host);

  void start_tracker(bool successor);
  void kill_tracker();
  void connect(std::size_t host);
  void hang_up(std::size_t host);
  void to_tracker(std::size_t host, Message message);
  void from_tracker(std::vector<TrackerOutput>& out);
  void run_tracker();

  std::size_t unit_index(const std::string& id) const;
  void start_transfer(std::size_t host, const StartTransfer& action);
  void start_lease(std::size_t host, const StartLease& action);
  void abort(std::size_t host, bool lease, std::uint64_t id);
  void flow_done(FlowId flow);
  void follow_front(Host& host);
  void next_piece(std::uint64_t job);
  void end_job(std::uint64_t job, const Status& status, FailureKind kind);
  void ask_peer(std::size_t host, const AskPeer& ask);
  void fail(const SimFault& fault);
  void kill(std::size_t host);
  std::optional<std::size_t> host_at(const std::string& address) const;
  bool finished() const;

  const SimScenario& scenario_;
  Instant now_{};
  std::uint64_t order_ = 0;
  std::priority_queue<Timed, std::vector<Timed>, std::greater<>> events_;
  Network network_;
  LinkId origin_ = 0;
  std::vector<Host> hosts_;
  std::unordered_map<std::string, std::size_t> unit_indexes_;
  std::unique_ptr<TrackerMachine> tracker_;
  std::uint64_t epoch_ = 0;
  ConnectionId next_connection_ = 1;
  std::map<ConnectionId, std::size_t> connections_;
  bool tracker_due_ = false;
  Instant tracker_wakeup_ = kNever;
  std::map<std::uint64_t, Job> jobs_;
  std::vector<std::uint64_t> flows_;  // the job of each flow of the network
  std::uint64_t next_job_ = 1;
  SimReport report_;
};

// --- Nodes --------------------------------------------------------------------------------------

template <typename F>
void Simulation::with(std::size_t host, F&& f) {
  NodeMachine::Actions actions;
  f(*hosts_[host].machine, actions);
  carry_out(host, actions);
  wake(host);
}

void Simulation::wake(std::size_t index) {
  Host& host = hosts_[index];
  const std::optional<Instant> next = host.machine->next_wakeup();
  if (!next || *next >= host.wakeup) return;
  host.wakeup = *next;
  at(std::max(*next, now_), [this, index, when = *next] {
    Host& woken = hosts_[index];
    if (!woken.alive || woken.wakeup != when) return;
    woken.wakeup = kNever;
    with(index, [&](NodeMachine& machine, auto& out) { machine.advance(now_, out); });
  });
}

void Simulation::join(std::size_t index) {
  Host& host = hosts_[index];
  host.alive = true;
  const std::uint64_t cache = host.spec.cache ? host.spec.cache : 1'000'000 + index;
  host.machine =
      std::make_unique<NodeMachine>(scenario_.node, id_of(cache), id_of(2'000'000 + index), now_);
  host.units.resize(scenario_.units.size());
  for (std::size_t unit = 0; unit < host.units.size(); ++unit) {
    const std::uint8_t version = host.spec.holds_all ? kRight : kNothing;
    host.units[unit].pieces.assign(scenario_.units[unit].piece_count(), version);
  }
  connect(index);
  for (std::size_t unit = 0; unit < host.units.size(); ++unit) begin_fetch(index, unit);
}

void Simulation::begin_fetch(std::size_t index, std::size_t unit) {
  Host& host = hosts_[index];
  const UnitLayout& layout = scenario_.units[unit];
  RangeSet held;
  for (std::size_t piece = 0; piece < layout.piece_count(); ++piece)
    if (host.units[unit].pieces[piece] != kNothing) held.add(layout.piece(piece));
  NodeMachine::Actions actions;
  const auto number = host.machine->fetch(layout, RangeSet({0, layout.size}), held, now_, actions);
  if (number.ok()) host.fetching[*number] = unit;
  carry_out(index, actions);
  wake(index);
}

void Simulation::fetch_ended(std::size_t index, const FetchEnded& ended) {
  Host& host = hosts_[index];
  const std::size_t unit = host.fetching.at(ended.unit);
  host.fetching.erase(ended.unit);
  Local& local = host.units[unit];
  if (!ended.status.ok()) {
    if (host.outcome.status.ok()) host.outcome.status = ended.status;
    return;
  }
  const bool right = std::all_of(local.pieces.begin(), local.pieces.end(),
                                 [](std::uint8_t piece) { return piece == kRight; });
  if (!right && host.outcome.doubts < 4) {
    // What a client does when the whole does not have the hub's identity.
    ++host.outcome.doubts;
    local.pieces.assign(local.pieces.size(), kNothing);
    with(index, [&](NodeMachine& machine, auto& out) {
      (void)machine.doubt(scenario_.units[unit].id, now_, out);
    });
    begin_fetch(index, unit);
    return;
  }
  if (!right) {
    host.outcome.status = data_loss("the whole is wrong after every try");
    return;
  }
  local.done = true;
  host.outcome.done =
      std::all_of(host.units.begin(), host.units.end(), [](const Local& one) { return one.done; });
  if (host.outcome.done) host.outcome.finished = now_ - Instant{};
}

void Simulation::carry_out(std::size_t index, NodeMachine::Actions& actions) {
  for (NodeAction& action : actions) {
    if (auto* send = std::get_if<SendToTracker>(&action))
      to_tracker(index, std::move(send->message));
    else if (const auto* transfer = std::get_if<StartTransfer>(&action))
      start_transfer(index, *transfer);
    else if (const auto* lease = std::get_if<StartLease>(&action))
      start_lease(index, *lease);
    else if (const auto* stop = std::get_if<AbortTransfer>(&action))
      abort(index, false, stop->id);
    else if (const auto* end = std::get_if<AbortLease>(&action))
      abort(index, true, end->id);
    else if (const auto* ask = std::get_if<AskPeer>(&action))
      ask_peer(index, *ask);
    else if (const auto* ended = std::get_if<FetchEnded>(&action))
      after(Duration{}, [this, index, ended = *ended] {
        if (hosts_[index].alive) fetch_ended(index, ended);
      });
    else if (auto* hash = std::get_if<HashHeld>(&action))
      after(std::chrono::milliseconds(1), [this, index, hash = std::move(*hash)] {
        Host& host = hosts_[index];
        if (!host.alive) return;
        const std::size_t unit = unit_index(hash.unit_id);
        for (const ByteRange& range : hash.pieces) {
          const std::size_t piece = scenario_.units[unit].piece_at(range.begin);
          const Blake3 value = hash_of(unit, range.begin, host.units[unit].pieces[piece]);
          with(index, [&](NodeMachine& machine, auto& out) {
            machine.piece_hashed(hash.unit, range, value, now_, out);
          });
        }
      });
  }
}

// --- The tracker --------------------------------------------------------------------------------

void Simulation::start_tracker(bool successor) {
  tracker_ = std::make_unique<TrackerMachine>(scenario_.tracker, mix(++epoch_), successor, now_);
  tracker_wakeup_ = kNever;
}

void Simulation::kill_tracker() {
  if (!tracker_) return;
  report_.decisions += tracker_->decisions();
  tracker_.reset();
  for (std::size_t i = 0; i < hosts_.size(); ++i)
    if (hosts_[i].alive && hosts_[i].connection) hang_up(i);
}

// The node's side of a lost connection.
void Simulation::hang_up(std::size_t index) {
  Host& host = hosts_[index];
  connections_.erase(host.connection);
  host.connection = 0;
  with(index, [&](NodeMachine& machine, auto& out) { machine.tracker_lost(now_, out); });
  after(kReconnect, [this, index] { connect(index); });
}

void Simulation::connect(std::size_t index) {
  Host& host = hosts_[index];
  if (!host.alive || host.connection) return;
  if (!tracker_ || host.frozen) {
    after(kReconnect, [this, index] { connect(index); });
    return;
  }
  host.connection = next_connection_++;
  connections_[host.connection] = index;
  after(4 * scenario_.latency, [this, index, id = host.connection] {  // TCP and the handshake
    Host& joining = hosts_[index];
    if (!joining.alive || joining.connection != id || !tracker_) return;
    Hello hello;
    joining.machine->fill_hello(hello);
    hello.data_address = concat("host:", index);
    hello.zone = joining.spec.zone;
    hello.capacity.takes_only = joining.spec.takes_only;
    std::vector<TrackerOutput> out;
    if (tracker_->connected(id, hello, now_, out).ok()) from_tracker(out);
    run_tracker();
  });
}

void Simulation::to_tracker(std::size_t index, Message message) {
  const ConnectionId id = hosts_[index].connection;
  ++report_.messages;
  after(scenario_.latency, [this, id, message = std::move(message)] {
    if (!tracker_ || !connections_.contains(id)) return;
    std::vector<TrackerOutput> out;
    const Status status = tracker_->received(id, message, now_, out);
    from_tracker(out);
    if (!status.ok()) {
      tracker_->disconnected(id, now_);
      const std::size_t host = connections_.at(id);
      if (hosts_[host].connection == id) hang_up(host);
    }
    run_tracker();
  });
}

void Simulation::from_tracker(std::vector<TrackerOutput>& out) {
  for (TrackerOutput& one : out) {
    ++report_.messages;
    after(scenario_.latency, [this, id = one.to, message = std::move(one.message)] {
      const auto found = connections_.find(id);
      if (found == connections_.end()) return;
      const std::size_t index = found->second;
      if (!hosts_[index].alive || hosts_[index].frozen) return;
      with(index, [&](NodeMachine& machine, auto& actions) {
        if (const auto* welcome = std::get_if<Welcome>(&message))
          machine.tracker_connected(*welcome, now_, actions);
        else
          machine.tracker_said(message, now_, actions);
      });
    });
  }
}

// Decides once for all that happened at this instant.
void Simulation::run_tracker() {
  if (tracker_due_) return;
  tracker_due_ = true;
  after(Duration{}, [this] {
    tracker_due_ = false;
    if (!tracker_) return;
    std::vector<TrackerOutput> out;
    tracker_->advance(now_, out);
    from_tracker(out);
    const std::optional<Instant> next = tracker_->next_wakeup();
    if (!next || (*next >= tracker_wakeup_ && tracker_wakeup_ > now_)) return;
    tracker_wakeup_ = std::max(*next, now_ + Duration(1));
    at(tracker_wakeup_, [this] { run_tracker(); });
  });
}

// --- Bytes --------------------------------------------------------------------------------------

std::size_t Simulation::unit_index(const std::string& id) const { return unit_indexes_.at(id); }

std::optional<std::size_t> Simulation::host_at(const std::string& address) const {
  const std::size_t index = std::stoul(address.substr(address.find(':') + 1));
  if (!hosts_[index].alive) return std::nullopt;
  return index;
}

void Simulation::start_transfer(std::size_t host, const StartTransfer& action) {
  Job job;
  job.host = host;
  job.id = action.id;
  job.unit = unit_index(action.unit_id);
  job.pieces = action.pieces;
  const std::uint64_t number = next_job_++;
  const std::string address = action.address;
  jobs_[number] = std::move(job);
  after(scenario_.latency, [this, number, address] {
    const auto found = jobs_.find(number);
    if (found == jobs_.end()) return;
    Job& started = found->second;
    const std::optional<std::size_t> source = host_at(address);
    if (!source) {
      end_job(number, unavailable("refused"), FailureKind::kRefused);
      return;
    }
    started.source = *source;
    const ByteRange all{started.pieces.front().range.begin, started.pieces.back().range.end};
    const Host& giver = hosts_[*source];
    if (!giver.machine->serves(scenario_.units[started.unit].id, all)) {
      end_job(number, not_found("gone"), FailureKind::kGone);
      return;
    }
    next_piece(number);
  });
}

void Simulation::start_lease(std::size_t host, const StartLease& action) {
  Job job;
  job.host = host;
  job.lease = true;
  job.id = action.id;
  job.unit = unit_index(action.unit_id);
  for (const ByteRange& piece : action.pieces) job.pieces.push_back({piece, {}});
  const std::uint64_t number = next_job_++;
  jobs_[number] = std::move(job);
  after(2 * scenario_.latency, [this, number] {
    const auto found = jobs_.find(number);
    if (found == jobs_.end()) return;
    if (hosts_[found->second.host].origin_fails)
      end_job(number, unavailable("the origin is down"), FailureKind::kUnknown);
    else
      next_piece(number);
  });
}

void Simulation::next_piece(std::uint64_t number) {
  Job& job = jobs_.at(number);
  const Host& host = hosts_[job.host];
  const LinkId from = job.lease ? origin_ : hosts_[job.source].up;
  job.flow = network_.start(from, host.down, job.pieces[job.next].range.size(), now_);
  if (flows_.size() <= *job.flow) flows_.resize(*job.flow + 1);
  flows_[*job.flow] = number;
  if (job.lease) return;
  // A source that is stopped, or dies, is noticed by its silence.
  after(kStall, [this, number, piece = job.next] {
    const auto found = jobs_.find(number);
    if (found == jobs_.end() || found->second.next != piece) return;
    const Host& source = hosts_[found->second.source];
    if (source.frozen || !source.alive)
      end_job(number, deadline_exceeded("silent"), FailureKind::kTimeout);
  });
}

void Simulation::flow_done(FlowId flow) {
  const std::uint64_t number = flows_.at(flow);
  network_.stop(flow, now_);
  Job& job = jobs_.at(number);
  job.flow.reset();
  Host& host = hosts_[job.host];
  const std::size_t index = job.next;
  const ByteRange range = job.pieces[index].range;
  const std::size_t piece = scenario_.units[job.unit].piece_at(range.begin);
  std::uint8_t& mine = host.units[job.unit].pieces[piece];
  (job.lease ? report_.origin_bytes : report_.peer_bytes) += range.size();
  if (job.lease) {
    const bool wrong = host.spec.reads_wrong;
    mine = wrong ? static_cast<std::uint8_t>(kFirstWrong + job.host % 100) : kRight;
  } else {
    const Host& source = hosts_[job.source];
    const std::uint8_t theirs =
        source.spec.sends_wrong ? std::uint8_t{250} : source.units[job.unit].pieces[piece];
    if (hash_of(job.unit, range.begin, theirs) != job.pieces[index].hash) {
      ++report_.corrupt_pieces;
      end_job(number, data_loss("corrupt"), FailureKind::kCorrupt);
      return;
    }
    mine = theirs;
    if (source.spec.zone != host.spec.zone) report_.crossing_bytes += range.size();
  }
  follow_front(host);
  const std::uint64_t id = job.id;
  const bool lease = job.lease;
  const Blake3 hash = hash_of(job.unit, range.begin, mine);
  ++job.next;
  with(job.host, [&](NodeMachine& machine, auto& out) {
    if (lease)
      machine.lease_piece(id, range, hash, now_, out);
    else
      machine.piece_received(id, index, now_, out);
  });
  const auto found = jobs_.find(number);
  if (found == jobs_.end() || found->second.flow) return;
  if (found->second.next < found->second.pieces.size())
    next_piece(number);
  else
    end_job(number, Status(), FailureKind::kUnknown);
}

void Simulation::follow_front(Host& host) {
  while (host.front_unit < host.units.size()) {
    const std::vector<std::uint8_t>& pieces = host.units[host.front_unit].pieces;
    if (host.front_piece == pieces.size()) {
      ++host.front_unit;
      host.front_piece = 0;
      continue;
    }
    if (pieces[host.front_piece] == kNothing) break;
    host.front_bytes += scenario_.units[host.front_unit].piece(host.front_piece++).size();
  }
  if (host.outcome.half == Duration{} && host.front_bytes * 2 >= report_.content_bytes)
    host.outcome.half = now_ - Instant{};
}

void Simulation::end_job(std::uint64_t number, const Status& status, FailureKind kind) {
  const auto found = jobs_.find(number);
  if (found == jobs_.end()) return;
  const Job job = std::move(found->second);
  jobs_.erase(found);
  if (job.flow) network_.stop(*job.flow, now_);
  if (!hosts_[job.host].alive) return;
  with(job.host, [&](NodeMachine& machine, auto& out) {
    if (job.lease)
      machine.lease_ended(job.id, status, now_, out);
    else
      machine.transfer_ended(job.id, {status.ok(), kind, status}, now_, out);
  });
}

void Simulation::abort(std::size_t host, bool lease, std::uint64_t id) {
  for (const auto& [number, job] : jobs_) {
    if (job.host != host || job.lease != lease || job.id != id) continue;
    after(std::chrono::microseconds(50), [this, number = number] {
      end_job(number, cancelled("aborted"), FailureKind::kReturned);
    });
    return;
  }
}

void Simulation::ask_peer(std::size_t host, const AskPeer& ask) {
  after(2 * scenario_.latency, [this, host, ask] {
    if (!hosts_[host].alive) return;
    const std::optional<std::size_t> peer = host_at(ask.address);
    if (peer && hosts_[*peer].frozen) return;
    with(host, [&](NodeMachine& machine, auto& out) {
      if (!peer) {
        machine.peer_silent(ask.peer, now_, out);
        return;
      }
      const auto holdings = hosts_[*peer].machine->holdings(ask.unit_id);
      machine.peer_holds(ask.peer, ask.unit, holdings.value_or(std::vector<RangeHash>{}), now_,
                         out);
    });
  });
}

// --- Failures -----------------------------------------------------------------------------------

void Simulation::kill(std::size_t index) {
  Host& host = hosts_[index];
  if (!host.alive) return;
  host.alive = false;
  host.outcome.dead = true;
  std::vector<std::uint64_t> broken;
  for (const auto& [number, job] : jobs_)
    if (job.host == index || (!job.lease && job.source == index && job.flow))
      broken.push_back(number);
  for (const std::uint64_t number : broken)
    end_job(number, unavailable("connection lost"), FailureKind::kRefused);
  if (host.connection) {
    after(scenario_.latency, [this, id = host.connection] {
      if (tracker_) tracker_->disconnected(id, now_);
      connections_.erase(id);
      run_tracker();
    });
  }
}

void Simulation::fail(const SimFault& fault) {
  switch (fault.kind) {
    case SimFaultKind::kKillNode:
      kill(fault.node);
      break;
    case SimFaultKind::kFreezeNode: {
      Host& host = hosts_[fault.node];
      if (!host.alive || host.frozen) break;
      host.frozen = true;
      network_.set_rate(host.up, 0);
      network_.set_rate(host.down, 0);
      after(kSilence, [this, node = fault.node, id = host.connection] {
        if (!hosts_[node].frozen || !connections_.contains(id)) return;
        if (tracker_) tracker_->disconnected(id, now_);
        run_tracker();
      });
      break;
    }
    case SimFaultKind::kThawNode: {
      Host& host = hosts_[fault.node];
      if (!host.alive || !host.frozen) break;
      host.frozen = false;
      network_.set_rate(host.up, host.spec.upload);
      network_.set_rate(host.down, host.spec.download);
      if (host.connection) hang_up(fault.node);
      break;
    }
    case SimFaultKind::kKillTracker:
      kill_tracker();
      break;
    case SimFaultKind::kStartTracker:
      if (!tracker_) start_tracker(true);
      break;
    case SimFaultKind::kSlowNode:
      network_.set_rate(hosts_[fault.node].up, hosts_[fault.node].spec.upload / 10);
      network_.set_rate(hosts_[fault.node].down, hosts_[fault.node].spec.download / 10);
      break;
    case SimFaultKind::kOriginFails:
      hosts_[fault.node].origin_fails = true;
      break;
  }
}

bool Simulation::finished() const {
  return std::all_of(hosts_.begin(), hosts_.end(), [](const Host& host) {
    return host.outcome.done || host.outcome.dead || !host.outcome.status.ok();
  });
}

SimReport Simulation::run() {
  origin_ = network_.add_link(scenario_.origin_rate);
  for (std::size_t i = 0; i < scenario_.units.size(); ++i) {
    unit_indexes_[scenario_.units[i].id] = i;
    report_.content_bytes += scenario_.units[i].size;
  }
  if (scenario_.tracker_from_start) start_tracker(false);
  hosts_.resize(scenario_.nodes.size());
  for (std::size_t i = 0; i < hosts_.size(); ++i) {
    hosts_[i].spec = scenario_.nodes[i];
    hosts_[i].up = network_.add_link(hosts_[i].spec.upload);
    hosts_[i].down = network_.add_link(hosts_[i].spec.download);
    after(hosts_[i].spec.joins, [this, i] { join(i); });
  }
  for (const SimFault& fault : scenario_.faults) after(fault.at, [this, fault] { fail(fault); });
  while (now_ - Instant{} < scenario_.limit && !finished()) {
    const std::optional<Network::Next> flow = network_.next(now_);
    if (flow && (events_.empty() || flow->at <= events_.top().at)) {
      now_ = flow->at;
      flow_done(flow->flow);
    } else if (!events_.empty()) {
      const Timed timed = events_.top();
      events_.pop();
      now_ = timed.at;
      (*timed.event)();
    } else {
      break;  // nothing will ever happen again
    }
  }
  for (const Host& host : hosts_) {
    report_.nodes.push_back(host.outcome);
    report_.finished = std::max(report_.finished, host.outcome.finished);
  }
  if (tracker_) report_.decisions += tracker_->decisions();
  return std::move(report_);
}

}  // namespace

bool SimReport::all_done() const {
  return std::all_of(nodes.begin(), nodes.end(),
                     [](const SimOutcome& node) { return node.done || node.dead; });
}

SimReport simulate(const SimScenario& scenario) { return Simulation(scenario).run(); }

double fluid_bound(const SimScenario& scenario) {
  double size = 0;
  for (const UnitLayout& unit : scenario.units) size += static_cast<double>(unit.size);
  double slowest = scenario.nodes.front().download;
  double uploads = scenario.origin_rate;
  double takers = 0;
  for (const SimNode& node : scenario.nodes) {
    uploads += node.upload;
    if (node.holds_all) continue;
    slowest = std::min(slowest, node.download);
    takers += 1;
  }
  const bool held = takers < static_cast<double>(scenario.nodes.size());
  return std::max(
      {held ? 0.0 : size / scenario.origin_rate, size / slowest, takers * size / uploads});
}

UnitLayout sim_blob(std::string name, std::size_t pieces, std::uint64_t piece_size) {
  return {std::move(name), pieces * piece_size, piece_size, {}};
}

}  // namespace hubdist::exchange::sim
