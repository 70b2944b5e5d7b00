// Proofs that the other side belongs to the exchange. The key itself is never sent: each side shows
// a MAC over what both have said. docs/protocol.md specifies the texts that are signed.
#pragma once

#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_set>

#include <hubdist/base/clock.h>
#include <hubdist/base/secret.h>
#include <hubdist/exchange/messages.h>

namespace hubdist::exchange {

Nonce random_nonce();

// The key of one purpose, derived from the exchange's.
class MacKey {
 public:
  MacKey(const Secret& exchange_key, std::string_view purpose);
  ~MacKey();
  Mac sign(std::string_view text) const;
  bool verify(std::string_view text, const Mac& mac) const;

 private:
  std::array<std::byte, 32> key_;
};

// --- The control plane's handshake --------------------------------------------------------------

enum class Role { kNode, kTracker };
// What `role` proves: that it has seen this very Hello (the bytes of its frame) and this nonce of
// the tracker's.
Mac handshake_mac(const MacKey& key, Role role, ByteView hello_frame, const Nonce& tracker_nonce);

// --- The data plane -----------------------------------------------------------------------------

// One request for bytes, as both ends see it.
struct DataRequest {
  std::string method;
  std::string target;   // as on the request line
  std::string range;    // the Range field, or empty
  std::string address;  // of the node that is asked, "host:port"
};

inline constexpr std::chrono::milliseconds kMaxRequestAge{60'000};

// Signs requests and checks answers. Thread-safe.
class RequestSigner {
 public:
  explicit RequestSigner(const Secret& exchange_key) : key_(exchange_key, "hubdist data 1") {}
  // The Authorization field; `nonce` is for answer_is_genuine().
  std::string sign(const DataRequest& request, std::int64_t time_ms, std::string& nonce) const;
  bool answer_is_genuine(std::string_view nonce, int status, std::uint64_t size,
                         std::string_view field) const;

 private:
  MacKey key_;
};

inline constexpr std::string_view kAnswerField = "Hubdist-MAC";

// Checks requests and signs answers. A request counts once: its nonce is remembered for as long as
// its time would be accepted. Thread-safe.
class RequestChecker {
 public:
  explicit RequestChecker(const Secret& exchange_key) : key_(exchange_key, "hubdist data 1") {}
  // The nonce, when the Authorization field is right, fresh and new.
  std::optional<std::string> check(const DataRequest& request, std::string_view authorization,
                                   std::int64_t time_ms);
  // The value of kAnswerField.
  std::string sign_answer(std::string_view nonce, int status, std::uint64_t size) const;

 private:
  bool first_time(const std::string& nonce, std::int64_t time_ms);

  MacKey key_;
  std::mutex mutex_;
  std::unordered_set<std::string> seen_;
  std::deque<std::pair<std::int64_t, std::string>> by_time_;
};

}  // namespace hubdist::exchange
