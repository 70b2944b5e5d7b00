#include <algorithm>
#include <array>

#include <openssl/rand.h>

#include "server/internal/account_records.h"
#include <hubdist/base/hex.h>
#include <hubdist/base/json_writer.h>
#include <hubdist/core/hash.h>
#include <hubdist/server/accounts.h>

namespace hubdist {

namespace {

using internal::kMaxAccountRecord;
using internal::TokenRecord;

constexpr std::string_view kTokenPrefix = "hd_";
constexpr std::size_t kTokenBytes = 32;
constexpr std::size_t kMinTokenLength = 32;
constexpr std::size_t kMaxTokenLength = 1024;
constexpr std::size_t kMaxLabel = 200;
constexpr std::size_t kTokensPerPage = 1000;

constexpr std::size_t kHandleDigits = 32;

std::string handle_of(const Sha256& hash) { return hash.hex().substr(0, kHandleDigits); }
std::string token_key(std::string_view handle) { return concat("tokens/", handle); }

Status check_token(const Secret& token) {
  const std::string_view text = token.reveal();
  const bool printable =
      std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f; });
  if (printable && text.size() >= kMinTokenLength && text.size() <= kMaxTokenLength) return {};
  return invalid_argument("the token must have ", kMinTokenLength, " to ", kMaxTokenLength,
                          " printable ASCII characters without spaces, chosen at random");
}

Result<std::optional<TokenRecord>> read_token(ObjectStore& store, std::string_view key) {
  const auto object = store.get(key, kMaxAccountRecord);
  if (object.status().code() == StatusCode::kNotFound) return std::nullopt;
  if (!object.ok()) return object.status();
  HUBDIST_ASSIGN(TokenRecord record, internal::parse_token(object->content));
  return std::optional<TokenRecord>(std::move(record));
}

}  // namespace

Result<Secret> Accounts::add_token(std::string_view user, const TokenOptions& options) {
  std::array<std::byte, kTokenBytes> random;
  if (RAND_bytes(reinterpret_cast<unsigned char*>(random.data()), kTokenBytes) != 1)
    return internal_error("the system gave no random bytes");
  Secret token(concat(kTokenPrefix, to_hex(random)));
  HUBDIST_TRY(add_token(user, options, token));
  return token;
}

Status Accounts::add_token(std::string_view user, const TokenOptions& options,
                           const Secret& token) {
  HUBDIST_TRY(check_token(token));
  if (options.label.size() > kMaxLabel || !is_utf8(options.label))
    return invalid_argument("a token's label is UTF-8 text of at most ", kMaxLabel, " bytes");
  if (const Status made = add_user(user); made.code() == StatusCode::kAlreadyExists) {
    HUBDIST_ASSIGN(const Account account, find_account(user));
    if (account.is_organisation)
      return invalid_argument("'", user, "' is an organisation: tokens are for its members");
  } else if (!made.ok()) {
    return made;
  }
  TokenRecord record;
  record.hash = sha256(as_bytes(token.reveal()));
  record.info.user = user;
  record.info.label = options.label;
  record.info.may_write = options.may_write;
  record.info.created = internal::now_text();
  const auto written = store_.put_if(token_key(handle_of(record.hash)),
                                     as_bytes(internal::format_token(record)), std::nullopt);
  if (written.status().code() == StatusCode::kAborted)
    return already_exists("this token was given out before: choose another");
  return written.status();
}

Result<std::vector<TokenInfo>> Accounts::tokens(std::string_view user) const {
  std::vector<TokenInfo> found;
  std::string last;
  for (bool more = true; more;) {
    HUBDIST_ASSIGN(const ObjectPage page, store_.list("tokens/", last, kTokensPerPage));
    for (const StoredObject& object : page.objects) {
      last = object.key;
      HUBDIST_ASSIGN(auto record, read_token(store_, object.key));
      if (record && (user.empty() || record->info.user == user))
        found.push_back(std::move(record->info));
    }
    more = page.more;
  }
  std::stable_sort(found.begin(), found.end(), [](const auto& a, const auto& b) {
    return a.user != b.user ? a.user < b.user : a.created < b.created;
  });
  return found;
}

Status Accounts::revoke(std::string_view id) {
  const Status missing = not_found("there is no token '", id.substr(0, 200),
                                   "': `hubdist hub token list` shows their ids");
  if (id.empty() || id.size() > 32 || !is_hex(id, id.size())) return missing;
  HUBDIST_ASSIGN(const ObjectPage found, store_.list(concat("tokens/", id), {}, 2));
  if (found.objects.empty()) return missing;
  if (found.objects.size() > 1)
    return invalid_argument("several tokens begin with '", id, "': give more digits");
  return store_.remove(found.objects.front().key);
}

Result<std::optional<Login>> Accounts::login_of(const TokenRecord& record) const {
  auto account = find_account(record.info.user);
  if (account.status().code() == StatusCode::kNotFound) return std::nullopt;
  if (!account.ok()) return account.status();
  Login login;
  login.viewer.user = record.info.user;
  login.viewer.may_write = record.info.may_write;
  login.viewer.organisations = std::move(account->organisations);
  login.token = record.info;
  login.handle = handle_of(record.hash);
  return std::optional<Login>(std::move(login));
}

Result<std::optional<Login>> Accounts::find(const Secret& token) const {
  const Sha256 hash = sha256(as_bytes(token.reveal()));
  HUBDIST_ASSIGN(const auto record, read_token(store_, token_key(handle_of(hash))));
  if (!record || !equal_constant_time(record->hash.bytes, hash.bytes)) return std::nullopt;
  return login_of(*record);
}

Result<std::optional<Login>> Accounts::find_again(std::string_view handle) const {
  if (!is_hex(handle, kHandleDigits)) return std::nullopt;
  HUBDIST_ASSIGN(const auto record, read_token(store_, token_key(handle)));
  if (!record) return std::nullopt;
  return login_of(*record);
}

}  // namespace hubdist
