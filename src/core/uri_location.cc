#include <algorithm>
#include <array>

#include "core/internal/text.h"
#include "core/internal/uri_parts.h"
#include <hubdist/base/hex.h>

namespace hubdist::internal {
namespace {

Status check_host(std::string_view host, bool ipv6) {
  if (host.empty()) return invalid_argument("it names no host or bucket");
  const bool allowed = std::all_of(host.begin(), host.end(), [ipv6](char c) {
    return is_alpha(c) || is_digit(c) || c == '-' || c == '.' || c == '_' || (ipv6 && c == ':');
  });
  if (allowed) return {};
  return invalid_argument(
      "a host or bucket has letters, digits, '-', '.' and '_' only (a host name beyond ASCII is "
      "written xn--...)");
}

Status check_port(std::string_view port) {
  constexpr int kMaxPort = 65535;
  int value = 0;
  for (const char c : port)
    value = is_digit(c) && value <= kMaxPort ? value * 10 + (c - '0') : kMaxPort + 1;
  if (value >= 1 && value <= kMaxPort) return {};
  return invalid_argument("the port is not a number from 1 to ", kMaxPort);
}

// host, host:port, [v6], [v6]:port, or the name of a bucket.
Status check_authority(std::string_view authority) {
  const bool ipv6 = authority.starts_with('[');
  const std::size_t host_end = authority.find(ipv6 ? ']' : ':');
  if (ipv6 && host_end == authority.npos) return invalid_argument("the address lacks its ']'");
  HUBDIST_TRY(check_host(authority.substr(ipv6 ? 1 : 0, host_end - (ipv6 ? 1 : 0)), ipv6));
  if (host_end == authority.npos) return {};
  const std::string_view after = authority.substr(host_end + (ipv6 ? 1 : 0));
  if (after.empty()) return {};
  if (after[0] != ':') return invalid_argument("text follows the ']' of the address");
  return check_port(after.substr(1));
}

// A path or query as it may stand in a request line.
Result<std::string> web_text(std::string_view text) {
  for (std::size_t i = text.find('%'); i != text.npos; i = text.find('%', i + 1)) {
    std::array<std::byte, 1> byte{};
    if (!from_hex(text.substr(i + 1, 2), byte).ok())
      return invalid_argument(
          "a '%' is not followed by two hexadecimal digits; '%' itself is written %25");
  }
  std::string out;
  for (const char c : text) {
    if (is_control(c)) return invalid_argument("it holds a control character");
    const bool beyond_ascii = static_cast<unsigned char>(c) >= 128;
    const bool unsafe = std::string_view(" \"<>\\^`{|}").find(c) != std::string_view::npos;
    out += beyond_ascii || unsafe ? percent_byte(c) : std::string(1, c);
  }
  return out;
}

}  // namespace

std::string_view authority_of(std::string_view rest) {
  return rest.substr(0, rest.find_first_of("/?#"));
}

Status parse_web(std::string_view rest, Uri& uri) {
  const std::string_view authority = authority_of(rest);
  HUBDIST_TRY(check_authority(authority));
  uri.authority = to_lower(authority);
  rest.remove_prefix(authority.size());
  if (rest.find('#') != rest.npos)
    return invalid_argument("a fragment names no file; '#' inside a name is written %23");
  const std::size_t mark = rest.find('?');
  HUBDIST_ASSIGN(uri.path, web_text(rest.substr(0, mark)));
  if (uri.path.empty()) uri.path = "/";
  if (mark != rest.npos) {
    HUBDIST_ASSIGN(uri.query, web_text(rest.substr(mark + 1)));
  }
  return {};
}

Status parse_object(std::string_view rest, Uri& uri) {
  const std::size_t slash = rest.find('/');
  uri.authority = rest.substr(0, slash);
  // What an application's scheme names there is the application's to say.
  if (uri.scheme != Scheme::kOther) HUBDIST_TRY(check_authority(uri.authority));
  if (slash != rest.npos) {
    HUBDIST_ASSIGN(uri.path, percent_decode(rest.substr(slash + 1)));
  }
  return {};
}

}  // namespace hubdist::internal
