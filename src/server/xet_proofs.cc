#include "server/internal/xet_proofs.h"

#include "server/internal/xet_file_object.h"
#include "server/internal/xorb_object.h"
#include <hubdist/core/shard.h>
#include <hubdist/io/http_client.h>

namespace hubdist::internal {

namespace {

constexpr std::uint64_t kMaxName = 512;

template <typename Hash>
std::string folder_of(std::string_view kind, const Hash& hash) {
  const std::string hex = xet_hex(hash);
  return concat("xet-proofs/", kind, '/', hex.substr(0, 2), '/', hex, '/');
}

Result<bool> exists(ObjectStore& store, std::string_view key) {
  const auto found = store.head(key);
  if (found.status().code() == StatusCode::kNotFound) return false;
  if (!found.ok()) return found.status();
  return true;
}

// The repository that RepoId::key() named.
Result<RepoId> parse_key(std::string_view key) {
  for (const RepoType type : {RepoType::kModel, RepoType::kDataset, RepoType::kSpace}) {
    const std::string prefix = concat(plural(type), '/');
    if (!key.starts_with(prefix)) continue;
    HUBDIST_ASSIGN(const std::string name, percent_decode(key.substr(prefix.size())));
    return RepoId::parse(type, name);
  }
  return data_loss("a proof names no repository");
}

}  // namespace

Result<bool> XetProofs::has_xorb(const StorageId& repo, const XorbHash& xorb) const {
  return exists(repositories_.store(), folder_of("xorbs", xorb) + repo.text);
}

Result<bool> XetProofs::has_settled_xorb(const StorageId& repo, const XorbHash& xorb) const {
  HUBDIST_ASSIGN(const bool has, has_xorb(repo, xorb));
  if (has) HUBDIST_TRY(repositories_.store().settle(folder_of("xorbs", xorb) + repo.text));
  return has;
}

Result<bool> XetProofs::has_file(const StorageId& repo, const XetHash& file) const {
  return exists(repositories_.store(), folder_of("files", file) + repo.text);
}

Status XetProofs::put_xorb(const StorageId& repo, std::string_view name, const XorbHash& xorb) {
  return repositories_.store().put(folder_of("xorbs", xorb) + repo.text, as_bytes(name));
}

Result<std::shared_ptr<const XetFile>> XetProofs::file(const StorageId& repo,
                                                       const XetHash& file) const {
  const std::string key = folder_of("files", file) + repo.text;
  if (auto known = files_.find(key)) return known;
  HUBDIST_ASSIGN(const auto object, repositories_.store().open(key));
  const std::string what = concat("the proof of the Xet file ", xet_hex(file), " is damaged");
  if (object->size() > kMaxShardSize) return data_loss(what, ": it is too long");
  Bytes bytes(static_cast<std::size_t>(object->size()));
  HUBDIST_TRY(read_exactly(*object, bytes, 0, nullptr));
  auto parsed = parse_xet_file(bytes, file);
  if (!parsed.ok()) return data_loss(what, ": ", message(parsed.status()));
  auto found = std::make_shared<const XetFile>(*std::move(parsed));
  files_.insert(key, found, memory_of(*found));
  return found;
}

Status XetProofs::put_file(const StorageId& repo, const XetFile& file) {
  const std::string key = folder_of("files", file.hash) + repo.text;
  HUBDIST_ASSIGN(const Bytes object, xet_file_object(file));
  HUBDIST_TRY(repositories_.store().put(key, object));
  files_.erase(key);
  return {};
}

// Repositories are renamed and deleted, and names taken again: only what has the same storage is
// the one that is meant.
Result<bool> XetProofs::anybody_reads(std::string_view name, std::string_view storage) const {
  const auto id = parse_key(name);
  if (!id.ok()) return false;
  const auto repo = repositories_.find(*id);
  if (repo.status().code() == StatusCode::kNotFound) return false;
  if (!repo.ok()) return repo.status();
  return repo->storage().text == storage &&
         access_to(repo->id, repo->settings, Viewer()) == Access::kFiles;
}

Result<bool> XetProofs::is_public(const XorbHash& xorb) const {
  ObjectStore& store = repositories_.store();
  const std::string folder = folder_of("xorbs", xorb);
  HUBDIST_ASSIGN(const ObjectPage holders, store.list(folder, {}, kMaxHolders));
  for (const StoredObject& holder : holders.objects) {
    const auto name = store.get(holder.key, kMaxName);
    if (!name.ok()) continue;
    HUBDIST_ASSIGN(
        const bool reads,
        anybody_reads(name->content, std::string_view(holder.key).substr(folder.size())));
    if (reads) return true;
  }
  return false;
}

}  // namespace hubdist::internal
