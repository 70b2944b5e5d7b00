// http and https URLs, taken apart as far as security needs it.
#pragma once

#include <string>
#include <string_view>

#include <hubdist/base/status.h>

namespace hubdist {

// An absolute URL without user, password or fragment. Scheme and host are in lower case.
struct HttpUrl {
  std::string text;    // the whole, as it can be asked
  std::string scheme;  // "http" or "https"
  std::string host;    // an IPv6 address in brackets
  std::string port;    // decimal; the scheme's own when the text names none

  // "scheme://host:port": what a credential belongs to.
  std::string origin() const { return concat(scheme, "://", host, ":", port); }
  // For messages: a query may carry a signature, and is left out.
  std::string without_query() const { return text.substr(0, text.find('?')); }
  // Whether the host is this machine: localhost, *.localhost, 127.0.0.0/8, ::1.
  bool is_loopback() const;
  bool same_origin(const HttpUrl& o) const {
    return scheme == o.scheme && host == o.host && port == o.port;
  }
};

// InvalidArgument when `text` is no http or https URL, or holds a user or password (which the
// message does not repeat).
Result<HttpUrl> parse_http_url(std::string_view text);
// What `reference` (absolute or relative, as in a Location field) means where `base` was asked.
Result<HttpUrl> resolve_http_url(const HttpUrl& base, std::string_view reference);

}  // namespace hubdist
