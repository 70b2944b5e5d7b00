// The users of a hub and their tokens.
//
// Objects: users/{name} and tokens/{first half of the token's SHA-256}, JSON both. A token is 256
// random bits, so its plain SHA-256, the only thing kept of it, gives nothing away.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <hubdist/base/secret.h>
#include <hubdist/store/object_store.h>

namespace hubdist {

// OK for 1 to 96 letters, digits, '-', '_' and '.', as names of users, organisations and
// repositories are.
Status check_name(std::string_view what, std::string_view name);

struct TokenOwner {
  std::string user;
  std::string created;  // ISO 8601
};

// Thread-safe, also between processes. The store must outlive it.
class Accounts {
 public:
  explicit Accounts(ObjectStore& store) : store_(store) {}
  // Makes the user if missing, and a new token, which cannot be asked for again.
  Result<Secret> add_token(std::string_view user);
  // Whose token it is; nothing for one that was never given out.
  Result<std::optional<TokenOwner>> find(const Secret& token) const;

 private:
  ObjectStore& store_;
};

}  // namespace hubdist
