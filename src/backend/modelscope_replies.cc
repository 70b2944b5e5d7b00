#include "backend/internal/modelscope_replies.h"

#include <simdjson.h>

#include <hubdist/base/hex.h>

namespace hubdist::internal {
namespace {

using simdjson::dom::array;
using simdjson::dom::element;
using simdjson::dom::object;

constexpr std::int64_t kFine = 200;

Status not_a_listing(std::string_view problem) {
  return data_loss("ModelScope's answer is not a listing of files: ", problem);
}

std::string_view text_field(const object& from, const char* name) {
  std::string_view text;
  return from[name].get(text) == simdjson::SUCCESS ? text : std::string_view();
}

std::optional<std::uint64_t> number_field(const object& from, const char* name) {
  std::uint64_t number = 0;
  if (from[name].get(number) != simdjson::SUCCESS) return std::nullopt;
  return number;
}

// What a hub says to people, fit for a terminal: no control characters, no flood.
std::string printable(std::string_view text) {
  constexpr std::size_t kMost = 500;
  std::string said(text.substr(0, kMost));
  for (char& c : said)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
  return said;
}

Result<ObjectEntry> parse_file(const object& file, std::string_view path) {
  ObjectEntry entry;
  entry.path = path;
  const auto size = number_field(file, "Size");
  if (!size) return not_a_listing(concat("no size for ", printable(path)));
  entry.size = *size;
  if (bool lfs = false; file["IsLFS"].get(lfs) == simdjson::SUCCESS) entry.lfs = lfs;
  const std::string_view stated = text_field(file, "Sha256");
  if (stated.empty()) return entry;
  const auto sha256 = Sha256::parse(stated);
  if (!sha256.ok()) return not_a_listing(concat("a wrong Sha256 for ", printable(path)));
  entry.identity.sha256 = *sha256;
  entry.etag = sha256->hex();
  return entry;
}

Status add_entry(const element& item, ModelScopeListing& listing) {
  object fields;
  if (item.get(fields) != simdjson::SUCCESS) return not_a_listing("an entry is no object");
  const std::string_view path = text_field(fields, "Path");
  if (path.empty()) return not_a_listing("an entry without a path");
  if (listing.first.empty()) listing.first = path;
  if (text_field(fields, "Type") == "tree") {
    listing.folders.emplace_back(path);
    return {};
  }
  HUBDIST_ASSIGN(ObjectEntry file, parse_file(fields, path));
  listing.files.push_back(std::move(file));
  return {};
}

// Data, or Data.Files; nothing where that is null.
Result<std::optional<array>> entries_of(const object& reply, std::optional<std::uint64_t>& total) {
  element data;
  array entries;
  if (reply["Data"].get(data) != simdjson::SUCCESS) return not_a_listing("it has no Data");
  if (data.get(entries) == simdjson::SUCCESS) return std::optional(entries);
  object fields;
  if (data.get(fields) != simdjson::SUCCESS) return not_a_listing("its Data is no object");
  if (!total) total = number_field(fields, "TotalCount");
  element files;
  if (fields["Files"].get(files) != simdjson::SUCCESS) return not_a_listing("it has no Files");
  if (files.is_null()) return std::nullopt;
  if (files.get(entries) != simdjson::SUCCESS) return not_a_listing("its Files are no array");
  return std::optional(entries);
}

// Errors may come with HTTP 200.
Status status_in(const object& reply, std::string_view json, std::string_view what) {
  bool success = true;
  std::int64_t code = kFine;
  if (reply["Code"].get(code) != simdjson::SUCCESS) return not_a_listing("it has no Code");
  if (reply["Success"].get(success) != simdjson::SUCCESS) success = true;
  if (code == kFine && success) return {};
  HttpResponse as_if;
  as_if.status = code >= 400 && code < 600 ? static_cast<int>(code) : 400;
  return status_of_modelscope(as_if, json, what);
}

std::string message_in(std::string_view json) {
  if (json.empty()) return {};
  simdjson::dom::parser parser;
  object reply;
  if (parser.parse(json.data(), json.size()).get(reply) != simdjson::SUCCESS) return {};
  return printable(text_field(reply, "Message"));
}

std::string_view remedy_for(StatusCode code, std::string_view hub_error) {
  if (hub_error == "RepoNotFound")
    return "no such repository, or it is private: check its name and type, and "
           "MODELSCOPE_API_TOKEN";
  if (hub_error == "RevisionNotFound") return "no such revision in this repository";
  if (hub_error == "EntryNotFound") return "no such file in this revision";
  if (hub_error == "GatedRepo")
    return "access to this repository must be granted first: ask on its page, and set "
           "MODELSCOPE_API_TOKEN";
  if (code == StatusCode::kNotFound)
    return "no such repository, revision or file, or it is private: check the names, and "
           "MODELSCOPE_API_TOKEN";
  if (code == StatusCode::kUnauthenticated)
    return "the token is missing or wrong: set MODELSCOPE_API_TOKEN";
  if (code == StatusCode::kPermissionDenied)
    return "this may not be read, or not without a token: set MODELSCOPE_API_TOKEN";
  return {};
}

}  // namespace

Result<ModelScopeListing> parse_modelscope_listing(std::string_view json, std::string_view what) {
  simdjson::dom::parser parser;
  object reply;
  if (parser.parse(json.data(), json.size()).get(reply) != simdjson::SUCCESS)
    return not_a_listing("it is no JSON object");
  HUBDIST_TRY(status_in(reply, json, what));
  ModelScopeListing listing;
  listing.total = number_field(reply, "TotalCount");
  HUBDIST_ASSIGN(const auto entries, entries_of(reply, listing.total));
  if (!entries) return listing;
  for (const element item : *entries) HUBDIST_TRY(add_entry(item, listing));
  return listing;
}

std::optional<std::string> parse_modelscope_commit(std::string_view json) {
  simdjson::dom::parser parser;
  element reply;
  std::string_view commit;
  if (parser.parse(json.data(), json.size()).get(reply) != simdjson::SUCCESS ||
      reply.at_pointer("/Data/Commit/0/Id").get(commit) != simdjson::SUCCESS || !is_hex(commit, 40))
    return std::nullopt;
  return std::string(commit);
}

Status status_of_modelscope(const HttpResponse& response, std::string_view body,
                            std::string_view what) {
  const Status status = status_of_http(response, what);
  if (status.ok()) return status;
  const std::string hub_error = printable(response.headers.get("X-Error-Code").value_or(""));
  std::string said = message_in(body);
  if (said.empty()) said = printable(response.headers.get("X-Error-Message").value_or(""));
  const std::string_view remedy = remedy_for(status.code(), hub_error);
  if (remedy.empty() && said.empty()) return status;
  std::string text = concat(what, ": ", remedy.empty() ? std::string_view(said) : remedy, " (HTTP ",
                            response.status);
  if (!remedy.empty() && !said.empty()) text += concat(", the hub says: ", said);
  Status out(status.code(), text + ")");
  for (const Detail key : {Detail::kHttpStatus, Detail::kRetryAfter})
    if (const auto value = detail(status, key)) out = with_detail(std::move(out), key, *value);
  return hub_error.empty() ? out : with_detail(std::move(out), Detail::kHubError, hub_error);
}

}  // namespace hubdist::internal
