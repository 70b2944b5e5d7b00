// A tracker and four nodes in one process: the origin is read once, everybody gets all of it.
//
// What a node holds and where its origin is, is up to the application: here memory and a vector. A
// Client (download.cc) does the same with files and a hub.
#include <atomic>
#include <iostream>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include <hubdist/core/hash.h>
#include <hubdist/exchange/net/node.h>
#include <hubdist/exchange/net/tracker.h>

namespace {

using namespace hubdist;

constexpr std::size_t kNodes = 4;
constexpr std::uint64_t kSize = 64 * kMiB;

// The origin, and how many bytes of it were read.
struct Origin {
  Bytes bytes = Bytes(kSize);
  std::atomic<std::uint64_t> read{0};
};

// One node's content: a buffer that fills.
class Memory : public Content {
 public:
  explicit Memory(Origin& origin) : origin_(origin), bytes_(kSize) {}

  Status read(std::string_view, std::uint64_t offset, MutableBytes out) override {
    const std::lock_guard lock(mutex_);
    std::memcpy(out.data(), bytes_.data() + offset, out.size());
    return {};
  }
  Status write(std::string_view, std::uint64_t offset, ByteView bytes, Source) override {
    const std::lock_guard lock(mutex_);
    std::memcpy(bytes_.data() + offset, bytes.data(), bytes.size());
    return {};
  }
  Status read_origin(std::string_view, ByteRange range, const std::function<Status(ByteView)>& sink,
                     std::stop_token) override {
    origin_.read += range.size();
    return sink(ByteView(origin_.bytes).subspan(range.begin, range.size()));
  }
  bool complete() const { return bytes_ == origin_.bytes; }

 private:
  Origin& origin_;
  std::mutex mutex_;
  Bytes bytes_;
};

Status run() {
  Origin origin;
  for (std::size_t i = 0; i < kSize; ++i) origin.bytes[i] = static_cast<std::byte>(i * i >> 8);
  Sha256Hasher hasher;
  hasher.update(origin.bytes);
  UnitLayout unit;
  unit.id = concat("sha256:", hasher.finish().hex());
  unit.size = kSize;
  unit.piece_size = piece_size_for(kSize);

  const Secret key("whoever has this may take part");
  HUBDIST_ASSIGN(const auto tracker, Tracker::start({.listen = "127.0.0.1:0", .key = key}));
  std::vector<std::shared_ptr<Memory>> contents;
  std::vector<std::unique_ptr<Node>> nodes;
  for (std::size_t i = 0; i < kNodes; ++i) {
    NodeOptions options;
    options.key = key;
    options.tracker = [&]() -> Result<std::string> { return tracker->address(); };
    contents.push_back(std::make_shared<Memory>(origin));
    HUBDIST_ASSIGN(auto node, Node::start(std::move(options), contents.back()));
    nodes.push_back(std::move(node));
  }

  RangeSet all;
  all.add({0, kSize});
  std::vector<Result<FetchResult>> results(kNodes);
  {
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < kNodes; ++i)
      threads.emplace_back([&, i] { results[i] = nodes[i]->fetch(unit, all, {}, {}); });
  }
  for (std::size_t i = 0; i < kNodes; ++i) {
    HUBDIST_ASSIGN(const FetchResult moved, results[i]);
    std::cout << "node " << i << ": " << moved.from_origin / kMiB << " MiB from the origin, "
              << moved.from_peers / kMiB << " MiB from peers, "
              << (contents[i]->complete() ? "complete" : "WRONG") << '\n';
  }
  std::cout << "the origin was read " << static_cast<double>(origin.read) / kSize << " times\n";
  return {};
}

}  // namespace

int main() {
  const Status status = run();
  if (!status.ok()) std::cerr << status << '\n';
  return status.ok() ? 0 : 1;
}
