// Accounts and tokens as JSON.
#pragma once

#include <string>
#include <string_view>

#include <hubdist/core/digest.h>
#include <hubdist/server/accounts.h>

namespace hubdist::internal {

inline constexpr std::uint64_t kMaxAccountRecord = 256 * kKiB;
inline constexpr std::size_t kTokenIdDigits = 12;

std::string now_text();  // ISO 8601

std::string format_account(const Account& account);
Result<Account> parse_account(std::string_view text);

struct TokenRecord {
  TokenInfo info;
  Sha256 hash;
};
std::string format_token(const TokenRecord& record);
Result<TokenRecord> parse_token(std::string_view text);

}  // namespace hubdist::internal
