#include "exchange/net/handshake.h"

#include <hubdist/core/hash.h>

namespace hubdist::exchange {
namespace {

template <typename T>
Result<T> only_message(const Result<std::vector<Message>>& messages) {
  if (!messages.ok()) return messages.status();
  if (messages->size() == 1)
    if (const T* message = std::get_if<T>(&messages->front())) return *message;
  if (!messages->empty())
    if (const auto* refusal = std::get_if<Refusal>(&messages->front()))
      return Status(refusal->code == StatusCode::kOk ? StatusCode::kUnknown : refusal->code,
                    concat("refused: ", refusal->message));
  return invalid_argument("the handshake has another order");
}

Status refuse(WireConnection& connection, Status why) {
  const Message refusal = Refusal{why.code(), std::string(message(why)), {}};
  connection.send(std::span(&refusal, 1));
  return why;
}

std::string_view port_of(std::string_view address) {
  return address.substr(std::min(address.rfind(':') + 1, address.size()));
}

Status check_version(const Version& theirs, std::string_view who) {
  if (theirs.major == kProtocolMajor) return {};
  return failed_precondition(who, " speaks version ", theirs.major, " of the protocol, this side ",
                             kProtocolMajor, ": install the same major version of hubdist on both");
}

}  // namespace

Awaitable<Result<Hello>> meet_node(WireConnection& connection, const MacKey& key,
                                   std::string_view address) {
  const Result<Bytes> frame = co_await connection.receive_frame();
  if (!frame.ok()) co_return frame.status();
  const Result<Hello> hello = only_message<Hello>(decode_frame(*frame));
  if (!hello.ok()) co_return refuse(connection, hello.status());
  if (Status same = check_version(hello->version, "the node"); !same.ok())
    co_return refuse(connection, same);
  // A stranger that passes on what a node says cannot make it say the right address.
  if (port_of(hello->tracker) != port_of(address))
    co_return refuse(connection, permission_denied("the node means the tracker at ", hello->tracker,
                                                   ", not this one"));
  Challenge challenge;
  challenge.nonce = random_nonce();
  challenge.mac = handshake_mac(key, Role::kTracker, *frame, challenge.nonce);
  const Message message = challenge;
  connection.send(std::span(&message, 1));
  const Result<std::vector<Message>> answer = co_await connection.receive();
  const Result<Proof> proof = only_message<Proof>(answer);
  if (!proof.ok()) co_return proof.status();
  const Mac expected = handshake_mac(key, Role::kNode, *frame, challenge.nonce);
  if (!equal_constant_time(expected.bytes, proof->mac.bytes))
    co_return refuse(connection, permission_denied("the node has another key: nodes and tracker "
                                                   "need the same HUBDIST_HOME"));
  co_return *hello;
}

Awaitable<Result<std::vector<Message>>> meet_tracker(WireConnection& connection, const MacKey& key,
                                                     Hello hello) {
  hello.nonce = random_nonce();
  const Message message = std::move(hello);
  const Bytes frame = encode_frame(std::span(&message, 1));
  connection.send(frame);
  const Result<std::vector<Message>> answer = co_await connection.receive();
  const Result<Challenge> challenge = only_message<Challenge>(answer);
  if (!challenge.ok()) co_return challenge.status();
  if (Status same = check_version(challenge->version, "the tracker"); !same.ok()) co_return same;
  const Mac expected = handshake_mac(key, Role::kTracker, frame, challenge->nonce);
  if (!equal_constant_time(expected.bytes, challenge->mac.bytes))
    co_return permission_denied(
        "what listens there does not have this user's key: it is another user's tracker, or none. "
        "Nodes and tracker need the same HUBDIST_HOME");
  const Message proof = Proof{handshake_mac(key, Role::kNode, frame, challenge->nonce)};
  connection.send(std::span(&proof, 1));
  connection.set_limit(kMaxFrame);
  Result<std::vector<Message>> first = co_await connection.receive();
  if (!first.ok()) co_return first.status();
  if (first->empty() || !std::holds_alternative<Welcome>(first->front())) {
    const Result<Welcome> refused = only_message<Welcome>(first);
    co_return refused.ok() ? invalid_argument("the tracker's first word is no welcome")
                           : refused.status();
  }
  co_return first;
}

}  // namespace hubdist::exchange
