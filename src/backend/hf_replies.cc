#include "backend/internal/hf_replies.h"

#include <algorithm>

#include <simdjson.h>

#include <hubdist/core/merkle.h>
#include <hubdist/io/url.h>

namespace hubdist::internal {
namespace {

using simdjson::dom::element;
using simdjson::dom::object;

Status not_a_listing(std::string_view problem) {
  return data_loss("the hub's answer is not a listing of files: ", problem);
}

std::string_view text_field(const object& from, const char* name) {
  std::string_view text;
  return from[name].get(text) == simdjson::SUCCESS ? text : std::string_view();
}

std::uint64_t number_field(const object& from, const char* name, std::uint64_t otherwise) {
  std::uint64_t number = 0;
  return from[name].get(number) == simdjson::SUCCESS ? number : otherwise;
}

Result<ObjectEntry> parse_file(const object& file) {
  constexpr std::uint64_t kNone = ~std::uint64_t{0};
  ObjectEntry entry;
  entry.path = text_field(file, "path");
  entry.size = number_field(file, "size", kNone);
  if (entry.path.empty()) return not_a_listing("a file without a path");
  if (entry.size == kNone) return not_a_listing(concat("no size for ", entry.path));
  if (object lfs; file["lfs"].get(lfs) == simdjson::SUCCESS) {
    const auto sha256 = Sha256::parse(text_field(lfs, "oid"));
    if (!sha256.ok()) return not_a_listing(concat("a wrong sha256 for ", entry.path));
    entry.lfs = true;
    entry.identity.sha256 = *sha256;
    entry.etag = sha256->hex();
    entry.size = number_field(lfs, "size", entry.size);
  } else if (const auto sha1 = Sha1::parse(text_field(file, "oid")); sha1.ok()) {
    entry.identity.git_sha1 = *sha1;
    entry.etag = sha1->hex();
  } else {
    return not_a_listing(concat("a wrong oid for ", entry.path));
  }
  if (const auto xet = parse_xet_hex<XetHash>(text_field(file, "xetHash")); xet.ok())
    entry.identity.xet = *xet;
  return entry;
}

// A token's life as we count it.
constexpr std::chrono::seconds kShortestLeave{60};
constexpr std::chrono::seconds kLongestLeave{24 * 60 * 60};
constexpr std::uint64_t kNoTime = std::uint64_t{1} << 40;  // seconds: no clock says more

std::string_view remedy_for(std::string_view code) {
  if (code == "RepoNotFound")
    return "no such repository, or it is private: check its name and type, and HF_TOKEN";
  if (code == "RevisionNotFound") return "no such revision in this repository";
  if (code == "EntryNotFound") return "no such file in this revision";
  if (code == "GatedRepo")
    return "access to this repository must be granted first: ask on its page, and set HF_TOKEN";
  if (code == "DisabledRepo") return "access to this repository was disabled";
  return {};
}

// What a hub says to people, fit for a terminal: no control characters, no flood.
std::string said_by_hub(const HttpResponse& response) {
  constexpr std::size_t kMost = 500;
  std::string said = response.headers.get("X-Error-Message").value_or("").substr(0, kMost);
  for (char& c : said)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
  return said;
}

StatusCode code_for(std::string_view hub_error, StatusCode otherwise) {
  if (hub_error == "RepoNotFound" || hub_error == "RevisionNotFound" ||
      hub_error == "EntryNotFound")
    return StatusCode::kNotFound;
  if (hub_error == "GatedRepo" || hub_error == "DisabledRepo") return StatusCode::kPermissionDenied;
  return otherwise;
}

}  // namespace

Result<std::vector<ObjectEntry>> parse_tree_page(std::string_view json) {
  simdjson::dom::parser parser;
  simdjson::dom::array entries;
  if (parser.parse(json.data(), json.size()).get(entries) != simdjson::SUCCESS)
    return not_a_listing("it is no JSON array");
  std::vector<ObjectEntry> files;
  for (const element item : entries) {
    object entry;
    if (item.get(entry) != simdjson::SUCCESS) return not_a_listing("an entry is no object");
    if (text_field(entry, "type") != "file") continue;
    HUBDIST_ASSIGN(ObjectEntry file, parse_file(entry));
    files.push_back(std::move(file));
  }
  return files;
}

Result<std::string> parse_revision(std::string_view json) {
  simdjson::dom::parser parser;
  object info;
  if (parser.parse(json.data(), json.size()).get(info) != simdjson::SUCCESS)
    return data_loss("the hub's answer for a revision is no JSON object");
  const std::string_view commit = text_field(info, "sha");
  if (!is_hex(commit, 40)) return data_loss("the hub's answer for a revision names no commit");
  return std::string(commit);
}

Result<XetAccess> parse_xet_access(std::string_view json, Instant now, WallTime time) {
  simdjson::dom::parser parser;
  object info;
  if (parser.parse(json.data(), json.size()).get(info) != simdjson::SUCCESS)
    return data_loss("the hub's answer for a Xet token is no JSON object");
  XetAccess access;
  access.cas_url = text_field(info, "casUrl");
  while (access.cas_url.ends_with('/')) access.cas_url.pop_back();
  access.token = Secret(std::string(text_field(info, "accessToken")));
  if (access.token.empty()) return data_loss("the hub's answer for a Xet token has none");
  HUBDIST_TRY(with_context(parse_http_url(access.cas_url).status(),
                           "the hub's answer for a Xet token, casUrl"));
  // Counted from now on, since a clock may be set; a clock that is wrong shows in a refusal.
  const auto said = std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch());
  const auto until =
      static_cast<std::int64_t>(std::min<std::uint64_t>(number_field(info, "exp", 0), kNoTime));
  access.expires = now + std::clamp<std::chrono::seconds>(std::chrono::seconds(until) - said,
                                                          kShortestLeave, kLongestLeave);
  return access;
}

Status status_of_hub_store(const HttpResponse& response, std::string_view what) {
  // The way there was signed by the hub a moment ago: refused, it may have expired on its way.
  if (response.status == 401 || response.status == 403)
    return with_detail(unavailable(what,
                                   ": the store behind the hub refused what the hub allowed "
                                   "(HTTP ",
                                   response.status, ")"),
                       Detail::kHttpStatus, std::to_string(response.status));
  return status_of_http(response, what);
}

Status status_of_hub(const HttpResponse& response, std::string_view what, bool to_repository) {
  Status status = status_of_http(response, what);
  if (status.ok()) return status;
  std::string code = response.headers.get("X-Error-Code").value_or("");
  const std::string said = said_by_hub(response);
  if (code.empty() && said == "Access to this resource is disabled.") code = "DisabledRepo";
  // The hub hides whether a private repository exists: 401 stands for "not there, or not for you".
  if (code.empty() && response.status == 401 && to_repository &&
      said != "Invalid credentials in Authorization header")
    code = "RepoNotFound";

  Status out = status;
  const std::string_view remedy = remedy_for(code);
  if (!remedy.empty() || !said.empty()) {
    std::string text = concat(what, ": ", remedy.empty() ? std::string_view(said) : remedy,
                              " (HTTP ", response.status);
    if (!remedy.empty() && !said.empty()) text += concat(", the hub says: ", said);
    out = Status(code_for(code, status.code()), text + ")");
    for (const Detail key : {Detail::kHttpStatus, Detail::kRetryAfter})
      if (const auto value = detail(status, key)) out = with_detail(std::move(out), key, *value);
  }
  if (!code.empty()) out = with_detail(std::move(out), Detail::kHubError, code);
  // It becomes part of a path (.no_exist), so nothing else may stand in its place.
  if (const auto commit = response.headers.get("X-Repo-Commit"); commit && is_hex(*commit, 40))
    out = with_detail(std::move(out), Detail::kCommit, *commit);
  return out;
}

}  // namespace hubdist::internal
