#include <algorithm>
#include <array>

#include "core/internal/text.h"
#include "core/internal/uri_parts.h"
#include <hubdist/base/bytes.h>
#include <hubdist/core/uri.h>

namespace hubdist {
namespace {

using internal::is_alpha;
using internal::is_digit;
using internal::percent_encode;
using internal::printable;

constexpr std::size_t kMaxUriSize = 16 * kKiB;
constexpr std::string_view kSchemeEnd = "://";

struct SchemeName {
  std::string_view text;
  Scheme scheme;
};
constexpr std::array<SchemeName, 13> kSchemes = {{
    {"file", Scheme::kFile},
    {"http", Scheme::kHttp},
    {"https", Scheme::kHttps},
    {"hf", Scheme::kHf},
    {"modelscope", Scheme::kModelScope},
    {"opencsg", Scheme::kOpenCsg},
    {"s3", Scheme::kS3},
    {"gs", Scheme::kGs},
    {"abs", Scheme::kAbs},
    {"oss", Scheme::kOss},
    {"obs", Scheme::kObs},
    {"cos", Scheme::kCos},
    {"hdfs", Scheme::kHdfs},
}};

Scheme scheme_of(std::string_view text) {
  for (const SchemeName& known : kSchemes)
    if (known.text == text) return known.scheme;
  return Scheme::kOther;
}

bool is_scheme(std::string_view text) {
  return !text.empty() && is_alpha(text[0]) && std::all_of(text.begin(), text.end(), [](char c) {
    return is_alpha(c) || is_digit(c) || c == '+' || c == '-' || c == '.';
  });
}

// What of a text may stand in a message. Left out is what may be secret: everything when a ':'
// stands before an '@' as in user:password@host, and a query, which may carry a signature.
std::string shown(std::string_view text) {
  const std::size_t end = text.find(kSchemeEnd);
  const std::string_view scheme = end == text.npos ? "" : text.substr(0, end + kSchemeEnd.size());
  const std::string_view rest = text.substr(scheme.size());
  const std::size_t at = rest.rfind('@');
  if (at != rest.npos && rest.substr(0, at).find(':') != rest.npos)
    return concat("'", printable(scheme), "...'");
  const std::size_t query = text.find('?');
  return concat("'", printable(text.substr(0, query)), query == text.npos ? "'" : "?...'");
}

bool holds_credentials(const Uri& uri, std::string_view rest) {
  if (!uri.is_hub()) return internal::authority_of(rest).find('@') != rest.npos;
  const std::size_t at = rest.find('@');
  return at != rest.npos && rest.substr(0, at).find(':') != rest.npos;
}

Status parse_file(std::string_view rest, Uri& uri) {
  constexpr std::string_view kLocalhost = "localhost/";
  if (rest.starts_with(kLocalhost)) rest.remove_prefix(kLocalhost.size() - 1);
  if (!rest.starts_with('/'))
    return invalid_argument("a file is named by its absolute path, as in file:///data/model.bin");
  HUBDIST_ASSIGN(uri.path, internal::percent_decode(rest));
  return {};
}

Status parse_rest(std::string_view rest, Uri& uri) {
  if (uri.is_hub()) return internal::parse_hub(rest, uri);
  switch (uri.scheme) {
    case Scheme::kFile:
      return parse_file(rest, uri);
    case Scheme::kHttp:
    case Scheme::kHttps:
      return internal::parse_web(rest, uri);
    default:
      return internal::parse_object(rest, uri);
  }
}

Result<Uri> parse_without_scheme(std::string_view text) {
  if (text.starts_with('/')) {
    Uri uri;
    uri.scheme = Scheme::kFile;
    uri.scheme_text = "file";
    uri.path = text;
    return uri;
  }
  return invalid_argument(shown(text),
                          " has no scheme and is no absolute path; write hf://owner/name for a "
                          "repository of the Hugging Face Hub, or the absolute path of a file");
}

}  // namespace

bool Uri::is_hub() const {
  return scheme == Scheme::kHf || scheme == Scheme::kModelScope || scheme == Scheme::kOpenCsg;
}

Result<Uri> parse_uri(std::string_view text) {
  if (text.empty()) return invalid_argument("the URI is empty");
  if (text.size() > kMaxUriSize)
    return invalid_argument("the URI has ", text.size(), " bytes, allowed are ", kMaxUriSize);
  if (text.find('\0') != text.npos) return invalid_argument("the URI holds a NUL byte");
  const std::size_t end = text.find(kSchemeEnd);
  if (end == text.npos || !is_scheme(text.substr(0, end))) return parse_without_scheme(text);

  Uri uri;
  uri.scheme_text = internal::to_lower(text.substr(0, end));
  uri.scheme = scheme_of(uri.scheme_text);
  const std::string_view rest = text.substr(end + kSchemeEnd.size());
  if (holds_credentials(uri, rest))
    return invalid_argument("a ", uri.scheme_text,
                            ":// URI holds a user name or a password; credentials never travel in "
                            "URLs, give them by the environment or a token file");
  HUBDIST_TRY(with_context(parse_rest(rest, uri), shown(text)));
  return uri;
}

std::string format_uri(const Uri& uri) {
  if (uri.is_hub()) return internal::format_hub(uri);
  std::string out = concat(uri.scheme_text, kSchemeEnd, uri.authority);
  switch (uri.scheme) {
    case Scheme::kFile:
      return out + percent_encode(uri.path, "%");
    case Scheme::kHttp:
    case Scheme::kHttps:
      out += uri.path;
      return uri.query.empty() ? out : concat(out, '?', uri.query);
    default:
      if (!uri.path.empty() || uri.scheme == Scheme::kHdfs)
        out += concat('/', percent_encode(uri.path, "%"));
      return out;
  }
}

std::string display_uri(Uri uri) {
  if (!uri.query.empty()) uri.query = "...";
  return format_uri(uri);
}

}  // namespace hubdist
