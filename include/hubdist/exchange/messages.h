// What a node and its tracker say to each other, as the state machines see it. wire.h turns it into
// the bytes that docs/protocol.md specifies, and back.
//
// Offsets are inside a unit. Every struct mirrors the message of the same name in
// src/exchange/protocol.proto.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <string>
#include <variant>
#include <vector>

#include <hubdist/base/bytes.h>
#include <hubdist/core/digest.h>
#include <hubdist/core/piece_map.h>

namespace hubdist::exchange {

inline constexpr std::uint32_t kProtocolMajor = 1;
inline constexpr std::uint32_t kProtocolMinor = 0;

using Nonce = std::array<std::byte, 32>;
using NodeId = std::array<std::byte, 16>;  // names a cache, or a process
using Mac = Sha256;
// A node's number for a unit, and a tracker's for a peer, both for one connection.
using UnitNumber = std::uint32_t;
using PeerNumber = std::uint32_t;
using LeaseId = std::uint64_t;

// A process that takes part: several may have one cache.
struct PeerId {
  NodeId node_id{};
  NodeId instance{};
  friend auto operator<=>(const PeerId&, const PeerId&) = default;
};
// The ids are random: some of their bytes are hash enough.
struct PeerIdHash {
  std::size_t operator()(const PeerId& id) const {
    std::array<std::size_t, 2> words{};
    std::memcpy(&words[0], id.node_id.data(), sizeof words[0]);
    std::memcpy(&words[1], id.instance.data(), sizeof words[1]);
    return words[0] ^ words[1];
  }
};

struct RangeHash {
  ByteRange range;
  Blake3 hash;
  friend bool operator==(const RangeHash&, const RangeHash&) = default;
};

struct Version {
  std::uint32_t major = kProtocolMajor;
  std::uint32_t minor = kProtocolMinor;
  friend bool operator==(const Version&, const Version&) = default;
};

// Bytes a second; 0: not measured, or no limit.
struct Rates {
  std::uint64_t upload = 0;
  std::uint64_t download = 0;
  std::uint64_t origin = 0;
  std::uint64_t upload_limit = 0;
  std::uint64_t download_limit = 0;
  std::uint64_t origin_limit = 0;
  friend bool operator==(const Rates&, const Rates&) = default;
};

struct Capacity {
  std::uint32_t parallel_requests = 8;
  std::uint32_t upload_slots = 0;  // 0: the tracker's choice
  std::uint32_t leases = 0;        // 0: the tracker's choice
  bool gives_only = false;
  bool takes_only = false;
  friend bool operator==(const Capacity&, const Capacity&) = default;
};

// --- The handshake ------------------------------------------------------------------------------

struct Hello {
  Version version;
  Nonce nonce{};
  NodeId node_id{};
  NodeId instance{};
  std::string tracker;
  std::string data_address;
  std::string zone;
  std::vector<std::string> features;
  Rates rates;
  Capacity capacity;
  std::uint64_t last_epoch = 0;
  std::uint32_t known_members = 0;
  std::string job;
  Bytes certificate;
  friend bool operator==(const Hello&, const Hello&) = default;
};

struct Challenge {
  Version version;
  Nonce nonce{};
  Mac mac;
  friend bool operator==(const Challenge&, const Challenge&) = default;
};

struct Proof {
  Mac mac;
  friend bool operator==(const Proof&, const Proof&) = default;
};

struct Welcome {
  std::uint64_t epoch = 0;
  std::uint32_t settle_ms = 0;
  std::uint32_t lease_timeout_ms = 0;
  std::uint32_t heartbeat_ms = 0;
  std::uint32_t members = 0;
  std::vector<std::string> standby;
  std::vector<std::string> features;
  std::uint64_t server_time_ms = 0;
  friend bool operator==(const Welcome&, const Welcome&) = default;
};

struct Refusal {
  StatusCode code = StatusCode::kUnknown;
  std::string message;
  Version version;
  friend bool operator==(const Refusal&, const Refusal&) = default;
};

// --- From a node --------------------------------------------------------------------------------

struct Declare {
  UnitNumber unit = 0;
  UnitLayout layout;
  std::vector<std::string> aliases;
  std::uint32_t grant = 0;
  friend bool operator==(const Declare&, const Declare&) = default;
};

struct Want {
  UnitNumber unit = 0;
  std::vector<ByteRange> ranges;
  std::uint32_t priority = 0;
  std::uint64_t cursor = 0;
  friend bool operator==(const Want&, const Want&) = default;
};

struct Have {
  UnitNumber unit = 0;
  std::uint32_t generation = 0;
  bool replace = false;
  std::vector<ByteRange> ranges;
  Bytes pieces;  // bit i%8 of byte i/8 is piece first_piece + i
  std::uint32_t first_piece = 0;
  std::vector<ByteRange> dropped;
  friend bool operator==(const Have&, const Have&) = default;
};

struct LeaseProgress {
  LeaseId lease = 0;
  std::uint64_t bytes = 0;
  friend bool operator==(const LeaseProgress&, const LeaseProgress&) = default;
};

struct LeaseEnd {
  LeaseId lease = 0;
  StatusCode code = StatusCode::kOk;
  std::string message;
  friend bool operator==(const LeaseEnd&, const LeaseEnd&) = default;
};

struct LeaseHeld {
  LeaseId lease = 0;
  UnitNumber unit = 0;
  std::vector<ByteRange> ranges;
  std::uint64_t epoch = 0;
  friend bool operator==(const LeaseHeld&, const LeaseHeld&) = default;
};

enum class FailureKind : std::uint8_t {
  kUnknown = 0,
  kCorrupt = 1,
  kRefused = 2,
  kTimeout = 3,
  kGone = 4,
  kDisk = 5,
  kReturned = 6,
};

struct Failure {
  FailureKind kind = FailureKind::kUnknown;
  PeerNumber peer = 0;
  UnitNumber unit = 0;
  std::uint32_t generation = 0;
  std::vector<ByteRange> ranges;
  std::string message;
  friend bool operator==(const Failure&, const Failure&) = default;
};

struct Withdraw {
  UnitNumber unit = 0;
  friend bool operator==(const Withdraw&, const Withdraw&) = default;
};

struct WatchNeeded {
  bool on = false;
  friend bool operator==(const WatchNeeded&, const WatchNeeded&) = default;
};

struct Leave {
  friend bool operator==(const Leave&, const Leave&) = default;
};

struct GrantRequest {
  std::uint32_t grant = 0;
  std::string scope;
  std::string commit;
  Bytes answer;
  friend bool operator==(const GrantRequest&, const GrantRequest&) = default;
};

// --- From a tracker -----------------------------------------------------------------------------

struct Peer {
  PeerNumber peer = 0;
  NodeId node_id{};
  std::string address;
  std::string zone;
  Bytes data_key;
  Bytes certificate;
  NodeId instance{};
  friend bool operator==(const Peer&, const Peer&) = default;
};

struct Peers {
  std::vector<Peer> peers;
  std::vector<PeerNumber> gone;
  friend bool operator==(const Peers&, const Peers&) = default;
};

struct Members {
  std::uint32_t count = 0;
  friend bool operator==(const Members&, const Members&) = default;
};

// Neighbouring pieces of a unit that one request to one peer brings.
struct Decision {
  UnitNumber unit = 0;
  std::uint32_t generation = 0;
  PeerNumber peer = 0;
  std::vector<RangeHash> pieces;
  std::uint32_t grant = 0;
  friend bool operator==(const Decision&, const Decision&) = default;
};

struct Decisions {
  std::vector<Decision> decisions;
  friend bool operator==(const Decisions&, const Decisions&) = default;
};

struct Cancel {
  UnitNumber unit = 0;
  std::vector<ByteRange> ranges;
  bool taken_back = false;  // so are the hashes: what is held by them is not held any more
  friend bool operator==(const Cancel&, const Cancel&) = default;
};

struct Lease {
  LeaseId lease = 0;
  UnitNumber unit = 0;
  std::uint32_t generation = 0;
  std::vector<ByteRange> ranges;
  std::uint32_t timeout_ms = 0;
  friend bool operator==(const Lease&, const Lease&) = default;
};

struct LeaseRevoked {
  LeaseId lease = 0;
  std::string reason;
  friend bool operator==(const LeaseRevoked&, const LeaseRevoked&) = default;
};

struct AskHashes {
  UnitNumber unit = 0;
  std::uint32_t generation = 0;
  std::vector<ByteRange> ranges;
  friend bool operator==(const AskHashes&, const AskHashes&) = default;
};

struct Needed {
  bool needed = false;
  friend bool operator==(const Needed&, const Needed&) = default;
};

struct Notice {
  StatusCode code = StatusCode::kOk;
  std::string message;
  UnitNumber unit = 0;
  friend bool operator==(const Notice&, const Notice&) = default;
};

struct Grant {
  std::uint32_t grant = 0;
  Bytes token;
  Bytes signer;
  std::uint32_t seconds_left = 0;
  Bytes challenge;
  StatusCode code = StatusCode::kOk;
  std::string message;
  friend bool operator==(const Grant&, const Grant&) = default;
};

// --- Both ways ----------------------------------------------------------------------------------

enum class Basis : std::uint8_t { kUnknown = 0, kOrigin = 1, kHeld = 2, kTracker = 3 };

struct Hashes {
  UnitNumber unit = 0;
  std::uint32_t generation = 0;
  Basis basis = Basis::kUnknown;
  std::vector<RangeHash> hashes;
  friend bool operator==(const Hashes&, const Hashes&) = default;
};

struct Chunks {
  UnitNumber unit = 0;
  std::uint64_t offset = 0;
  std::vector<std::uint32_t> lengths;
  std::vector<Blake3> hashes;
  bool independent = false;
  friend bool operator==(const Chunks&, const Chunks&) = default;
};

enum class VerdictKind : std::uint8_t { kUnknown = 0, kDoubted = 1, kProved = 2 };

struct Verdict {
  UnitNumber unit = 0;
  std::uint32_t generation = 0;
  VerdictKind kind = VerdictKind::kUnknown;
  friend bool operator==(const Verdict&, const Verdict&) = default;
};

struct Listing {
  std::string scope;
  std::string revision;
  std::string commit;
  Bytes content;
  std::uint32_t part = 0;
  std::uint32_t parts = 0;
  friend bool operator==(const Listing&, const Listing&) = default;
};

using Message =
    std::variant<Hello, Challenge, Proof, Welcome, Refusal, Declare, Want, Have, LeaseProgress,
                 LeaseEnd, LeaseHeld, Failure, Withdraw, Rates, WatchNeeded, Leave, GrantRequest,
                 Peers, Members, Decisions, Cancel, Lease, LeaseRevoked, AskHashes, Needed, Notice,
                 Grant, Hashes, Chunks, Verdict, Listing>;

}  // namespace hubdist::exchange
