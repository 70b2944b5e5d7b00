// Trackers and nodes on real sockets, in one process, over contents in memory.
#include <atomic>
#include <future>
#include <map>
#include <mutex>
#include <thread>

#include <doctest/doctest.h>

#include "tests/support/random.h"
#include "tests/support/raw_client.h"
#include <hubdist/core/hash.h>
#include <hubdist/exchange/net/node.h>
#include <hubdist/exchange/net/tracker.h>
#include <hubdist/io/http_client.h>

using namespace hubdist;

namespace {

using Units = std::map<std::string, Bytes, std::less<>>;

// What the hub has, and how often it was read.
struct Origin {
  std::mutex mutex;
  Units units;
  std::atomic<std::uint64_t> bytes_read = 0;
  std::atomic<bool> lies = false;
  std::atomic<std::chrono::milliseconds::rep> delay_ms = 0;
};

class MemoryContent final : public Content {
 public:
  explicit MemoryContent(Origin& origin) : origin_(origin) {}

  Status read(std::string_view unit, std::uint64_t offset, MutableBytes out) override {
    const std::lock_guard lock(mutex_);
    const auto found = units_.find(unit);
    if (found == units_.end() || offset + out.size() > found->second.size())
      return not_found("no ", unit);
    std::copy_n(found->second.begin() + static_cast<std::ptrdiff_t>(offset), out.size(),
                out.begin());
    if (corrupts) out[0] ^= std::byte{1};
    return {};
  }
  Status write(std::string_view unit, std::uint64_t offset, ByteView bytes, Source) override {
    if (full) return failed_precondition("the disk is full");
    const std::lock_guard lock(mutex_);
    Bytes& there = units_[std::string(unit)];
    if (there.size() < offset + bytes.size()) there.resize(offset + bytes.size());
    std::copy(bytes.begin(), bytes.end(), there.begin() + static_cast<std::ptrdiff_t>(offset));
    return {};
  }
  Status read_origin(std::string_view unit, ByteRange range,
                     const std::function<Status(ByteView)>& sink, std::stop_token stop) override {
    Bytes bytes;
    {
      const std::lock_guard lock(origin_.mutex);
      const Bytes& all = origin_.units.find(unit)->second;
      bytes.assign(all.begin() + static_cast<std::ptrdiff_t>(range.begin),
                   all.begin() + static_cast<std::ptrdiff_t>(range.end));
    }
    if (origin_.lies.exchange(false)) bytes[bytes.size() / 2] ^= std::byte{1};
    constexpr std::size_t kStep = 256 * kKiB;
    for (std::size_t at = 0; at < bytes.size(); at += kStep) {
      for (auto left = origin_.delay_ms.load(); left > 0 && !stop.stop_requested(); left -= 5)
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
      if (stop.stop_requested()) return cancelled("stopped");
      const ByteView part = ByteView(bytes).subspan(at, std::min(kStep, bytes.size() - at));
      origin_.bytes_read += part.size();
      HUBDIST_TRY(sink(part));
    }
    return {};
  }

  void put(const std::string& unit, Bytes bytes) {
    const std::lock_guard lock(mutex_);
    units_[unit] = std::move(bytes);
  }
  Bytes get(const std::string& unit) {
    const std::lock_guard lock(mutex_);
    return units_[unit];
  }

  std::atomic<bool> corrupts = false;
  std::atomic<bool> full = false;

 private:
  Origin& origin_;
  std::mutex mutex_;
  Units units_;
};

struct Member {
  std::shared_ptr<MemoryContent> content;
  std::unique_ptr<Node> node;
};

struct Exchange {
  Origin origin;
  Secret key{"0123456789abcdef"};
  std::unique_ptr<Tracker> tracker = *Tracker::start({.key = key});
  std::mutex mutex;
  std::string address = tracker->address();

  Member join() {
    Member member;
    member.content = std::make_shared<MemoryContent>(origin);
    NodeOptions options;
    options.key = key;
    options.tracker = [this]() -> Result<std::string> {
      const std::lock_guard lock(mutex);
      return address;
    };
    member.node = *Node::start(std::move(options), member.content);
    return member;
  }
  UnitLayout blob(std::size_t pieces) {
    const std::string id = "sha256:" + std::string(63, 'a') + static_cast<char>('0' + pieces % 10);
    origin.units[id] = testing::random_bytes(pieces, pieces * kMinPieceSize - 1234);
    return {id, origin.units[id].size(), kMinPieceSize, {}};
  }
  UnitLayout bundle(const std::vector<std::uint64_t>& sizes) {
    UnitLayout layout{"bundle:" + std::string(64, 'b'), 0, 0, {}};
    for (const std::uint64_t size : sizes) layout.piece_ends.push_back(layout.size += size);
    origin.units[layout.id] = testing::random_bytes(sizes.size(), layout.size);
    return layout;
  }
};

Result<FetchResult> fetch(Member& member, const UnitLayout& unit, const RangeSet& held = {},
                          std::stop_token stop = {}) {
  return member.node->fetch(unit, RangeSet({0, unit.size}), held, std::move(stop));
}

std::future<Result<FetchResult>> fetch_soon(Member& member, const UnitLayout& unit,
                                            std::stop_token stop = {}) {
  return std::async(std::launch::async,
                    [&member, unit, stop] { return fetch(member, unit, {}, stop); });
}

template <typename F>
bool eventually(F&& holds) {
  for (int i = 0; i < 500; ++i) {
    if (holds()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return false;
}

}  // namespace

TEST_CASE("four nodes get a blob and the origin is read once") {
  Exchange exchange;
  const UnitLayout unit = exchange.blob(40);
  std::vector<Member> members;
  for (int i = 0; i < 4; ++i) members.push_back(exchange.join());
  std::vector<std::future<Result<FetchResult>>> fetches;
  for (Member& member : members) fetches.push_back(fetch_soon(member, unit));
  std::uint64_t from_origin = 0;
  for (auto& one : fetches) {
    const Result<FetchResult> result = one.get();
    REQUIRE_MESSAGE(result.ok(), result.status().ToString());
    CHECK(result->from_origin + result->from_peers == unit.size);
    from_origin += result->from_origin;
  }
  CHECK(from_origin == unit.size);
  CHECK(exchange.origin.bytes_read == unit.size);
  for (Member& member : members)
    CHECK(member.content->get(unit.id) == exchange.origin.units[unit.id]);
}

TEST_CASE("a bundle of small contents travels in a few requests") {
  Exchange exchange;
  const UnitLayout unit = exchange.bundle({10, 2000, 1, 70'000, 5, 123'456});
  Member a = exchange.join();
  Member b = exchange.join();
  REQUIRE(fetch(a, unit).ok());
  const auto result = fetch(b, unit);
  REQUIRE(result.ok());
  CHECK(result->from_peers == unit.size);
  CHECK(exchange.origin.bytes_read == unit.size);
  CHECK(b.content->get(unit.id) == exchange.origin.units[unit.id]);
}

TEST_CASE("what is held already is given to others and not fetched again") {
  Exchange exchange;
  const UnitLayout unit = exchange.blob(12);
  Member a = exchange.join();
  a.content->put(unit.id, exchange.origin.units[unit.id]);
  REQUIRE(a.node->offer(unit, RangeSet({0, 8 * kMinPieceSize})).ok());
  REQUIRE(eventually([&] { return a.node->statistics().tracker_reachable; }));
  Member b = exchange.join();
  const auto result = fetch(b, unit);
  REQUIRE(result.ok());
  CHECK(result->from_peers == 8 * kMinPieceSize);
  CHECK(exchange.origin.bytes_read == unit.size - 8 * kMinPieceSize);
  CHECK(b.content->get(unit.id) == exchange.origin.units[unit.id]);
}

TEST_CASE("wrong bytes of a peer are thrown away and come from elsewhere") {
  Exchange exchange;
  const UnitLayout unit = exchange.blob(6);
  Member liar = exchange.join();
  Member honest = exchange.join();
  REQUIRE(fetch(liar, unit).ok());
  liar.content->corrupts = true;
  const auto result = fetch(honest, unit);
  REQUIRE_MESSAGE(result.ok(), result.status().ToString());
  CHECK(honest.content->get(unit.id) == exchange.origin.units[unit.id]);
  CHECK(honest.node->statistics().corrupt_pieces > 0);
}

TEST_CASE("a doubted unit is read once more, and only what differs moves") {
  Exchange exchange;
  const UnitLayout unit = exchange.blob(8);
  Member a = exchange.join();
  Member b = exchange.join();
  exchange.origin.lies = true;  // the first reading of one piece
  REQUIRE(fetch(a, unit).ok());
  CHECK(a.content->get(unit.id) != exchange.origin.units[unit.id]);
  REQUIRE(fetch(b, unit).ok());
  REQUIRE(b.node->doubt(unit.id).ok());
  const auto again = fetch(b, unit);
  REQUIRE_MESSAGE(again.ok(), again.status().ToString());
  CHECK(b.content->get(unit.id) == exchange.origin.units[unit.id]);
}

TEST_CASE("a content that cannot take bytes ends the fetch with its own error") {
  Exchange exchange;
  const UnitLayout unit = exchange.blob(4);
  Member a = exchange.join();
  a.content->full = true;
  const auto result = fetch(a, unit);
  CHECK(result.status().code() == StatusCode::kFailedPrecondition);
  CHECK(message(result.status()).find("disk is full") != std::string_view::npos);
}

TEST_CASE("a fetch that is stopped ends at once and keeps what came") {
  Exchange exchange;
  const UnitLayout unit = exchange.blob(16);
  exchange.origin.delay_ms = 50;
  Member a = exchange.join();
  std::stop_source stop;
  auto running = fetch_soon(a, unit, stop.get_token());
  REQUIRE(eventually([&] { return exchange.origin.bytes_read > 2 * kMinPieceSize; }));
  const auto begin = std::chrono::steady_clock::now();
  stop.request_stop();
  CHECK(running.get().status().code() == StatusCode::kCancelled);
  CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(2));
}

TEST_CASE("the others finish when a node goes in the middle") {
  Exchange exchange;
  const UnitLayout unit = exchange.blob(32);
  exchange.origin.delay_ms = 5;
  Member a = exchange.join();
  Member b = exchange.join();
  Member c = exchange.join();
  std::stop_source stop;
  auto first = fetch_soon(a, unit, stop.get_token());
  auto second = fetch_soon(b, unit);
  auto third = fetch_soon(c, unit);
  REQUIRE(eventually([&] { return exchange.origin.bytes_read > unit.size / 4; }));
  stop.request_stop();
  (void)first.get();
  a.node.reset();
  CHECK(second.get().ok());
  CHECK(third.get().ok());
  CHECK(b.content->get(unit.id) == exchange.origin.units[unit.id]);
  CHECK(c.content->get(unit.id) == exchange.origin.units[unit.id]);
}

TEST_CASE("the nodes finish with a successor when the tracker goes in the middle") {
  Exchange exchange;
  const UnitLayout unit = exchange.blob(32);
  exchange.origin.delay_ms = 5;
  Member a = exchange.join();
  Member b = exchange.join();
  auto first = fetch_soon(a, unit);
  auto second = fetch_soon(b, unit);
  REQUIRE(eventually([&] { return exchange.origin.bytes_read > unit.size / 4; }));
  exchange.tracker.reset();
  auto successor = *Tracker::start({.key = exchange.key, .successor = true});
  {
    const std::lock_guard lock(exchange.mutex);
    exchange.address = successor->address();
  }
  CHECK(first.get().ok());
  CHECK(second.get().ok());
  CHECK(b.content->get(unit.id) == exchange.origin.units[unit.id]);
  CHECK(exchange.origin.bytes_read <= unit.size + 2 * 16 * kMiB);
}

TEST_CASE("a stranger learns nothing at a node's port") {
  Exchange exchange;
  const UnitLayout unit = exchange.blob(4);
  Member a = exchange.join();
  REQUIRE(fetch(a, unit).ok());
  HttpClient stranger;
  HttpRequest request;
  const std::vector<std::string> ids{unit.id, "sha256:absent"};
  for (const std::string& id : ids) {
    request.url = concat("http://", a.node->address(), "/v1/units/", percent_encode(id));
    request.headers.set("Range", "bytes=0-99");
    const auto reply = stranger.fetch(request);
    REQUIRE(reply.ok());
    CHECK(reply->status == 404);
    CHECK(reply->body.empty());
  }
  request.headers.set("Authorization", "HubdistMAC nonce=00, time=1, mac=22");
  CHECK(stranger.fetch(request)->status == 404);
}

TEST_CASE("a node with another key is refused and goes alone") {
  Exchange exchange;
  const UnitLayout unit = exchange.blob(4);
  auto content = std::make_shared<MemoryContent>(exchange.origin);
  NodeOptions options;
  options.key = Secret("another key");
  options.tracker = [&]() -> Result<std::string> { return exchange.address; };
  options.tracker_patience = std::chrono::milliseconds(500);
  Member stranger{content, *Node::start(std::move(options), content)};
  const auto result = fetch(stranger, unit);
  REQUIRE(result.ok());
  CHECK(result->from_origin == unit.size);
  CHECK_FALSE(stranger.node->statistics().tracker_reachable);
  CHECK(exchange.tracker->members() == 0);
}

TEST_CASE("a node waits until nobody needs it") {
  Exchange exchange;
  const UnitLayout unit = exchange.blob(24);
  Member a = exchange.join();
  REQUIRE(fetch(a, unit).ok());
  Member b = exchange.join();
  auto second = fetch_soon(b, unit);
  REQUIRE(a.node->wait_until_unneeded({}).ok());
  CHECK(second.get().ok());
  std::stop_source stop;
  stop.request_stop();
  CHECK(a.node->wait_until_unneeded(std::stop_token()).ok());
}

TEST_CASE("only loopback is listened on, and a key is needed") {
  CHECK(Tracker::start({.listen = "0.0.0.0:0", .key = Secret("k")}).status().code() ==
        StatusCode::kInvalidArgument);
  CHECK(Tracker::start({}).status().code() == StatusCode::kInvalidArgument);
  CHECK(Tracker::start({.listen = "nonsense", .key = Secret("k")}).status().code() ==
        StatusCode::kInvalidArgument);
  Origin origin;
  NodeOptions options;
  options.listen = "192.0.2.1:0";
  options.key = Secret("k");
  CHECK(Node::start(options, std::make_shared<MemoryContent>(origin)).status().code() ==
        StatusCode::kInvalidArgument);
}

TEST_CASE("connections of strangers do not keep nodes from the tracker, nor use up descriptors") {
  Exchange exchange;
  const std::string address = exchange.tracker->address();
  const auto port = static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1)));
  std::vector<std::unique_ptr<testing::RawClient>> strangers;
  for (int i = 0; i < 200; ++i) {
    strangers.push_back(std::make_unique<testing::RawClient>(port));
    strangers.back()->send("GET /v1/control HTTP/1.1\r\n");
  }
  for (int i = 0; i < 200 - 64; ++i) CHECK(strangers[static_cast<std::size_t>(i)]->hung_up());
  const UnitLayout unit = exchange.blob(4);
  Member a = exchange.join();
  REQUIRE(fetch(a, unit).ok());
  CHECK(exchange.tracker->members() == 1);
}

TEST_CASE("a node beyond the tracker's limit is told so and goes alone") {
  Exchange exchange;
  exchange.tracker = *Tracker::start({.key = exchange.key, .max_members = 1});
  exchange.address = exchange.tracker->address();
  const UnitLayout unit = exchange.blob(4);
  Member a = exchange.join();
  REQUIRE(eventually([&] { return exchange.tracker->members() == 1; }));
  auto content = std::make_shared<MemoryContent>(exchange.origin);
  NodeOptions options;
  options.key = exchange.key;
  options.tracker = [&]() -> Result<std::string> { return exchange.address; };
  options.tracker_patience = std::chrono::milliseconds(500);
  Member second{content, *Node::start(std::move(options), content)};
  const auto result = fetch(second, unit);
  REQUIRE_MESSAGE(result.ok(), result.status().ToString());
  CHECK(result->from_origin == unit.size);
  CHECK_FALSE(second.node->statistics().tracker_reachable);
}
