// Signatures by which the hub knows its own words again.
#pragma once

#include <string>
#include <string_view>

#include <hubdist/base/secret.h>

namespace hubdist::internal {

// HMAC-SHA256 under a key that is derived from the hub's for one purpose: what is signed for one
// purpose says nothing for another. Thread-safe.
class Signer {
 public:
  Signer(const Secret& hub_key, std::string_view purpose);
  std::string sign(std::string_view text) const;  // 64 hexadecimal digits
  bool right(std::string_view text, std::string_view signature) const;

 private:
  Secret key_;
};

}  // namespace hubdist::internal
