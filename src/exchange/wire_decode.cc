#include "protocol.pb.h"
#include <hubdist/exchange/wire.h>

namespace hubdist::exchange {
namespace {

Status too_many(std::string_view what, std::size_t found, std::size_t limit) {
  return invalid_argument("a frame with ", found, " ", what, ", more than ", limit);
}

template <std::size_t N>
Status get(const std::string& from, std::string_view what, std::array<std::byte, N>& to) {
  if (from.size() != N)
    return invalid_argument(what, " of ", from.size(), " bytes in a frame, instead of ", N);
  std::memcpy(to.data(), from.data(), N);
  return {};
}

Status get(const std::string& from, std::string_view what, Bytes& to) {
  if (from.size() > kMaxOpaque) return too_many(what, from.size(), kMaxOpaque);
  const ByteView bytes = as_bytes(from);
  to.assign(bytes.begin(), bytes.end());
  return {};
}

Status get_text(const std::string& from, std::string_view what, std::size_t limit,
                std::string& to) {
  if (from.size() > limit) return too_many(concat("bytes of ", what), from.size(), limit);
  to = from;
  return {};
}

template <typename Field>
Status get_texts(const Field& from, std::string_view what, std::size_t limit,
                 std::size_t text_limit, std::vector<std::string>& to) {
  const auto count = static_cast<std::size_t>(from.size());
  if (count > limit) return too_many(what, count, limit);
  to.resize(count);
  for (int i = 0; i < from.size(); ++i)
    HUBDIST_TRY(get_text(from[i], what, text_limit, to[static_cast<std::size_t>(i)]));
  return {};
}

Status get_range(std::uint64_t offset, std::uint64_t length, ByteRange& to) {
  if (offset > kMaxUnitSize || length > kMaxUnitSize - offset)
    return invalid_argument("a range beyond the largest unit in a frame");
  to = {offset, offset + length};
  return {};
}

template <typename Field>
Status get_ranges(const Field& from, std::vector<ByteRange>& to) {
  const auto count = static_cast<std::size_t>(from.size());
  if (count > kMaxRanges) return too_many("ranges", count, kMaxRanges);
  to.resize(count);
  for (int i = 0; i < from.size(); ++i)
    HUBDIST_TRY(get_range(from[i].offset(), from[i].length(), to[static_cast<std::size_t>(i)]));
  return {};
}

template <typename Field>
Status get_hashes(const Field& from, std::vector<RangeHash>& to) {
  const auto count = static_cast<std::size_t>(from.size());
  if (count > kMaxHashes) return too_many("hashes", count, kMaxHashes);
  to.resize(count);
  for (int i = 0; i < from.size(); ++i) {
    RangeHash& out = to[static_cast<std::size_t>(i)];
    HUBDIST_TRY(get_range(from[i].offset(), from[i].length(), out.range));
    HUBDIST_TRY(get(from[i].hash(), "a hash", out.hash.bytes));
  }
  return {};
}

// A code of a later version counts as Unknown.
StatusCode code_of(std::uint32_t number) {
  return number <= static_cast<std::uint32_t>(StatusCode::kUnauthenticated)
             ? static_cast<StatusCode>(number)
             : StatusCode::kUnknown;
}

// A value of a later version counts as unknown.
template <typename Enum>
Enum enum_of(int number, Enum last) {
  return number >= 0 && number <= static_cast<int>(last) ? static_cast<Enum>(number) : Enum{};
}

Version get(const protocol::Version& from) { return {from.major(), from.minor()}; }

Rates rates_of(const protocol::Rates& from) {
  return {from.upload(),       from.download(),       from.origin(),
          from.upload_limit(), from.download_limit(), from.origin_limit()};
}

Status get(const protocol::Hello& from, Hello& to) {
  to.version = get(from.version());
  HUBDIST_TRY(get(from.nonce(), "a nonce", to.nonce));
  HUBDIST_TRY(get(from.node_id(), "a node id", to.node_id));
  HUBDIST_TRY(get(from.instance(), "an instance id", to.instance));
  HUBDIST_TRY(get_text(from.tracker(), "an address", kMaxShortText, to.tracker));
  HUBDIST_TRY(get_text(from.data_address(), "an address", kMaxShortText, to.data_address));
  HUBDIST_TRY(get_text(from.zone(), "a zone", kMaxShortText, to.zone));
  HUBDIST_TRY(get_texts(from.features(), "features", kMaxFeatures, kMaxShortText, to.features));
  to.rates = rates_of(from.rates());
  const protocol::Capacity& capacity = from.capacity();
  to.capacity = {capacity.parallel_requests(), capacity.upload_slots(), capacity.leases(),
                 capacity.gives_only(), capacity.takes_only()};
  to.last_epoch = from.last_epoch();
  to.known_members = from.known_members();
  HUBDIST_TRY(get_text(from.job(), "a job", kMaxShortText, to.job));
  return get(from.certificate(), "bytes of a certificate", to.certificate);
}

Status get(const protocol::Challenge& from, Challenge& to) {
  to.version = get(from.version());
  HUBDIST_TRY(get(from.nonce(), "a nonce", to.nonce));
  return get(from.mac(), "a MAC", to.mac.bytes);
}

Status get(const protocol::Proof& from, Proof& to) {
  return get(from.mac(), "a MAC", to.mac.bytes);
}

Status get(const protocol::Welcome& from, Welcome& to) {
  to.epoch = from.epoch();
  to.settle_ms = from.settle_ms();
  to.lease_timeout_ms = from.lease_timeout_ms();
  to.heartbeat_ms = from.heartbeat_ms();
  to.members = from.members();
  HUBDIST_TRY(get_texts(from.standby(), "trackers", kMaxFeatures, kMaxShortText, to.standby));
  HUBDIST_TRY(get_texts(from.features(), "features", kMaxFeatures, kMaxShortText, to.features));
  to.server_time_ms = from.server_time_ms();
  return {};
}

Status get(const protocol::Refusal& from, Refusal& to) {
  to.code = code_of(from.code());
  to.version = get(from.version());
  return get_text(from.message(), "a message", kMaxMessageText, to.message);
}

Status get(const protocol::Declare& from, Declare& to) {
  to.unit = from.unit();
  HUBDIST_TRY(get_text(from.id(), "a unit's name", kMaxUnitId, to.layout.id));
  to.layout.size = from.size();
  to.layout.piece_size = from.piece_size();
  const auto count = static_cast<std::size_t>(from.piece_lengths_size());
  if (count > kMaxBundleMembers) return too_many("members of a bundle", count, kMaxBundleMembers);
  std::uint64_t end = 0;
  for (const std::uint64_t length : from.piece_lengths()) {
    if (length > kMaxUnitSize) return invalid_argument("a member of ", length, " bytes in a frame");
    end += length;
    to.layout.piece_ends.push_back(end);
  }
  if (to.layout.size > kMaxUnitSize)
    return invalid_argument("a unit of ", to.layout.size, " bytes in a frame");
  HUBDIST_TRY(check_layout(to.layout));
  HUBDIST_TRY(get_texts(from.aliases(), "aliases", kMaxAliases, kMaxUnitId, to.aliases));
  to.grant = from.grant();
  return {};
}

Status get(const protocol::Want& from, Want& to) {
  to.unit = from.unit();
  to.priority = from.priority();
  to.cursor = from.cursor();
  return get_ranges(from.ranges(), to.ranges);
}

Status get(const protocol::Have& from, Have& to) {
  to.unit = from.unit();
  to.generation = from.generation();
  to.replace = from.replace();
  HUBDIST_TRY(get_ranges(from.ranges(), to.ranges));
  HUBDIST_TRY(get(from.pieces(), "bytes of holdings", to.pieces));
  to.first_piece = from.first_piece();
  return get_ranges(from.dropped(), to.dropped);
}

Status get(const protocol::LeaseProgress& from, LeaseProgress& to) {
  to = {from.lease(), from.bytes()};
  return {};
}

Status get(const protocol::LeaseEnd& from, LeaseEnd& to) {
  to.lease = from.lease();
  to.code = code_of(from.code());
  return get_text(from.message(), "a message", kMaxMessageText, to.message);
}

Status get(const protocol::LeaseHeld& from, LeaseHeld& to) {
  to.lease = from.lease();
  to.unit = from.unit();
  to.epoch = from.epoch();
  return get_ranges(from.ranges(), to.ranges);
}

Status get(const protocol::Failure& from, Failure& to) {
  to.kind = enum_of(from.kind(), FailureKind::kReturned);
  to.peer = from.peer();
  to.unit = from.unit();
  to.generation = from.generation();
  HUBDIST_TRY(get_ranges(from.ranges(), to.ranges));
  return get_text(from.message(), "a message", kMaxMessageText, to.message);
}

Status get(const protocol::Withdraw& from, Withdraw& to) {
  to.unit = from.unit();
  return {};
}

Status get(const protocol::Rates& from, Rates& to) {
  to = rates_of(from);
  return {};
}

Status get(const protocol::WatchNeeded& from, WatchNeeded& to) {
  to.on = from.on();
  return {};
}

Status get(const protocol::Leave&, Leave&) { return {}; }

Status get(const protocol::GrantRequest& from, GrantRequest& to) {
  to.grant = from.grant();
  HUBDIST_TRY(get_text(from.scope(), "a scope", kMaxShortText, to.scope));
  HUBDIST_TRY(get_text(from.commit(), "a commit", kMaxShortText, to.commit));
  return get(from.answer(), "bytes of an answer", to.answer);
}

Status get(const protocol::Peers& from, Peers& to) {
  const auto count = static_cast<std::size_t>(from.peers_size());
  if (count > kMaxPeers) return too_many("peers", count, kMaxPeers);
  const auto gone = static_cast<std::size_t>(from.gone_size());
  if (gone > kMaxPeers) return too_many("peers", gone, kMaxPeers);
  to.peers.resize(count);
  for (std::size_t i = 0; i < count; ++i) {
    const protocol::Peers::Peer& in = from.peers(static_cast<int>(i));
    Peer& out = to.peers[i];
    out.peer = in.peer();
    HUBDIST_TRY(get(in.node_id(), "a node id", out.node_id));
    HUBDIST_TRY(get_text(in.address(), "an address", kMaxShortText, out.address));
    HUBDIST_TRY(get_text(in.zone(), "a zone", kMaxShortText, out.zone));
    HUBDIST_TRY(get(in.data_key(), "bytes of a key", out.data_key));
    HUBDIST_TRY(get(in.certificate(), "bytes of a certificate", out.certificate));
    HUBDIST_TRY(get(in.instance(), "an instance id", out.instance));
  }
  to.gone.assign(from.gone().begin(), from.gone().end());
  return {};
}

Status get(const protocol::Members& from, Members& to) {
  to.count = from.count();
  return {};
}

Status get(const protocol::Decisions& from, Decisions& to) {
  const auto count = static_cast<std::size_t>(from.decisions_size());
  if (count > kMaxDecisions) return too_many("decisions", count, kMaxDecisions);
  to.decisions.resize(count);
  for (std::size_t i = 0; i < count; ++i) {
    const protocol::Decision& in = from.decisions(static_cast<int>(i));
    Decision& out = to.decisions[i];
    out.unit = in.unit();
    out.generation = in.generation();
    out.peer = in.peer();
    HUBDIST_TRY(get_hashes(in.pieces(), out.pieces));
    out.grant = in.grant();
  }
  return {};
}

Status get(const protocol::Cancel& from, Cancel& to) {
  to.unit = from.unit();
  to.taken_back = from.taken_back();
  return get_ranges(from.ranges(), to.ranges);
}

Status get(const protocol::Lease& from, Lease& to) {
  to.lease = from.lease();
  to.unit = from.unit();
  to.generation = from.generation();
  to.timeout_ms = from.timeout_ms();
  return get_ranges(from.ranges(), to.ranges);
}

Status get(const protocol::LeaseRevoked& from, LeaseRevoked& to) {
  to.lease = from.lease();
  return get_text(from.reason(), "a message", kMaxMessageText, to.reason);
}

Status get(const protocol::AskHashes& from, AskHashes& to) {
  to.unit = from.unit();
  to.generation = from.generation();
  return get_ranges(from.ranges(), to.ranges);
}

Status get(const protocol::Needed& from, Needed& to) {
  to.needed = from.needed();
  return {};
}

Status get(const protocol::Notice& from, Notice& to) {
  to.code = code_of(from.code());
  to.unit = from.unit();
  return get_text(from.message(), "a message", kMaxMessageText, to.message);
}

Status get(const protocol::Grant& from, Grant& to) {
  to.grant = from.grant();
  HUBDIST_TRY(get(from.token(), "bytes of a grant", to.token));
  HUBDIST_TRY(get(from.signer(), "bytes of a key's name", to.signer));
  to.seconds_left = from.seconds_left();
  HUBDIST_TRY(get(from.challenge(), "bytes of a challenge", to.challenge));
  to.code = code_of(from.code());
  return get_text(from.message(), "a message", kMaxMessageText, to.message);
}

Status get(const protocol::Hashes& from, Hashes& to) {
  to.unit = from.unit();
  to.generation = from.generation();
  to.basis = enum_of(from.basis(), Basis::kTracker);
  return get_hashes(from.hashes(), to.hashes);
}

Status get(const protocol::Chunks& from, Chunks& to) {
  const auto count = static_cast<std::size_t>(from.lengths_size());
  if (count > kMaxChunks) return too_many("chunks", count, kMaxChunks);
  if (from.hashes().size() != count * Blake3::kSize)
    return invalid_argument("a list of ", count, " chunks with ", from.hashes().size(),
                            " bytes of hashes in a frame");
  to.unit = from.unit();
  to.offset = from.offset();
  to.lengths.assign(from.lengths().begin(), from.lengths().end());
  to.hashes.resize(count);
  for (std::size_t i = 0; i < count; ++i)
    std::memcpy(to.hashes[i].bytes.data(), from.hashes().data() + i * Blake3::kSize, Blake3::kSize);
  to.independent = from.independent();
  return {};
}

Status get(const protocol::Verdict& from, Verdict& to) {
  to.unit = from.unit();
  to.generation = from.generation();
  to.kind = enum_of(from.kind(), VerdictKind::kProved);
  return {};
}

Status get(const protocol::Listing& from, Listing& to) {
  HUBDIST_TRY(get_text(from.scope(), "a scope", kMaxShortText, to.scope));
  HUBDIST_TRY(get_text(from.revision(), "a revision", kMaxShortText, to.revision));
  HUBDIST_TRY(get_text(from.commit(), "a commit", kMaxShortText, to.commit));
  HUBDIST_TRY(get(from.content(), "bytes of a list", to.content));
  to.part = from.part();
  to.parts = from.parts();
  return {};
}

template <typename Body, typename Wire>
Status append(const Wire& from, std::vector<Message>& out) {
  Body body;
  HUBDIST_TRY(get(from, body));
  out.emplace_back(std::move(body));
  return {};
}

// The handshake and what a node sends.
Status append_from_node(const protocol::Message& message, std::vector<Message>& out, bool& known) {
  using Case = protocol::Message;
  switch (message.body_case()) {
    case Case::kHello:
      return append<Hello>(message.hello(), out);
    case Case::kChallenge:
      return append<Challenge>(message.challenge(), out);
    case Case::kProof:
      return append<Proof>(message.proof(), out);
    case Case::kWelcome:
      return append<Welcome>(message.welcome(), out);
    case Case::kRefusal:
      return append<Refusal>(message.refusal(), out);
    case Case::kDeclare:
      return append<Declare>(message.declare(), out);
    case Case::kWant:
      return append<Want>(message.want(), out);
    case Case::kHave:
      return append<Have>(message.have(), out);
    case Case::kLeaseProgress:
      return append<LeaseProgress>(message.lease_progress(), out);
    case Case::kLeaseEnd:
      return append<LeaseEnd>(message.lease_end(), out);
    case Case::kLeaseHeld:
      return append<LeaseHeld>(message.lease_held(), out);
    case Case::kFailure:
      return append<Failure>(message.failure(), out);
    case Case::kWithdraw:
      return append<Withdraw>(message.withdraw(), out);
    case Case::kRates:
      return append<Rates>(message.rates(), out);
    case Case::kWatchNeeded:
      return append<WatchNeeded>(message.watch_needed(), out);
    case Case::kLeave:
      return append<Leave>(message.leave(), out);
    case Case::kGrantRequest:
      return append<GrantRequest>(message.grant_request(), out);
    default:
      known = false;
      return {};
  }
}

// What a tracker sends, and what goes both ways.
Status append_from_tracker(const protocol::Message& message, std::vector<Message>& out) {
  using Case = protocol::Message;
  switch (message.body_case()) {
    case Case::kPeers:
      return append<Peers>(message.peers(), out);
    case Case::kMembers:
      return append<Members>(message.members(), out);
    case Case::kDecisions:
      return append<Decisions>(message.decisions(), out);
    case Case::kCancel:
      return append<Cancel>(message.cancel(), out);
    case Case::kLease:
      return append<Lease>(message.lease(), out);
    case Case::kLeaseRevoked:
      return append<LeaseRevoked>(message.lease_revoked(), out);
    case Case::kAskHashes:
      return append<AskHashes>(message.ask_hashes(), out);
    case Case::kNeeded:
      return append<Needed>(message.needed(), out);
    case Case::kNotice:
      return append<Notice>(message.notice(), out);
    case Case::kGrant:
      return append<Grant>(message.grant(), out);
    case Case::kHashes:
      return append<Hashes>(message.hashes(), out);
    case Case::kChunks:
      return append<Chunks>(message.chunks(), out);
    case Case::kVerdict:
      return append<Verdict>(message.verdict(), out);
    case Case::kListing:
      return append<Listing>(message.listing(), out);
    default:
      return {};  // of a newer minor version
  }
}

}  // namespace

Result<std::vector<Message>> decode_frame(ByteView bytes, std::size_t limit) {
  if (bytes.size() > limit) return too_many("bytes", bytes.size(), limit);
  protocol::Frame frame;
  if (!frame.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())))
    return invalid_argument("bytes that are no frame of the exchange's protocol");
  const auto count = static_cast<std::size_t>(frame.messages_size());
  if (count > kMaxFrameMessages) return too_many("messages", count, kMaxFrameMessages);
  std::vector<Message> out;
  out.reserve(count);
  for (const protocol::Message& message : frame.messages()) {
    bool known = true;
    HUBDIST_TRY(append_from_node(message, out, known));
    if (!known) HUBDIST_TRY(append_from_tracker(message, out));
  }
  return out;
}

Result<std::vector<RangeHash>> decode_holdings(ByteView frame) {
  HUBDIST_ASSIGN(std::vector<Message> messages, decode_frame(frame, kMaxHoldingsFrame));
  std::vector<RangeHash> out;
  for (const Message& message : messages) {
    const auto* hashes = std::get_if<Hashes>(&message);
    if (!hashes) return invalid_argument("a frame of holdings says something else than hashes");
    out.insert(out.end(), hashes->hashes.begin(), hashes->hashes.end());
  }
  return out;
}

}  // namespace hubdist::exchange
