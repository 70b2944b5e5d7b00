#include "server/internal/cas_token.h"

#include <charconv>
#include <vector>

#include "server/internal/api_support.h"

namespace hubdist::internal {

namespace {

constexpr std::string_view kMark = "xet_";
constexpr std::size_t kMaxToken = 2048;
constexpr std::size_t kSignatureDigits = 64;

std::string payload_of(const CasToken& token) {
  return concat(token.writes ? "write" : "read", ' ', plural(token.repo.type), ' ', token.repo.name,
                ' ', token.storage.text, ' ', token.expires, ' ', token.login);
}

std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> words;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(' ', begin), text.size());
    words.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return words;
}

Status no_token() {
  return api_error(401, "", "This Xet token is not valid, or not any more: ask for a new one");
}

}  // namespace

CasTokens::CasTokens(const Secret& hub_key, std::chrono::seconds life)
    : signer_(hub_key, "hubdist CAS token"), life_(life) {}

Secret CasTokens::make(CasToken& token, std::int64_t now) const {
  token.expires = now + life_.count();
  const std::string payload = payload_of(token);
  return Secret(concat(kMark, to_hex(as_bytes(payload)), '.', signer_.sign(payload)));
}

Result<CasToken> CasTokens::read(const Secret& text, std::int64_t now) const {
  std::string_view shown = text.reveal();
  const std::size_t dot = shown.find('.');
  if (!shown.starts_with(kMark) || shown.size() > kMaxToken || dot == shown.npos) return no_token();
  const std::string_view signature = shown.substr(dot + 1);
  shown = shown.substr(0, dot).substr(kMark.size());
  std::string payload(shown.size() / 2, '\0');
  const bool readable =
      signature.size() == kSignatureDigits &&
      from_hex(shown, std::as_writable_bytes(std::span(payload.data(), payload.size()))).ok();
  if (!readable || !signer_.right(payload, signature)) return no_token();
  const auto words = words_of(payload);
  if (words.size() != 6) return no_token();
  CasToken token;
  token.writes = words[0] == "write";
  for (const RepoType type : {RepoType::kModel, RepoType::kDataset, RepoType::kSpace})
    if (words[1] == plural(type)) token.repo.type = type;
  token.repo.name = words[2];
  token.storage.text = words[3];
  std::from_chars(words[4].data(), words[4].data() + words[4].size(), token.expires);
  token.login = words[5];
  if (token.expires < now) return no_token();
  return token;
}

}  // namespace hubdist::internal
