#include <filesystem>
#include <fstream>
#include <future>
#include <set>
#include <sstream>
#include <thread>

#include "src/exchange/net/auth.h"
#include "tests/client/client_fixture.h"
#include "tests/support/raw_client.h"
#include <hubdist/core/piece_map.h>
#include <hubdist/exchange/net/rendezvous.h>
#include <hubdist/exchange/net/tracker.h>
#include <hubdist/io/http_client.h>

using namespace hubdist;
using namespace hubdist::testing;

namespace {

struct ExchangeFixture : ClientFixture {
  std::unique_ptr<Tracker> tracker = start_tracker();

  ExchangeFixture() {
    files["other.bin"] = random_text(6'500'000, 2);
    for (int i = 0; i < 140; ++i)
      files[concat("small/", i)] = random_text(100 + static_cast<std::size_t>(i) * 7, 100u);
    hub->commit(kFirst, files);
  }
  std::unique_ptr<Tracker> start_tracker() {
    auto& disk = posix_file_system();
    const auto key = exchange_key(disk, dir / "home");
    REQUIRE(key.ok());
    auto started = Tracker::start({.key = *key});
    REQUIRE_MESSAGE(started.ok(), started.status().ToString());
    return *std::move(started);
  }
  // A client with a cache of its own.
  std::unique_ptr<Client> node(std::string_view name, std::string_view address) {
    ClientOptions how = options();
    how.cache_dir = dir / name;
    how.tracker = address;
    how.file_system = nullptr;
    return make(how);
  }
  // What the origin gives when each content is read once.
  std::uint64_t unique_bytes() {
    std::map<std::string, std::size_t> contents;
    for (const auto& [path, text] : files) contents[text] = text.size();
    std::uint64_t total = 0;
    for (const auto& [text, size] : contents) total += size;
    return total;
  }
  std::vector<Result<DownloadReport>> all_at_once(std::vector<std::unique_ptr<Client>>& nodes) {
    std::vector<Result<DownloadReport>> reports(nodes.size(), unavailable("not run"));
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < nodes.size(); ++i)
      threads.emplace_back([&, i] { reports[i] = nodes[i]->download_snapshot(request()); });
    threads.clear();
    return reports;
  }
};

// The ports on loopback at which this process listens, as the system sees it.
std::set<std::uint16_t> listening_ports() {
  std::set<std::string> own;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code gone;
    own.insert(std::filesystem::read_symlink(entry, gone).string());
  }
  std::set<std::uint16_t> ports;
  std::ifstream table("/proc/self/net/tcp");
  std::string line;
  std::getline(table, line);
  while (std::getline(table, line)) {
    std::istringstream fields(line);
    std::string number, local, remote, state, queues, timer, retransmits, user, timeout, inode;
    fields >> number >> local >> remote >> state >> queues >> timer >> retransmits >> user >>
        timeout >> inode;
    if (state == "0A" && own.contains(concat("socket:[", inode, "]")))
      ports.insert(static_cast<std::uint16_t>(std::stoul(local.substr(9), nullptr, 16)));
  }
  return ports;
}

}  // namespace

TEST_CASE_FIXTURE(ExchangeFixture, "four nodes read the origin once") {
  std::string address = tracker->address();
  SUBCASE("with a tracker that runs") {}
  SUBCASE("with the tracker of one of them") { address = "auto"; }
  std::vector<std::unique_ptr<Client>> nodes;
  for (const char* name : {"one", "two", "three", "four"}) nodes.push_back(node(name, address));
  const auto reports = all_at_once(nodes);
  std::uint64_t from_origin = 0;
  for (const auto& report : reports) {
    REQUIRE_MESSAGE(report.ok(), report.status().ToString());
    check_all(report->path, files);
    CHECK(report->verified);
    from_origin += report->bytes_from_origin;
  }
  CHECK(from_origin == unique_bytes());
  CHECK(hub->bytes.load() == unique_bytes());
  CHECK(nodes[0]->exchange().node_id.size() == 32);
  CHECK(nodes[0]->exchange().node_id != nodes[1]->exchange().node_id);
}

TEST_CASE_FIXTURE(ExchangeFixture, "what a node has is given to one that comes later") {
  std::vector<std::unique_ptr<Client>> first;
  first.push_back(node("one", tracker->address()));
  REQUIRE(all_at_once(first)[0].ok());
  const std::uint64_t before = hub->bytes;
  SUBCASE("by the process that got it") {}
  SUBCASE("by a later process, from the record of what was proved") {
    first[0] = node("one", tracker->address());
    const auto again = first[0]->download_snapshot(request());
    REQUIRE(again.ok());
    CHECK(again->bytes_held == again->bytes);
  }
  std::vector<std::unique_ptr<Client>> second;
  second.push_back(node("two", tracker->address()));
  const auto reports = all_at_once(second);
  REQUIRE_MESSAGE(reports[0].ok(), reports[0].status().ToString());
  check_all(reports[0]->path, files);
  CHECK(hub->bytes.load() == before);
  CHECK(reports[0]->bytes_from_peers == unique_bytes());
  CHECK(first[0]->exchange().bytes_to_peers >= unique_bytes());
}

TEST_CASE_FIXTURE(ExchangeFixture, "of a new commit only what changed moves, once for all") {
  std::vector<std::unique_ptr<Client>> nodes;
  for (const char* name : {"one", "two", "three"}) nodes.push_back(node(name, tracker->address()));
  for (const auto& report : all_at_once(nodes)) REQUIRE(report.ok());
  const std::uint64_t before = hub->bytes;
  files["other.bin"] = random_text(5'000'000, 9);
  files["config.json"] = "{\"changed\": 1}";
  hub->commit(kSecond, files);
  for (const auto& report : all_at_once(nodes)) {
    REQUIRE_MESSAGE(report.ok(), report.status().ToString());
    check_all(report->path, files);
  }
  CHECK(hub->bytes.load() == before + files["other.bin"].size() + files["config.json"].size());
}

TEST_CASE_FIXTURE(ExchangeFixture,
                  "nodes that want different files share what they have in common") {
  std::vector<std::unique_ptr<Client>> nodes;
  nodes.push_back(node("one", tracker->address()));
  nodes.push_back(node("two", tracker->address()));
  SnapshotRequest some = request();
  some.filter.include = {"small/1*", "*.bin"};
  some.filter.has_include = true;
  Result<DownloadReport> first = unavailable(""), second = unavailable("");
  {
    std::jthread a([&] { first = nodes[0]->download_snapshot(some); });
    std::jthread b([&] { second = nodes[1]->download_snapshot(request()); });
  }
  REQUIRE_MESSAGE(first.ok(), first.status().ToString());
  REQUIRE_MESSAGE(second.ok(), second.status().ToString());
  check_all(second->path, files);
  CHECK_FALSE(exists(posix_file_system(), first->path / "small/2"));
  CHECK(hub->bytes.load() == unique_bytes());
}

TEST_CASE_FIXTURE(ExchangeFixture,
                  "wrong bytes from the origin are read once more, for all nodes") {
  std::atomic<int> lies = 1;
  hub->tamper = [&](const std::string& path, std::string& text) {
    if (path == "model.bin" && lies-- > 0) text[1'500'000] ^= 1;
  };
  std::vector<std::unique_ptr<Client>> nodes;
  for (const char* name : {"one", "two", "three"}) nodes.push_back(node(name, tracker->address()));
  for (const auto& report : all_at_once(nodes)) {
    REQUIRE_MESSAGE(report.ok(), report.status().ToString());
    check_all(report->path, files);
  }
}

TEST_CASE_FIXTURE(ExchangeFixture, "bytes that are always wrong are an error for each") {
  hub->tamper = [&](const std::string& path, std::string& text) {
    if (path == "model.bin") text[1'500'000] ^= 1;
  };
  std::vector<std::unique_ptr<Client>> nodes;
  for (const char* name : {"one", "two"}) nodes.push_back(node(name, tracker->address()));
  for (const auto& report : all_at_once(nodes)) {
    CHECK(report.status().code() == StatusCode::kDataLoss);
    CHECK(message(report.status()).find("model.bin") != std::string_view::npos);
  }
}

TEST_CASE_FIXTURE(ExchangeFixture, "a file that was edited since is not given to others") {
  std::vector<std::unique_ptr<Client>> first;
  first.push_back(node("one", tracker->address()));
  const auto report = all_at_once(first)[0];
  REQUIRE(report.ok());
  const Path blob = dir / "one/models--org--model/blobs" / FakeHub::entry("", big).etag;
  std::string wrong = big;
  wrong[10] ^= 1;
  REQUIRE(write_file_atomic(posix_file_system(), blob, as_bytes(wrong)).ok());
  std::vector<std::unique_ptr<Client>> second;
  second.push_back(node("two", tracker->address()));
  const auto reports = all_at_once(second);
  REQUIRE_MESSAGE(reports[0].ok(), reports[0].status().ToString());
  check_all(reports[0]->path, files);
}

TEST_CASE_FIXTURE(ExchangeFixture, "a folder takes part as a cache does") {
  std::vector<std::unique_ptr<Client>> nodes;
  nodes.push_back(node("one", tracker->address()));
  nodes.push_back(node("two", tracker->address()));
  SnapshotRequest local = request();
  local.local_dir = dir / "folder";
  Result<DownloadReport> first = unavailable(""), second = unavailable("");
  {
    std::jthread a([&] { first = nodes[0]->download_snapshot(local); });
    std::jthread b([&] { second = nodes[1]->download_snapshot(request()); });
  }
  REQUIRE_MESSAGE(first.ok(), first.status().ToString());
  REQUIRE_MESSAGE(second.ok(), second.status().ToString());
  check_all(dir / "folder", files);
  check_all(second->path, files);
  CHECK(hub->bytes.load() == unique_bytes());
  CHECK(exists(posix_file_system(), dir / "folder/.cache/huggingface/hubdist/node-id"));
}

TEST_CASE_FIXTURE(ExchangeFixture,
                  "what this node holds elsewhere is copied; force and loss fetch") {
  const auto one = node("one", tracker->address());
  const auto other = node("other", tracker->address());
  SnapshotRequest wanted = request();
  REQUIRE(one->download_snapshot(wanted).ok());
  const std::uint64_t before = hub->bytes;
  SUBCASE("into a folder") {
    wanted.local_dir = dir / "folder";
    const auto report = one->download_snapshot(wanted);
    REQUIRE_MESSAGE(report.ok(), report.status().ToString());
    check_all(report->path, files);
    CHECK(hub->bytes == before);
  }
  SUBCASE("forced") {
    wanted.force_download = true;
    const auto report = one->download_snapshot(wanted);
    REQUIRE_MESSAGE(report.ok(), report.status().ToString());
    check_all(report->path, files);
    CHECK(report->bytes_from_origin == unique_bytes());
  }
  SUBCASE("the cache was deleted") {
    REQUIRE(remove_tree(posix_file_system(), dir / "one/models--org--model").ok());
    const auto report = one->download_snapshot(wanted);
    REQUIRE_MESSAGE(report.ok(), report.status().ToString());
    check_all(report->path, files);
  }
}

TEST_CASE_FIXTURE(ExchangeFixture, "files of one content in a folder, with an exchange") {
  files["a copy"] = files["z copy"] = files["other.bin"];
  hub->commit(kFirst, files);
  const auto one = node("one", tracker->address());
  SnapshotRequest wanted = request();
  wanted.local_dir = dir / "folder";
  REQUIRE(posix_file_system().make_directories(dir / "folder").ok());
  REQUIRE(
      write_file_atomic(posix_file_system(), dir / "folder/z copy", as_bytes(files["other.bin"]))
          .ok());
  const auto report = one->download_snapshot(wanted);
  REQUIRE_MESSAGE(report.ok(), report.status().ToString());
  check_all(dir / "folder", files);
  CHECK(hub->bytes.load() == unique_bytes() - files["other.bin"].size());
}

TEST_CASE_FIXTURE(ExchangeFixture, "two clients on one cache fetch once and keep one id") {
  std::vector<std::unique_ptr<Client>> nodes;
  nodes.push_back(node("one", tracker->address()));
  nodes.push_back(node("one", tracker->address()));
  for (const auto& report : all_at_once(nodes)) {
    REQUIRE_MESSAGE(report.ok(), report.status().ToString());
    check_all(report->path, files);
  }
  CHECK(hub->bytes.load() == unique_bytes());
  CHECK(nodes[0]->exchange().node_id == nodes[1]->exchange().node_id);
}

TEST_CASE_FIXTURE(ExchangeFixture, "one file comes through the exchange as well") {
  std::vector<std::unique_ptr<Client>> nodes;
  nodes.push_back(node("one", tracker->address()));
  nodes.push_back(node("two", tracker->address()));
  for (const auto& client_of : nodes) {
    const auto report = client_of->download_file(file_request("model.bin"));
    REQUIRE_MESSAGE(report.ok(), report.status().ToString());
    CHECK(content(report->path) == big);
  }
  CHECK(hub->bytes.load() == big.size());
}

TEST_CASE_FIXTURE(ExchangeFixture, "a hub that refuses this process's token is obeyed") {
  std::vector<std::unique_ptr<Client>> nodes;
  nodes.push_back(node("one", tracker->address()));
  REQUIRE(all_at_once(nodes)[0].ok());
  // The listing is there already, in a cache without the files.
  auto& disk = posix_file_system();
  const Path listing = Path("models--org--model") / "trees" / (kFirst + ".json");
  REQUIRE(disk.make_directories((dir / "two" / listing).parent_path()).ok());
  REQUIRE(disk.copy(dir / "one" / listing, dir / "two" / listing).ok());
  hub->failure = permission_denied("not for you");
  const auto other = node("two", tracker->address());
  SnapshotRequest pinned = request();
  pinned.revision = kFirst;
  CHECK(other->download_snapshot(pinned).status().code() == StatusCode::kPermissionDenied);
}

TEST_CASE_FIXTURE(ExchangeFixture, "a file of a small snapshot and of a large one is one content") {
  std::vector<std::unique_ptr<Client>> nodes;
  for (const char* name : {"one", "two"}) nodes.push_back(node(name, tracker->address()));
  REQUIRE(nodes[0]->download_snapshot(request()).ok());
  const std::uint64_t before = hub->bytes;
  files["huge.bin"] = "wanted by nobody";
  hub->sizes["huge.bin"] = 5 * kGiB;
  hub->commit(kSecond, files);
  SnapshotRequest some = request();
  some.filter.include = {"*.bin"};
  some.filter.exclude = {"huge.bin"};
  some.filter.has_include = true;
  for (const auto& client_of : nodes) {
    const auto report = client_of->download_snapshot(some);
    REQUIRE_MESSAGE(report.ok(), report.status().ToString());
    CHECK(report->bytes_from_origin == 0);
  }
  CHECK(hub->bytes.load() == before);
}

TEST_CASE_FIXTURE(ExchangeFixture, "a node does not leave before it has proved what it holds") {
  ClientOptions without = options();
  without.cache_dir = dir / "one";
  without.tracker = "off";
  REQUIRE(make(without)->download_snapshot(request()).ok());
  std::promise<void> gate;
  fs.set_hook([opened = gate.get_future().share()](const FileOperation& operation) -> Status {
    if (operation.name == "pread" &&
        operation.path.native().find("/snapshots/") != std::string::npos)
      opened.wait();
    return {};
  });
  ClientOptions with = without;
  with.tracker = tracker->address();
  const auto holder = make(with);
  CHECK(holder->download_snapshot(request()).ok());
  std::atomic<bool> left = false;
  std::jthread leaving([&] {
    CHECK(holder->wait_until_unneeded({}).ok());
    left = true;
  });
  std::this_thread::sleep_for(std::chrono::milliseconds(500));
  CHECK_FALSE(left);
  gate.set_value();
  leaving.join();
  const std::uint64_t before = hub->bytes;
  const auto report = node("two", tracker->address())->download_snapshot(request());
  REQUIRE_MESSAGE(report.ok(), report.status().ToString());
  CHECK(hub->bytes.load() == before);
}

TEST_CASE_FIXTURE(ExchangeFixture, "a client leaves several folders as fast as one") {
  const std::string large(20'000'000, 'x');
  files = {{"large.bin", large}};
  hub->commit(kSecond, files);
  const std::set<std::uint16_t> before = listening_ports();
  auto leaving = node("one", tracker->address());
  for (const char* name : {"a", "b", "c"}) {
    SnapshotRequest local = request();
    local.local_dir = dir / name;
    const auto report = leaving->download_snapshot(local);
    REQUIRE_MESSAGE(report.ok(), report.status().ToString());
  }
  // Readers of each that stop in the middle.
  const auto key = exchange_key(posix_file_system(), dir / "home");
  REQUIRE(key.ok());
  const exchange::RequestSigner signer(*key);
  Snapshot listed;
  listed.files = {FakeHub::entry("large.bin", large)};
  const std::string target =
      concat("/v1/units/", percent_encode(make_piece_map(listed).units[0].layout.id));
  const std::string range = concat("bytes=0-", large.size() - 1);
  const auto now = std::chrono::duration_cast<std::chrono::milliseconds>(
                       system_clock().wall_time().time_since_epoch())
                       .count();
  std::vector<std::unique_ptr<RawClient>> readers;
  for (const std::uint16_t port : listening_ports()) {
    if (before.contains(port)) continue;
    const std::string address = concat("127.0.0.1:", port);
    std::string nonce;
    readers.push_back(std::make_unique<RawClient>(port));
    readers.back()->send(concat(
        "GET ", target, " HTTP/1.1\r\nHost: ", address, "\r\nRange: ", range, "\r\nAuthorization: ",
        signer.sign({"GET", target, range, address}, now, nonce), "\r\n\r\n"));
    CHECK(readers.back()->read_head().find(" 206 ") != std::string::npos);
  }
  REQUIRE(readers.size() == 3);
  const auto begin = std::chrono::steady_clock::now();
  leaving.reset();
  CHECK(std::chrono::steady_clock::now() - begin < std::chrono::milliseconds(4'500));
}
