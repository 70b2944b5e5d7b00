#include "server/internal/account_records.h"

#include "server/internal/json_reader.h"
#include <hubdist/base/json_writer.h>
#include <hubdist/server/repository.h>

namespace hubdist::internal {

std::string now_text() {
  return iso_time(std::chrono::duration_cast<std::chrono::seconds>(
                      system_clock().wall_time().time_since_epoch())
                      .count());
}

std::string format_account(const Account& account) {
  JsonWriter json;
  json.begin_object()
      .field("name", account.name)
      .field("organisation", account.is_organisation)
      .field("created", account.created)
      .key("organisations")
      .begin_object();
  for (const auto& [organisation, role] : account.organisations)
    json.field(organisation, role_name(role));
  return json.end_object().end_object().take();
}

Result<Account> parse_account(std::string_view text) {
  HUBDIST_ASSIGN(const auto document, JsonDocument::parse(text, "an account's record"));
  Account account;
  HUBDIST_ASSIGN(account.name, document->text(document->root(), "name"));
  HUBDIST_ASSIGN(account.is_organisation, document->get<bool>(document->root(), "organisation"));
  HUBDIST_ASSIGN(account.created, document->text(document->root(), "created"));
  HUBDIST_ASSIGN(const auto organisations,
                 document->get<simdjson::dom::object>(document->root(), "organisations"));
  for (const auto field : organisations) {
    std::string_view role_text;
    if (field.value.get(role_text) != simdjson::SUCCESS)
      return data_loss("an account's record has a role that is no text");
    HUBDIST_ASSIGN(const Role role, parse_role(role_text));
    account.organisations.emplace(field.key, role);
  }
  return account;
}

std::string format_token(const TokenRecord& record) {
  return JsonWriter()
      .begin_object()
      .field("user", record.info.user)
      .field("sha256", record.hash.hex())
      .field("label", record.info.label)
      .field("write", record.info.may_write)
      .field("created", record.info.created)
      .end_object()
      .take();
}

Result<TokenRecord> parse_token(std::string_view text) {
  HUBDIST_ASSIGN(const auto document, JsonDocument::parse(text, "a token's record"));
  TokenRecord record;
  HUBDIST_ASSIGN(const std::string hash, document->text(document->root(), "sha256"));
  HUBDIST_ASSIGN(record.hash, Sha256::parse(hash));
  record.info.id = hash.substr(0, kTokenIdDigits);
  HUBDIST_ASSIGN(record.info.user, document->text(document->root(), "user"));
  HUBDIST_ASSIGN(record.info.label, document->text(document->root(), "label"));
  HUBDIST_ASSIGN(record.info.may_write, document->get<bool>(document->root(), "write"));
  HUBDIST_ASSIGN(record.info.created, document->text(document->root(), "created"));
  return record;
}

}  // namespace hubdist::internal
