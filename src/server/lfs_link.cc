#include "server/internal/lfs_link.h"

#include <algorithm>
#include <array>
#include <charconv>

#include <openssl/rand.h>

#include "server/internal/api_support.h"
#include <hubdist/base/hex.h>
#include <hubdist/core/hash.h>

namespace hubdist::internal {

namespace {

constexpr std::string_view kKeyObject = "keys/lfs-links";
constexpr std::size_t kKeyBytes = 32;
constexpr std::int64_t kLife = 3600;

struct ActionName {
  LfsLink::Action action;
  std::string_view name;
  std::string_view method;
};
constexpr ActionName kActions[] = {{LfsLink::Action::kDownload, "download", "GET"},
                                   {LfsLink::Action::kUpload, "upload", "PUT"},
                                   {LfsLink::Action::kUploadPart, "part", "PUT"},
                                   {LfsLink::Action::kComplete, "complete", "POST"},
                                   {LfsLink::Action::kVerify, "verify", "POST"}};

const ActionName& name_of(LfsLink::Action action) {
  return *std::find_if(std::begin(kActions), std::end(kActions),
                       [&](const ActionName& name) { return name.action == action; });
}

Status no_link() {
  return api_error(403, "", "This link is not valid, or not any more: ask for a new one");
}

std::string query_of(const LfsLink& link) {
  return concat("action=", name_of(link.action).name, "&size=", link.size,
                "&part_size=", link.part_size, "&part=", link.part, "&expires=", link.expires);
}

std::string path_of(const LfsLink& link) {
  return concat(kLfsLinkPrefix, link.storage.text, '/', link.oid.hex());
}

std::string signed_text(const LfsLink& link) { return concat(path_of(link), '?', query_of(link)); }

template <typename T>
bool read_number(const HttpParameters& query, std::string_view name, T& out) {
  for (const auto& [key, value] : query) {
    if (key != name) continue;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), out);
    return error == std::errc() && end == value.data() + value.size();
  }
  return false;
}

std::string text_of(const HttpParameters& query, std::string_view name) {
  for (const auto& [key, value] : query)
    if (key == name) return value;
  return "";
}

}  // namespace

std::uint64_t LfsLink::upload_size() const {
  if (action != Action::kUploadPart) return size;
  return std::min(part_size, size - (part - 1) * part_size);
}

std::string LfsLinks::make(LfsLink link, std::int64_t now) const {
  const std::uint64_t longer = std::min<std::uint64_t>(link.size / kMiB, kMaxLfsLinkLife - kLife);
  link.expires = now + kLife + static_cast<std::int64_t>(longer);
  const std::string text = signed_text(link);
  return concat(text, "&signature=", signer_.sign(text));
}

Result<LfsLink> LfsLinks::read(std::string_view method, std::string_view path,
                               std::string_view query_text, std::int64_t now) const {
  HUBDIST_ASSIGN(const HttpParameters query, parse_parameters(query_text));
  LfsLink link;
  const std::string action = text_of(query, "action");
  const auto known = std::find_if(std::begin(kActions), std::end(kActions),
                                  [&](const ActionName& name) { return name.name == action; });
  if (known == std::end(kActions)) return no_link();
  link.action = known->action;
  path.remove_prefix(std::min(path.size(), kLfsLinkPrefix.size()));
  link.storage.text = path.substr(0, path.find('/'));
  path.remove_prefix(std::min(path.size(), link.storage.text.size() + 1));
  const auto oid = Sha256::parse(path);
  if (!oid.ok() || !is_hex(link.storage.text, 32)) return no_link();
  link.oid = *oid;
  if (!read_number(query, "size", link.size) || !read_number(query, "part_size", link.part_size) ||
      !read_number(query, "part", link.part) || !read_number(query, "expires", link.expires))
    return no_link();
  const bool right = signer_.right(signed_text(link), text_of(query, "signature"));
  const bool method_fits =
      method == known->method || (method == "HEAD" && known->method == std::string_view("GET"));
  if (!right || !method_fits || link.expires < now) return no_link();
  return link;
}

Result<Secret> find_link_key(ObjectStore& store) {
  std::array<std::byte, kKeyBytes> random;
  if (RAND_bytes(reinterpret_cast<unsigned char*>(random.data()), kKeyBytes) != 1)
    return internal_error("the system gave no random bytes");
  auto object = store.get(kKeyObject, 4 * kKeyBytes);
  if (object.status().code() == StatusCode::kNotFound) {
    const std::string made = to_hex(random);
    const Status put = store.put_if(kKeyObject, as_bytes(made), std::nullopt).status();
    if (!put.ok() && put.code() != StatusCode::kAborted) return put;
    object = store.get(kKeyObject, 4 * kKeyBytes);
  }
  if (!object.ok()) return object.status();
  return Secret(std::move(object->content));
}

}  // namespace hubdist::internal
