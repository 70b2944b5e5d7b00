#include <algorithm>

#include "server/internal/account_records.h"
#include <hubdist/base/json_writer.h>
#include <hubdist/server/accounts.h>

namespace hubdist {

namespace {

using internal::kMaxAccountRecord;

constexpr std::size_t kMaxName = 96;
constexpr std::size_t kAccountsPerPage = 1000;
constexpr int kMaxSwapTries = 20;

std::string account_key(std::string_view name) { return concat("users/", name); }

Status no_such_account(std::string_view what, std::string_view name) {
  return not_found("there is no ", what, " '", name.substr(0, 200), "' on this hub");
}

}  // namespace

Status check_name(std::string_view what, std::string_view name) {
  const auto allowed = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
           c == '_' || c == '.';
  };
  const auto edge = [](char c) { return c == '-' || c == '.'; };
  if (name.empty() || name.size() > kMaxName || !std::all_of(name.begin(), name.end(), allowed) ||
      edge(name.front()) || edge(name.back()) || name.find("--") != name.npos ||
      name.find("..") != name.npos || name.ends_with(".git"))
    return invalid_argument("'", name.substr(0, 200), "' is not a name of a ", what,
                            ": 1 to 96 letters, digits, '-', '_' and '.', not at the ends or "
                            "twice in a row, and no '.git' at the end");
  return {};
}

std::string_view role_name(Role role) {
  switch (role) {
    case Role::kNone:
      break;
    case Role::kRead:
      return "read";
    case Role::kWrite:
      return "write";
    case Role::kAdmin:
      return "admin";
  }
  return "none";
}

Result<Role> parse_role(std::string_view text) {
  for (const Role role : {Role::kNone, Role::kRead, Role::kWrite, Role::kAdmin})
    if (role_name(role) == text) return role;
  return invalid_argument("'", text.substr(0, 200), "' is no role: read, write, admin or none");
}

Role Viewer::role_in(std::string_view owner) const {
  if (user.empty() || owner.empty()) return Role::kNone;
  if (owner == user) return Role::kAdmin;
  const auto found = organisations.find(owner);
  return found == organisations.end() ? Role::kNone : found->second;
}

Status Accounts::add_account(const Account& account) {
  HUBDIST_TRY(check_name(account.is_organisation ? "organisation" : "user", account.name));
  const auto made = store_.put_if(account_key(account.name),
                                  as_bytes(internal::format_account(account)), std::nullopt);
  if (made.status().code() == StatusCode::kAborted)
    return already_exists("there is a user or organisation '", account.name, "' already");
  return made.status();
}

Status Accounts::add_user(std::string_view name) {
  return add_account({std::string(name), false, internal::now_text(), {}});
}

Status Accounts::add_organisation(std::string_view name) {
  return add_account({std::string(name), true, internal::now_text(), {}});
}

Result<Account> Accounts::find_account(std::string_view name) const {
  HUBDIST_TRY(check_name("user", name));
  const auto record = store_.get(account_key(name), kMaxAccountRecord);
  if (record.status().code() == StatusCode::kNotFound)
    return no_such_account("user or organisation", name);
  if (!record.ok()) return record.status();
  return internal::parse_account(record->content);
}

Result<std::vector<Account>> Accounts::accounts() const {
  std::vector<Account> found;
  std::string last;
  for (bool more = true; more;) {
    HUBDIST_ASSIGN(const ObjectPage page, store_.list("users/", last, kAccountsPerPage));
    for (const StoredObject& object : page.objects) {
      last = object.key;
      const auto record = store_.get(object.key, kMaxAccountRecord);
      if (record.status().code() == StatusCode::kNotFound) continue;
      if (!record.ok()) return record.status();
      HUBDIST_ASSIGN(Account account, internal::parse_account(record->content));
      found.push_back(std::move(account));
    }
    more = page.more;
  }
  return found;
}

// The tokens go first: a user of that name who comes later must not find them working.
Status Accounts::remove(std::string_view name) {
  HUBDIST_ASSIGN(const Account account, find_account(name));
  HUBDIST_ASSIGN(const std::vector<TokenInfo> given, tokens(name));
  for (const TokenInfo& token : given) HUBDIST_TRY(revoke(token.id));
  if (account.is_organisation) {
    HUBDIST_ASSIGN(const std::vector<Account> all, accounts());
    for (const Account& user : all)
      if (user.organisations.contains(name)) HUBDIST_TRY(set_member(name, user.name, Role::kNone));
  }
  return store_.remove(account_key(name));
}

Status Accounts::set_member(std::string_view organisation, std::string_view user, Role role) {
  const auto owner = find_account(organisation);
  if (!owner.ok() || !owner->is_organisation) return no_such_account("organisation", organisation);
  HUBDIST_TRY(check_name("user", user));
  Status failure;
  for (int i = 0; i < kMaxSwapTries; ++i) {
    const auto record = store_.get(account_key(user), kMaxAccountRecord);
    if (record.status().code() == StatusCode::kNotFound) return no_such_account("user", user);
    if (!record.ok()) return record.status();
    HUBDIST_ASSIGN(Account account, internal::parse_account(record->content));
    if (account.is_organisation) return no_such_account("user", user);
    if (role == Role::kNone)
      account.organisations.erase(std::string(organisation));
    else
      account.organisations[std::string(organisation)] = role;
    failure =
        store_
            .put_if(account_key(user), as_bytes(internal::format_account(account)), record->version)
            .status();
    if (failure.code() != StatusCode::kAborted) return failure;
  }
  return failure;
}

}  // namespace hubdist
