// The users and organisations of a hub, and their tokens.
//
// Objects: users/{name} and tokens/{first half of the token's SHA-256}, JSON both. Of a token only
// its SHA-256 is kept: tokens are random and long, so that their plain hash gives nothing away.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <hubdist/base/secret.h>
#include <hubdist/store/object_store.h>

namespace hubdist {

namespace internal {
struct TokenRecord;
}

// OK for 1 to 96 letters, digits, '-', '_' and '.', as names of users, organisations and
// repositories are.
Status check_name(std::string_view what, std::string_view name);

// What a member may do in an organisation; each includes those before it.
//   kRead   read its private and gated repositories
//   kWrite  make repositories, commit, make and delete branches and tags
//   kAdmin  change settings, rename and delete repositories
enum class Role { kNone, kRead, kWrite, kAdmin };
std::string_view role_name(Role role);  // "none", "read", "write", "admin"
Result<Role> parse_role(std::string_view text);

// A user or an organisation; they share one space of names.
struct Account {
  std::string name;
  bool is_organisation = false;
  std::string created;                                     // ISO 8601
  std::map<std::string, Role, std::less<>> organisations;  // of a user
};

// Who asks.
struct Viewer {
  std::string user;        // empty: somebody without a token
  bool may_write = false;  // what the token is for
  std::map<std::string, Role, std::less<>> organisations;
  // In the names that begin with `owner`; a user is the admin of their own.
  Role role_in(std::string_view owner) const;
};

struct TokenInfo {
  std::string id;  // 12 hexadecimal digits, to name it without knowing it
  std::string user;
  std::string label;
  bool may_write = false;
  std::string created;  // ISO 8601
};

struct TokenOptions {
  bool may_write = false;
  std::string label = "hubdist";
};

struct Login {
  Viewer viewer;
  TokenInfo token;
  // By which find_again() finds the login while its token lasts: what the hub signs may carry it in
  // the token's place. 32 hexadecimal digits, half of the token's SHA-256; of no other use.
  std::string handle;
};

// Thread-safe, also between processes. The store must outlive it.
class Accounts {
 public:
  explicit Accounts(ObjectStore& store) : store_(store) {}

  Status add_user(std::string_view name);          // AlreadyExists, InvalidArgument
  Status add_organisation(std::string_view name);  // likewise
  // Takes the account and its tokens; repositories under its name stay. NotFound.
  Status remove(std::string_view name);
  Result<Account> find_account(std::string_view name) const;  // NotFound
  Result<std::vector<Account>> accounts() const;              // by name
  // kNone ends a membership. NotFound when there is no such user or organisation.
  Status set_member(std::string_view organisation, std::string_view user, Role role);

  // Makes the user if missing, and a new token, which cannot be asked for again.
  Result<Secret> add_token(std::string_view user, const TokenOptions& options = {});
  // The same with a token of one's own: at least 32 printable characters, chosen at random.
  // AlreadyExists when it was given out before.
  Status add_token(std::string_view user, const TokenOptions& options, const Secret& token);
  // Of one user, or of all.
  Result<std::vector<TokenInfo>> tokens(std::string_view user = {}) const;
  // `id`: the token's, or enough of its first digits to mean no other. NotFound.
  Status revoke(std::string_view id);
  // Whose token it is; nothing for one that was never given out, or is revoked.
  Result<std::optional<Login>> find(const Secret& token) const;
  // The login of that handle; nothing once its token is revoked or its user gone. The caller must
  // know that the handle is the asker's: it proves nothing by itself.
  Result<std::optional<Login>> find_again(std::string_view handle) const;

 private:
  Status add_account(const Account& account);
  Result<std::optional<Login>> login_of(const internal::TokenRecord& record) const;

  ObjectStore& store_;
};

}  // namespace hubdist
