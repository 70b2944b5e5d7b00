#include "server/internal/signer.h"

#include <hubdist/core/hash.h>

namespace hubdist::internal {

Signer::Signer(const Secret& hub_key, std::string_view purpose)
    : key_(std::string(as_text(hkdf_sha256(as_bytes(hub_key.reveal()), purpose)))) {}

std::string Signer::sign(std::string_view text) const {
  return hmac_sha256(as_bytes(key_.reveal()), as_bytes(text)).hex();
}

bool Signer::right(std::string_view text, std::string_view signature) const {
  return equal_constant_time(as_bytes(sign(text)), as_bytes(signature));
}

}  // namespace hubdist::internal
