#include <algorithm>
#include <memory>

#include <curl/curl.h>

#include <hubdist/io/url.h>

namespace hubdist {
namespace {

constexpr std::size_t kMaxUrl = 64 * 1024;

struct FreeUrl {
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
};
using UrlHandle = std::unique_ptr<CURLU, FreeUrl>;

Result<std::string> part(CURLU* url, CURLUPart which, unsigned flags = 0) {
  char* text = nullptr;
  if (const CURLUcode code = curl_url_get(url, which, &text, flags); code != CURLUE_OK)
    return invalid_argument("not an http URL: ", curl_url_strerror(code));
  std::string out = text;
  curl_free(text);
  return out;
}

Status set_url(CURLU* url, std::string_view text, unsigned flags) {
  if (text.empty() || text.size() > kMaxUrl)
    return invalid_argument("a URL must have 1 to ", kMaxUrl, " bytes, this one has ", text.size());
  if (text.find('\0') != text.npos) return invalid_argument("a URL must not hold a NUL byte");
  const CURLUcode code = curl_url_set(url, CURLUPART_URL, std::string(text).c_str(),
                                      flags | CURLU_DISALLOW_USER | CURLU_NON_SUPPORT_SCHEME);
  if (code == CURLUE_USER_NOT_ALLOWED)
    return invalid_argument("a URL must not hold a user name or password");
  if (code != CURLUE_OK) return invalid_argument("not a URL: ", curl_url_strerror(code));
  return {};
}

Result<HttpUrl> take_apart(CURLU* url) {
  curl_url_set(url, CURLUPART_FRAGMENT, nullptr, 0);
  HttpUrl out;
  HUBDIST_ASSIGN(out.scheme, part(url, CURLUPART_SCHEME));
  if (out.scheme != "http" && out.scheme != "https")
    return invalid_argument("only http and https URLs can be asked, not ", out.scheme);
  HUBDIST_ASSIGN(out.host, part(url, CURLUPART_HOST));
  std::transform(out.host.begin(), out.host.end(), out.host.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  HUBDIST_ASSIGN(out.port, part(url, CURLUPART_PORT, CURLU_DEFAULT_PORT));
  HUBDIST_ASSIGN(out.text, part(url, CURLUPART_URL));
  return out;
}

}  // namespace

bool HttpUrl::is_loopback() const {
  return host == "localhost" || host.ends_with(".localhost") || host == "[::1]" ||
         (host.starts_with("127.") && host.find_first_not_of("0123456789.") == host.npos);
}

Result<HttpUrl> parse_http_url(std::string_view text) {
  const UrlHandle url(curl_url());
  HUBDIST_TRY(set_url(url.get(), text, 0));
  return take_apart(url.get());
}

Result<HttpUrl> resolve_http_url(const HttpUrl& base, std::string_view reference) {
  const UrlHandle url(curl_url());
  HUBDIST_TRY(set_url(url.get(), base.text, 0));
  HUBDIST_TRY(set_url(url.get(), reference, CURLU_URLENCODE));
  return take_apart(url.get());
}

}  // namespace hubdist
