#include "server/internal/credentials.h"

#include <string>

#include <openssl/evp.h>

#include <hubdist/io/http_headers.h>

namespace hubdist::internal {

namespace {

constexpr std::string_view kBearer = "Bearer ";
constexpr std::string_view kBasic = "Basic ";

bool has_scheme(std::string_view field, std::string_view scheme) {
  return field.size() > scheme.size() &&
         equal_ignoring_case(field.substr(0, scheme.size()), scheme);
}

}  // namespace

Result<std::string> decode_base64(std::string_view text) {
  const Status wrong = invalid_argument("this is not base64");
  if (text.size() % 4 != 0) return wrong;
  std::string plain(text.size() / 4 * 3, '\0');
  if (text.empty()) return plain;
  const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(plain.data()),
                                   reinterpret_cast<const unsigned char*>(text.data()),
                                   static_cast<int>(text.size()));
  if (size < 0) return wrong;
  std::size_t padding = 0;
  while (padding < 2 && text[text.size() - 1 - padding] == '=') ++padding;
  plain.resize(static_cast<std::size_t>(size) - padding);
  return plain;
}

std::optional<Secret> token_of(std::string_view authorization) {
  if (has_scheme(authorization, kBearer))
    return Secret(std::string(authorization.substr(kBearer.size())));
  if (!has_scheme(authorization, kBasic)) return std::nullopt;
  const auto pair = decode_base64(authorization.substr(kBasic.size()));
  const std::size_t colon = pair.ok() ? pair->find(':') : std::string::npos;
  if (colon == std::string::npos) return std::nullopt;
  const std::string password = pair->substr(colon + 1);
  return Secret(password.empty() ? pair->substr(0, colon) : password);
}

}  // namespace hubdist::internal
