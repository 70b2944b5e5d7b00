// Xet hashes as file names and in JSON: four little-endian 64-bit numbers in hexadecimal, so that
// each run of eight bytes stands reversed (Xet protocol specification, "Converting Hashes to
// Strings").
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

#include <hubdist/core/identity.h>

namespace hubdist::internal {

inline XetHash reverse_words(XetHash hash) {
  for (auto word = hash.bytes.begin(); word != hash.bytes.end(); word += 8)
    std::reverse(word, word + 8);
  return hash;
}

inline std::string xet_hex(const XetHash& hash) { return reverse_words(hash).hex(); }

inline Result<XetHash> parse_xet_hex(std::string_view text) {
  HUBDIST_ASSIGN(const XetHash reversed, XetHash::parse(text));
  return reverse_words(reversed);
}

}  // namespace hubdist::internal
