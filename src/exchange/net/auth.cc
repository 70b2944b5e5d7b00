#include "exchange/net/auth.h"

#include <charconv>
#include <cstdlib>

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include <hubdist/base/hex.h>
#include <hubdist/core/hash.h>

namespace hubdist::exchange {
namespace {

constexpr std::string_view kScheme = "HubdistMAC ";
constexpr std::size_t kNonceDigits = 32;
// More requests than this within kMaxRequestAge are not remembered, and so refused.
constexpr std::size_t kMaxRemembered = 1'000'000;

void fill_random(MutableBytes bytes) {
  // Without randomness nothing can be proved: there is no way to go on.
  if (RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(bytes.size())) !=
      1)
    std::abort();
}

std::string request_text(const DataRequest& request, std::string_view nonce, std::int64_t time_ms) {
  return concat("request\n", request.method, "\n", request.target, "\n", request.range, "\n",
                request.address, "\n", nonce, "\n", time_ms);
}

std::string answer_text(std::string_view nonce, int status, std::uint64_t size) {
  return concat("answer\n", nonce, "\n", status, "\n", size);
}

// "name=value" out of "a=1, b=2".
std::string_view parameter(std::string_view list, std::string_view name) {
  while (!list.empty()) {
    const std::size_t comma = std::min(list.find(','), list.size());
    std::string_view one = list.substr(0, comma);
    list.remove_prefix(std::min(comma + 1, list.size()));
    while (one.starts_with(' ')) one.remove_prefix(1);
    if (one.size() > name.size() && one.starts_with(name) && one[name.size()] == '=')
      return one.substr(name.size() + 1);
  }
  return {};
}

}  // namespace

Nonce random_nonce() {
  Nonce nonce;
  fill_random(nonce);
  return nonce;
}

MacKey::MacKey(const Secret& exchange_key, std::string_view purpose)
    : key_(hkdf_sha256(as_bytes(exchange_key.reveal()), purpose)) {}
MacKey::~MacKey() { OPENSSL_cleanse(key_.data(), key_.size()); }

Mac MacKey::sign(std::string_view text) const { return hmac_sha256(key_, as_bytes(text)); }

bool MacKey::verify(std::string_view text, const Mac& mac) const {
  return equal_constant_time(sign(text).bytes, mac.bytes);
}

Mac handshake_mac(const MacKey& key, Role role, ByteView hello_frame, const Nonce& tracker_nonce) {
  return key.sign(concat(role == Role::kNode ? "node\n" : "tracker\n", sha256(hello_frame).hex(),
                         "\n", to_hex(tracker_nonce)));
}

std::string RequestSigner::sign(const DataRequest& request, std::int64_t time_ms,
                                std::string& nonce) const {
  std::array<std::byte, kNonceDigits / 2> random;
  fill_random(random);
  nonce = to_hex(random);
  return concat(kScheme, "nonce=", nonce, ", time=", time_ms,
                ", mac=", key_.sign(request_text(request, nonce, time_ms)).hex());
}

bool RequestSigner::answer_is_genuine(std::string_view nonce, int status, std::uint64_t size,
                                      std::string_view field) const {
  const auto mac = Mac::parse(field);
  return mac.ok() && key_.verify(answer_text(nonce, status, size), *mac);
}

std::optional<std::string> RequestChecker::check(const DataRequest& request,
                                                 std::string_view authorization,
                                                 std::int64_t time_ms) {
  if (!authorization.starts_with(kScheme)) return std::nullopt;
  authorization.remove_prefix(kScheme.size());
  const std::string nonce(parameter(authorization, "nonce"));
  const std::string_view stated = parameter(authorization, "time");
  const auto mac = Mac::parse(parameter(authorization, "mac"));
  std::int64_t time = 0;
  const auto parsed = std::from_chars(stated.data(), stated.data() + stated.size(), time);
  if (!is_hex(nonce, kNonceDigits) || !mac.ok() || parsed.ec != std::errc()) return std::nullopt;
  if (!key_.verify(request_text(request, nonce, time), *mac)) return std::nullopt;
  if (time < time_ms - kMaxRequestAge.count() || time > time_ms + kMaxRequestAge.count())
    return std::nullopt;
  if (!first_time(nonce, time_ms)) return std::nullopt;
  return nonce;
}

bool RequestChecker::first_time(const std::string& nonce, std::int64_t time_ms) {
  const std::lock_guard lock(mutex_);
  // A request may be dated ahead, so it could come again for twice that long.
  while (!by_time_.empty() && by_time_.front().first < time_ms - 2 * kMaxRequestAge.count()) {
    seen_.erase(by_time_.front().second);
    by_time_.pop_front();
  }
  if (seen_.size() >= kMaxRemembered || !seen_.insert(nonce).second) return false;
  by_time_.emplace_back(time_ms, nonce);
  return true;
}

std::string RequestChecker::sign_answer(std::string_view nonce, int status,
                                        std::uint64_t size) const {
  return key_.sign(answer_text(nonce, status, size)).hex();
}

}  // namespace hubdist::exchange
