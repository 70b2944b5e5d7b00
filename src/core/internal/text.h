// Text from outside, made fit for messages; and percent-encoding.
#pragma once

#include <string>
#include <string_view>

#include <hubdist/base/status.h>

namespace hubdist::internal {

// At most 200 bytes of `text`, control characters as '?': a hostile name can neither write to a
// person's terminal nor fill it.
std::string printable(std::string_view text);

// Replaces each %XX (RFC 3986, section 2.1). InvalidArgument for a '%' without two digits and for
// an encoded NUL; the message does not repeat the text.
Result<std::string> percent_decode(std::string_view text);

// Encodes control characters, every byte beyond ASCII when the text is not UTF-8, and what
// `special` names. ('%' has to be named.)
std::string percent_encode(std::string_view text, std::string_view special);

std::string percent_byte(char c);  // "%XX"

inline bool is_alpha(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
inline bool is_digit(char c) { return c >= '0' && c <= '9'; }
inline bool is_control(char c) { return static_cast<unsigned char>(c) < 32 || c == 127; }
std::string to_lower(std::string_view text);  // ASCII only

}  // namespace hubdist::internal
