#include <algorithm>
#include <array>

#include <openssl/rand.h>

#include "server/internal/json_reader.h"
#include <hubdist/base/json_writer.h>
#include <hubdist/core/hash.h>
#include <hubdist/server/accounts.h>
#include <hubdist/server/repository.h>

namespace hubdist {

namespace {

constexpr std::size_t kMaxName = 96;
constexpr std::uint64_t kMaxRecord = 64 * kKiB;
constexpr std::string_view kTokenPrefix = "hd_";
constexpr std::size_t kTokenBytes = 32;

std::string now_text() {
  return iso_time(std::chrono::duration_cast<std::chrono::seconds>(
                      system_clock().wall_time().time_since_epoch())
                      .count());
}

std::string token_key(const Sha256& hash) { return concat("tokens/", hash.hex().substr(0, 32)); }

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

Result<Secret> Accounts::add_token(std::string_view user) {
  HUBDIST_TRY(check_name("user", user));
  const std::string user_record = JsonWriter()
                                      .begin_object()
                                      .field("name", user)
                                      .field("created", now_text())
                                      .end_object()
                                      .take();
  const auto made = store_.put_if(concat("users/", user), as_bytes(user_record), std::nullopt);
  if (!made.ok() && made.status().code() != StatusCode::kAborted) return made.status();

  std::array<std::byte, kTokenBytes> random;
  if (RAND_bytes(reinterpret_cast<unsigned char*>(random.data()), kTokenBytes) != 1)
    return internal_error("the system gave no random bytes");
  Secret token(concat(kTokenPrefix, to_hex(random)));
  const Sha256 hash = sha256(as_bytes(token.reveal()));
  const std::string record = JsonWriter()
                                 .begin_object()
                                 .field("user", user)
                                 .field("sha256", hash.hex())
                                 .field("created", now_text())
                                 .end_object()
                                 .take();
  const auto written = store_.put_if(token_key(hash), as_bytes(record), std::nullopt);
  if (!written.ok()) return written.status();
  return token;
}

Result<std::optional<TokenOwner>> Accounts::find(const Secret& token) const {
  const Sha256 hash = sha256(as_bytes(token.reveal()));
  const auto record = store_.get(token_key(hash), kMaxRecord);
  if (record.status().code() == StatusCode::kNotFound) return std::nullopt;
  if (!record.ok()) return record.status();
  HUBDIST_ASSIGN(const auto document,
                 internal::JsonDocument::parse(record->content, "a token's record"));
  HUBDIST_ASSIGN(const std::string stored, document->text(document->root(), "sha256"));
  HUBDIST_ASSIGN(const Sha256 stored_hash, Sha256::parse(stored));
  if (!equal_constant_time(stored_hash.bytes, hash.bytes)) return std::nullopt;
  TokenOwner owner;
  HUBDIST_ASSIGN(owner.user, document->text(document->root(), "user"));
  HUBDIST_ASSIGN(owner.created, document->text(document->root(), "created"));
  return std::optional<TokenOwner>(std::move(owner));
}

}  // namespace hubdist
