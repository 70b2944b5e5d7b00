// The control plane's messages as bytes.
#include <doctest/doctest.h>

#include <hubdist/exchange/tracker_machine.h>
#include <hubdist/exchange/wire.h>

using namespace hubdist;
using namespace hubdist::exchange;

namespace {

Blake3 hash(int n) {
  Blake3 out;
  out.bytes.fill(static_cast<std::byte>(n));
  return out;
}

Mac mac(int n) {
  Mac out;
  out.bytes.fill(static_cast<std::byte>(n));
  return out;
}

Bytes bytes(std::string_view text) {
  const ByteView view = as_bytes(text);
  return {view.begin(), view.end()};
}

// Every message, with every field set.
std::vector<Message> one_of_each() {
  Hello hello;
  hello.version = {1, 7};
  hello.nonce.fill(std::byte{1});
  hello.node_id.fill(std::byte{2});
  hello.instance.fill(std::byte{3});
  hello.tracker = "127.0.0.1:1";
  hello.data_address = "127.0.0.1:2";
  hello.zone = "z1";
  hello.features = {"a", "b"};
  hello.rates = {1, 2, 3, 4, 5, 6};
  hello.capacity = {9, 8, 7, true, true};
  hello.last_epoch = 1ull << 60;
  hello.known_members = 5;
  hello.job = "job 1";
  hello.certificate = bytes("certificate");
  Challenge challenge;
  challenge.nonce.fill(std::byte{4});
  challenge.mac = mac(5);
  const UnitLayout blob{"sha256:x", 3 * kMiB - 5, kMiB, {}};
  const UnitLayout bundle{"bundle:" + std::string(64, 'a'), 60, 0, {10, 30, 60}};
  Peer peer{4, {}, "127.0.0.1:9", "z", bytes("key"), bytes("cert"), {}};
  peer.node_id.fill(std::byte{6});
  peer.instance.fill(std::byte{8});
  return {
      hello,
      challenge,
      Proof{mac(7)},
      Welcome{77, 2000, 10'000, 2000, 3, {"h:1", "h:2"}, {"f"}, 1'700'000'000'000},
      Refusal{StatusCode::kPermissionDenied, "no", {1, 0}},
      Declare{1, blob, {"xet:y"}, 3},
      Declare{2, bundle, {}, 0},
      Want{1, {{0, 10}, {20, 30}}, 2, 5},
      Have{1, 2, true, {{0, 5}}, bytes("bits"), 8, {{7, 9}}},
      LeaseProgress{1ull << 63, 100},
      LeaseEnd{5, StatusCode::kUnavailable, "down"},
      LeaseHeld{5, 1, {{0, 100}}, 9},
      Failure{FailureKind::kCorrupt, 4, 1, 2, {{0, 1}}, "bad"},
      Withdraw{2},
      Rates{1, 2, 3, 4, 5, 6},
      WatchNeeded{true},
      Leave{},
      GrantRequest{1, "hub/org/model", "abc", bytes("answer")},
      Peers{{peer}, {1, 2}},
      Members{12},
      Decisions{{Decision{1, 2, 4, {{{0, 5}, hash(1)}, {{5, 9}, hash(2)}}, 3}}},
      Cancel{1, {{0, 4}}, true},
      Lease{8, 1, 2, {{0, 100}}, 500},
      LeaseRevoked{8, "late"},
      AskHashes{1, 2, {{0, 4}}},
      Needed{true},
      Notice{StatusCode::kDataLoss, "x", 1},
      Grant{1, bytes("token"), bytes("signer"), 600, bytes("challenge"), StatusCode::kNotFound,
            "m"},
      Hashes{1, 2, Basis::kOrigin, {{{0, 4}, hash(3)}}},
      Chunks{1, 8, {100, 200}, {hash(4), hash(5)}, true},
      Verdict{1, 3, VerdictKind::kDoubted},
      Listing{"scope", "main", "abc", bytes("list"), 1, 2},
  };
}

// A protobuf field by hand: what a newer version might send.
std::string length_delimited(int field, const std::string& content) {
  std::string out;
  unsigned key = static_cast<unsigned>(field) << 3 | 2;
  for (; key >= 0x80; key >>= 7) out += static_cast<char>(key | 0x80);
  out += static_cast<char>(key);
  auto size = static_cast<unsigned>(content.size());
  for (; size >= 0x80; size >>= 7) out += static_cast<char>(size | 0x80);
  out += static_cast<char>(size);
  return out + content;
}

std::string number(int field, unsigned value) {
  return std::string{static_cast<char>(field << 3), static_cast<char>(value)};
}

std::string as_message(int kind, const std::string& body) {
  return length_delimited(1, length_delimited(kind, body));
}

}  // namespace

TEST_CASE("every message comes out as it went in, with every field") {
  const std::vector<Message> messages = one_of_each();
  CHECK(std::variant_size_v<Message> + 1 == messages.size());  // Declare stands there twice
  for (const Message& message : messages) {
    CAPTURE(message.index());
    const auto back = decode_frame(encode_frame(std::span(&message, 1)));
    REQUIRE_MESSAGE(back.ok(), back.status().ToString());
    REQUIRE(back->size() == 1);
    CHECK(back->front() == message);
  }
  const auto all = decode_frame(encode_frame(messages));
  REQUIRE(all.ok());
  CHECK(*all == messages);
}

TEST_CASE("many messages are divided into frames of bounded size, in order") {
  std::vector<Message> messages;
  for (std::uint32_t i = 0; i < 20'000; ++i)
    messages.push_back(Hashes{i, 0, Basis::kHeld, {{{i, i + 1}, hash(1)}}});
  std::vector<Message> back;
  for (const Bytes& frame : encode_frames(messages)) {
    CHECK(frame.size() <= kMaxFrame / 4 + 1024);
    const auto part = decode_frame(frame);
    REQUIRE(part.ok());
    back.insert(back.end(), part->begin(), part->end());
  }
  CHECK(back == messages);
}

TEST_CASE("what a newer minor version adds is ignored") {
  const std::string unknown_message = as_message(999, "whatever");
  const std::string unknown_field =
      as_message(49, number(1, 3) + length_delimited(15, "new") + number(14, 1));
  const auto both = decode_frame(as_bytes(unknown_message + unknown_field));
  REQUIRE(both.ok());
  CHECK(*both == std::vector<Message>{Members{3}});
  // An unknown kind of failure, and an unknown code.
  const auto failure = decode_frame(as_bytes(as_message(22, number(1, 77) + number(3, 1))));
  REQUIRE(failure.ok());
  CHECK(std::get<Failure>(failure->front()).kind == FailureKind::kUnknown);
  const auto refusal = decode_frame(as_bytes(as_message(5, number(1, 99))));
  REQUIRE(refusal.ok());
  CHECK(std::get<Refusal>(refusal->front()).code == StatusCode::kUnknown);
}

TEST_CASE("what passes a bound is refused whole") {
  CHECK_FALSE(decode_frame(as_bytes("no frame at all")).ok());
  CHECK_FALSE(decode_frame(Bytes(kMaxFrame + 1)).ok());
  const auto refused = [](const Message& message) {
    return decode_frame(encode_frame(std::span(&message, 1))).status().code() ==
           StatusCode::kInvalidArgument;
  };
  CHECK(refused(Declare{1, {"", 5, kMiB, {}}, {}, 0}));
  CHECK(refused(Declare{1, {"sha256:x", 0, kMiB, {}}, {}, 0}));
  CHECK(refused(Declare{1, {"sha256:x", 5, 12345, {}}, {}, 0}));
  CHECK(refused(Declare{1, {"sha256:x", kMaxUnitSize + 1, kMaxPieceSize, {}}, {}, 0}));
  CHECK(refused(Declare{1, {std::string(kMaxUnitId + 1, 'x'), 5, kMiB, {}}, {}, 0}));
  CHECK(refused(Want{1, {{kMaxUnitSize, kMaxUnitSize + 1}}, 0, 0}));
  CHECK(refused(Want{1, std::vector<ByteRange>(kMaxRanges + 1, {0, 1}), 0, 0}));
  CHECK(refused(Notice{StatusCode::kOk, std::string(kMaxMessageText + 1, 'x'), 0}));
  CHECK(refused(Peers{{}, std::vector<PeerNumber>(kMaxPeers + 1)}));
  CHECK(refused(Grant{1, Bytes(kMaxOpaque + 1), {}, 0, {}, StatusCode::kOk, ""}));
  // A hash, a nonce and a node id of the wrong length; chunks without their hashes.
  const std::string range_hash = number(2, 4) + length_delimited(3, "short");
  CHECK_FALSE(decode_frame(as_bytes(as_message(80, length_delimited(4, range_hash)))).ok());
  CHECK_FALSE(decode_frame(as_bytes(as_message(1, length_delimited(2, "short")))).ok());
  CHECK_FALSE(decode_frame(as_bytes(as_message(81, length_delimited(3, "\x05\x06")))).ok());
  std::string many;
  for (std::size_t i = 0; i <= kMaxFrameMessages; ++i) many += as_message(26, "");
  CHECK_FALSE(decode_frame(as_bytes(many)).ok());
}

TEST_CASE("a node says what it holds of the largest unit") {
  for (const std::size_t count : {std::size_t{0}, kMaxHashes, kMaxHashes + 1, kMaxUnitPieces}) {
    std::vector<RangeHash> held;
    for (std::size_t i = 0; i < count; ++i)
      held.push_back(
          {{i * kMaxPieceSize, (i + 1) * kMaxPieceSize}, hash(static_cast<int>(i % 250))});
    const Bytes frame = encode_holdings(held);
    CHECK(frame.size() <= kMaxHoldingsFrame);
    const auto read = decode_holdings(frame);
    REQUIRE_MESSAGE(read.ok(), read.status().ToString());
    CHECK((*read == held));
  }
  const Message other = Leave{};
  CHECK_FALSE(decode_holdings(encode_frame(std::span(&other, 1))).ok());
}
