#include <algorithm>
#include <charconv>
#include <ctime>

#include <curl/curl.h>

#include <hubdist/base/hex.h>
#include <hubdist/io/http_client.h>

namespace hubdist {
namespace {

template <typename T>
std::optional<T> parse_decimal(std::string_view text) {
  T value = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || parsed.ec != std::errc() || parsed.ptr != text.data() + text.size())
    return std::nullopt;
  return value;
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// Retry-After (RFC 9110, 10.2.3): seconds, or the date when to come back.
std::optional<long long> retry_after(const HttpHeaders& headers) {
  const auto field = headers.get("Retry-After");
  if (!field) return std::nullopt;
  const std::string text(trim(*field));
  if (const auto seconds = parse_decimal<long long>(text)) return std::max(*seconds, 0LL);
  const std::time_t then = curl_getdate(text.c_str(), nullptr);
  if (then < 0) return std::nullopt;
  // Measured on the server's own clock where it states one, since ours may be wrong.
  std::time_t now = -1;
  if (const auto date = headers.get("Date")) now = curl_getdate(date->c_str(), nullptr);
  if (now < 0) now = std::time(nullptr);
  return std::max<long long>(then - now, 0);
}

// `RateLimit: "name";r=<requests left>;t=<seconds until more>`, one or several policies
// (draft-ietf-httpapi-ratelimit-headers). The longest wait among those that are used up.
std::optional<long long> rate_limit_reset(const HttpHeaders& headers) {
  const auto field = headers.get("RateLimit");
  if (!field) return std::nullopt;
  std::optional<long long> wait;
  std::string_view rest = *field;
  while (!rest.empty()) {
    std::string_view policy = rest.substr(0, rest.find(','));
    rest.remove_prefix(std::min(policy.size() + 1, rest.size()));
    std::optional<long long> left, seconds;
    while (!policy.empty()) {
      const std::string_view item = policy.substr(0, policy.find(';'));
      policy.remove_prefix(std::min(item.size() + 1, policy.size()));
      const std::string_view parameter = trim(item);
      if (parameter.starts_with("r=")) left = parse_decimal<long long>(parameter.substr(2));
      if (parameter.starts_with("t=")) seconds = parse_decimal<long long>(parameter.substr(2));
    }
    if (left == 0 && seconds) wait = std::max(wait.value_or(0), *seconds);
  }
  return wait;
}

StatusCode code_of(int status) {
  switch (status) {
    case 400:
    case 405:
    case 414:
    case 431:
      return StatusCode::kInvalidArgument;
    case 401:
    case 407:
      return StatusCode::kUnauthenticated;
    case 403:
    case 451:
      return StatusCode::kPermissionDenied;
    case 404:
    case 410:
      return StatusCode::kNotFound;
    case 408:
    case 425:
      return StatusCode::kUnavailable;
    case 409:
      return StatusCode::kAlreadyExists;
    case 412:
      return StatusCode::kAborted;
    case 416:
      return StatusCode::kOutOfRange;
    case 429:
      return StatusCode::kResourceExhausted;
    case 501:
      return StatusCode::kUnimplemented;
    default:
      return status >= 500 ? StatusCode::kUnavailable : StatusCode::kFailedPrecondition;
  }
}

bool is_unreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_' || c == '~';
}

}  // namespace

std::optional<std::uint64_t> HttpResponse::content_length() const {
  const auto field = headers.get("Content-Length");
  return field ? parse_decimal<std::uint64_t>(trim(*field)) : std::nullopt;
}

Status status_of_http(const HttpResponse& response, std::string_view what) {
  if (response.ok()) return {};
  Status status = with_detail(
      make_status(code_of(response.status), what, ": the server answered HTTP ", response.status),
      Detail::kHttpStatus, std::to_string(response.status));
  if (response.status != 429 && response.status != 503) return status;
  auto wait = retry_after(response.headers);
  if (!wait) wait = rate_limit_reset(response.headers);
  return wait ? with_detail(std::move(status), Detail::kRetryAfter, std::to_string(*wait)) : status;
}

std::string percent_encode(std::string_view text, std::string_view keep) {
  constexpr char kDigits[] = "0123456789ABCDEF";
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    if (is_unreserved(c) || keep.find(c) != keep.npos) {
      out.push_back(c);
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out.append({'%', kDigits[byte >> 4], kDigits[byte & 15]});
  }
  return out;
}

Result<std::string> percent_decode(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out.push_back(text[i]);
      continue;
    }
    std::byte decoded;
    if (text.size() - i < 3 || !from_hex(text.substr(i + 1, 2), MutableBytes(&decoded, 1)).ok())
      return invalid_argument("'%' at ", i, " is not followed by two hexadecimal digits");
    out.push_back(static_cast<char>(decoded));
    i += 2;
  }
  return out;
}

}  // namespace hubdist
