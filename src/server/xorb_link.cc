#include "server/internal/xorb_link.h"

#include <charconv>

#include "server/internal/api_support.h"
#include <hubdist/io/http_client.h>

namespace hubdist::internal {

namespace {

Status no_link() {
  return api_error(403, "", "This link is not valid, or not any more: ask for a new one");
}

std::string text_of(const XorbLink& link) {
  return concat(kXorbLinkPrefix, link.storage.text, '/', xet_hex(link.xorb),
                "?begin=", link.bytes.begin, "&end=", link.bytes.end,
                "&to=", percent_encode(link.uploads_to), "&expires=", link.expires);
}

template <typename T>
bool read_number(std::string_view text, T& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc() && end == text.data() + text.size();
}

// The parameters in the order and spelling of text_of(): what differs has no right signature.
bool read_query(const HttpParameters& query, XorbLink& link) {
  static constexpr std::string_view kNames[] = {"begin", "end", "to", "expires", "signature"};
  if (query.size() != std::size(kNames)) return false;
  for (std::size_t i = 0; i < query.size(); ++i)
    if (query[i].first != kNames[i]) return false;
  link.uploads_to = query[2].second;
  return read_number(query[0].second, link.bytes.begin) &&
         read_number(query[1].second, link.bytes.end) && read_number(query[3].second, link.expires);
}

}  // namespace

XorbLinks::XorbLinks(const Secret& hub_key, std::chrono::seconds life)
    : signer_(hub_key, "hubdist xorb link"), life_(life) {}

std::string XorbLinks::make(XorbLink link, std::int64_t now) const {
  link.expires = now + life_.count();
  const std::string text = text_of(link);
  return concat(text, "&signature=", signer_.sign(text));
}

Result<XorbLink> XorbLinks::read(std::string_view method, std::string_view path,
                                 std::string_view query_text, std::int64_t now) const {
  HUBDIST_ASSIGN(const HttpParameters query, parse_parameters(query_text));
  XorbLink link;
  if (!path.starts_with(kXorbLinkPrefix) || !read_query(query, link)) return no_link();
  path.remove_prefix(kXorbLinkPrefix.size());
  const std::size_t slash = std::min(path.find('/'), path.size());
  link.storage.text = path.substr(0, slash);
  const auto xorb = parse_xet_hex<XorbHash>(path.substr(std::min(slash + 1, path.size())));
  if (!xorb.ok()) return no_link();
  link.xorb = *xorb;
  const bool method_fits = link.is_upload() ? method == "PUT" : method == "GET" || method == "HEAD";
  if (!method_fits || !signer_.right(text_of(link), query.back().second) || link.expires < now)
    return no_link();
  return link;
}

}  // namespace hubdist::internal
