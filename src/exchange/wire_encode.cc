#include <algorithm>

#include "protocol.pb.h"
#include <hubdist/exchange/wire.h>

namespace hubdist::exchange {
namespace {

template <std::size_t N>
std::string text_of(const std::array<std::byte, N>& bytes) {
  return std::string(as_text(bytes));
}
std::string text_of(const Bytes& bytes) { return std::string(as_text(bytes)); }

void put(const Version& from, protocol::Version& to) {
  to.set_major(from.major);
  to.set_minor(from.minor);
}

template <typename Field>
void put_ranges(const std::vector<ByteRange>& from, Field& to) {
  to.Reserve(static_cast<int>(from.size()));
  for (const ByteRange& range : from) {
    protocol::Range& out = *to.Add();
    out.set_offset(range.begin);
    out.set_length(range.size());
  }
}

template <typename Field>
void put_hashes(const std::vector<RangeHash>& from, Field& to) {
  to.Reserve(static_cast<int>(from.size()));
  for (const RangeHash& one : from) {
    protocol::RangeHash& out = *to.Add();
    out.set_offset(one.range.begin);
    out.set_length(one.range.size());
    out.set_hash(text_of(one.hash.bytes));
  }
}

void put(const Rates& from, protocol::Rates& to) {
  to.set_upload(from.upload);
  to.set_download(from.download);
  to.set_origin(from.origin);
  to.set_upload_limit(from.upload_limit);
  to.set_download_limit(from.download_limit);
  to.set_origin_limit(from.origin_limit);
}

void put(const Hello& from, protocol::Message& message) {
  protocol::Hello& to = *message.mutable_hello();
  put(from.version, *to.mutable_version());
  to.set_nonce(text_of(from.nonce));
  to.set_node_id(text_of(from.node_id));
  to.set_instance(text_of(from.instance));
  to.set_tracker(from.tracker);
  to.set_data_address(from.data_address);
  to.set_zone(from.zone);
  for (const std::string& feature : from.features) to.add_features(feature);
  put(from.rates, *to.mutable_rates());
  protocol::Capacity& capacity = *to.mutable_capacity();
  capacity.set_parallel_requests(from.capacity.parallel_requests);
  capacity.set_upload_slots(from.capacity.upload_slots);
  capacity.set_leases(from.capacity.leases);
  capacity.set_gives_only(from.capacity.gives_only);
  capacity.set_takes_only(from.capacity.takes_only);
  to.set_last_epoch(from.last_epoch);
  to.set_known_members(from.known_members);
  to.set_job(from.job);
  to.set_certificate(text_of(from.certificate));
}

void put(const Challenge& from, protocol::Message& message) {
  protocol::Challenge& to = *message.mutable_challenge();
  put(from.version, *to.mutable_version());
  to.set_nonce(text_of(from.nonce));
  to.set_mac(text_of(from.mac.bytes));
}

void put(const Proof& from, protocol::Message& message) {
  message.mutable_proof()->set_mac(text_of(from.mac.bytes));
}

void put(const Welcome& from, protocol::Message& message) {
  protocol::Welcome& to = *message.mutable_welcome();
  to.set_epoch(from.epoch);
  to.set_settle_ms(from.settle_ms);
  to.set_lease_timeout_ms(from.lease_timeout_ms);
  to.set_heartbeat_ms(from.heartbeat_ms);
  to.set_members(from.members);
  for (const std::string& address : from.standby) to.add_standby(address);
  for (const std::string& feature : from.features) to.add_features(feature);
  to.set_server_time_ms(from.server_time_ms);
}

void put(const Refusal& from, protocol::Message& message) {
  protocol::Refusal& to = *message.mutable_refusal();
  to.set_code(static_cast<std::uint32_t>(from.code));
  to.set_message(from.message);
  put(from.version, *to.mutable_version());
}

void put(const Declare& from, protocol::Message& message) {
  protocol::Declare& to = *message.mutable_declare();
  to.set_unit(from.unit);
  to.set_id(from.layout.id);
  to.set_size(from.layout.size);
  to.set_piece_size(from.layout.piece_size);
  std::uint64_t begin = 0;
  for (const std::uint64_t end : from.layout.piece_ends) {
    to.add_piece_lengths(end - begin);
    begin = end;
  }
  for (const std::string& alias : from.aliases) to.add_aliases(alias);
  to.set_grant(from.grant);
}

void put(const Want& from, protocol::Message& message) {
  protocol::Want& to = *message.mutable_want();
  to.set_unit(from.unit);
  put_ranges(from.ranges, *to.mutable_ranges());
  to.set_priority(from.priority);
  to.set_cursor(from.cursor);
}

void put(const Have& from, protocol::Message& message) {
  protocol::Have& to = *message.mutable_have();
  to.set_unit(from.unit);
  to.set_generation(from.generation);
  to.set_replace(from.replace);
  put_ranges(from.ranges, *to.mutable_ranges());
  to.set_pieces(text_of(from.pieces));
  to.set_first_piece(from.first_piece);
  put_ranges(from.dropped, *to.mutable_dropped());
}

void put(const LeaseProgress& from, protocol::Message& message) {
  protocol::LeaseProgress& to = *message.mutable_lease_progress();
  to.set_lease(from.lease);
  to.set_bytes(from.bytes);
}

void put(const LeaseEnd& from, protocol::Message& message) {
  protocol::LeaseEnd& to = *message.mutable_lease_end();
  to.set_lease(from.lease);
  to.set_code(static_cast<std::uint32_t>(from.code));
  to.set_message(from.message);
}

void put(const LeaseHeld& from, protocol::Message& message) {
  protocol::LeaseHeld& to = *message.mutable_lease_held();
  to.set_lease(from.lease);
  to.set_unit(from.unit);
  put_ranges(from.ranges, *to.mutable_ranges());
  to.set_epoch(from.epoch);
}

void put(const Failure& from, protocol::Message& message) {
  protocol::Failure& to = *message.mutable_failure();
  to.set_kind(static_cast<protocol::Failure::Kind>(from.kind));
  to.set_peer(from.peer);
  to.set_unit(from.unit);
  to.set_generation(from.generation);
  put_ranges(from.ranges, *to.mutable_ranges());
  to.set_message(from.message);
}

void put(const Withdraw& from, protocol::Message& message) {
  message.mutable_withdraw()->set_unit(from.unit);
}

void put(const Rates& from, protocol::Message& message) { put(from, *message.mutable_rates()); }

void put(const WatchNeeded& from, protocol::Message& message) {
  message.mutable_watch_needed()->set_on(from.on);
}

void put(const Leave&, protocol::Message& message) { message.mutable_leave(); }

void put(const GrantRequest& from, protocol::Message& message) {
  protocol::GrantRequest& to = *message.mutable_grant_request();
  to.set_grant(from.grant);
  to.set_scope(from.scope);
  to.set_commit(from.commit);
  to.set_answer(text_of(from.answer));
}

void put(const Peers& from, protocol::Message& message) {
  protocol::Peers& to = *message.mutable_peers();
  for (const Peer& peer : from.peers) {
    protocol::Peers::Peer& out = *to.add_peers();
    out.set_peer(peer.peer);
    out.set_node_id(text_of(peer.node_id));
    out.set_address(peer.address);
    out.set_zone(peer.zone);
    out.set_data_key(text_of(peer.data_key));
    out.set_certificate(text_of(peer.certificate));
    out.set_instance(text_of(peer.instance));
  }
  for (const PeerNumber gone : from.gone) to.add_gone(gone);
}

void put(const Members& from, protocol::Message& message) {
  message.mutable_members()->set_count(from.count);
}

void put(const Decisions& from, protocol::Message& message) {
  protocol::Decisions& to = *message.mutable_decisions();
  for (const Decision& decision : from.decisions) {
    protocol::Decision& out = *to.add_decisions();
    out.set_unit(decision.unit);
    out.set_generation(decision.generation);
    out.set_peer(decision.peer);
    put_hashes(decision.pieces, *out.mutable_pieces());
    out.set_grant(decision.grant);
  }
}

void put(const Cancel& from, protocol::Message& message) {
  protocol::Cancel& to = *message.mutable_cancel();
  to.set_unit(from.unit);
  to.set_taken_back(from.taken_back);
  put_ranges(from.ranges, *to.mutable_ranges());
}

void put(const Lease& from, protocol::Message& message) {
  protocol::Lease& to = *message.mutable_lease();
  to.set_lease(from.lease);
  to.set_unit(from.unit);
  to.set_generation(from.generation);
  put_ranges(from.ranges, *to.mutable_ranges());
  to.set_timeout_ms(from.timeout_ms);
}

void put(const LeaseRevoked& from, protocol::Message& message) {
  protocol::LeaseRevoked& to = *message.mutable_lease_revoked();
  to.set_lease(from.lease);
  to.set_reason(from.reason);
}

void put(const AskHashes& from, protocol::Message& message) {
  protocol::AskHashes& to = *message.mutable_ask_hashes();
  to.set_unit(from.unit);
  to.set_generation(from.generation);
  put_ranges(from.ranges, *to.mutable_ranges());
}

void put(const Needed& from, protocol::Message& message) {
  message.mutable_needed()->set_needed(from.needed);
}

void put(const Notice& from, protocol::Message& message) {
  protocol::Notice& to = *message.mutable_notice();
  to.set_code(static_cast<std::uint32_t>(from.code));
  to.set_message(from.message);
  to.set_unit(from.unit);
}

void put(const Grant& from, protocol::Message& message) {
  protocol::Grant& to = *message.mutable_grant();
  to.set_grant(from.grant);
  to.set_token(text_of(from.token));
  to.set_signer(text_of(from.signer));
  to.set_seconds_left(from.seconds_left);
  to.set_challenge(text_of(from.challenge));
  to.set_code(static_cast<std::uint32_t>(from.code));
  to.set_message(from.message);
}

void put(const Hashes& from, protocol::Message& message) {
  protocol::Hashes& to = *message.mutable_hashes();
  to.set_unit(from.unit);
  to.set_generation(from.generation);
  to.set_basis(static_cast<protocol::Hashes::Basis>(from.basis));
  put_hashes(from.hashes, *to.mutable_hashes());
}

void put(const Chunks& from, protocol::Message& message) {
  protocol::Chunks& to = *message.mutable_chunks();
  to.set_unit(from.unit);
  to.set_offset(from.offset);
  for (const std::uint32_t length : from.lengths) to.add_lengths(length);
  std::string& hashes = *to.mutable_hashes();
  for (const Blake3& hash : from.hashes) hashes += as_text(hash.bytes);
  to.set_independent(from.independent);
}

void put(const Verdict& from, protocol::Message& message) {
  protocol::Verdict& to = *message.mutable_verdict();
  to.set_unit(from.unit);
  to.set_generation(from.generation);
  to.set_kind(static_cast<protocol::Verdict::Kind>(from.kind));
}

void put(const Listing& from, protocol::Message& message) {
  protocol::Listing& to = *message.mutable_listing();
  to.set_scope(from.scope);
  to.set_revision(from.revision);
  to.set_commit(from.commit);
  to.set_content(text_of(from.content));
  to.set_part(from.part);
  to.set_parts(from.parts);
}

Bytes bytes_of(const protocol::Frame& frame) {
  Bytes out(frame.ByteSizeLong());
  frame.SerializeWithCachedSizesToArray(reinterpret_cast<std::uint8_t*>(out.data()));
  return out;
}

}  // namespace

Bytes encode_frame(std::span<const Message> messages) {
  protocol::Frame frame;
  for (const Message& message : messages)
    std::visit([&](const auto& body) { put(body, *frame.add_messages()); }, message);
  return bytes_of(frame);
}

std::vector<Bytes> encode_frames(std::span<const Message> messages, std::size_t target) {
  std::vector<Bytes> out;
  protocol::Frame frame;
  std::size_t size = 0;
  for (const Message& message : messages) {
    protocol::Message one;
    std::visit([&](const auto& body) { put(body, one); }, message);
    const std::size_t added = one.ByteSizeLong() + 8;
    const bool full = size + added > target ||
                      static_cast<std::size_t>(frame.messages_size()) == kMaxFrameMessages;
    if (full && frame.messages_size() > 0) {
      out.push_back(bytes_of(frame));
      frame.Clear();
      size = 0;
    }
    size += added;
    frame.add_messages()->Swap(&one);
  }
  if (frame.messages_size() > 0) out.push_back(bytes_of(frame));
  return out;
}

Bytes encode_holdings(std::span<const RangeHash> pieces) {
  std::vector<Message> messages;
  do {  // one at least, though nothing is held
    const auto part = pieces.first(std::min(pieces.size(), kMaxHashes));
    messages.push_back(Hashes{0, 0, Basis::kHeld, {part.begin(), part.end()}});
    pieces = pieces.subspan(part.size());
  } while (!pieces.empty());
  return encode_frame(messages);
}

}  // namespace hubdist::exchange
