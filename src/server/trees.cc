// Folders of a commit, as objects and as one listing.
#include <algorithm>
#include <map>

#include "server/internal/json_reader.h"
#include <hubdist/base/json_writer.h>
#include <hubdist/server/repository.h>

namespace hubdist {

namespace {

using internal::JsonDocument;

constexpr std::uint64_t kMaxTree = 256 * kMiB;
// Entries of the listings that are kept in memory, all together.
constexpr std::size_t kMaxCachedEntries = 500'000;
// Folders are written so many bytes, or so many folders, at a time.
constexpr std::size_t kPutStep = 4 * kMiB;
constexpr std::size_t kPutCount = 1000;
constexpr std::size_t kMaxCachedListings = 256;

std::string tree_key(const StorageId& repo, const Sha1& id) {
  const std::string hex = id.hex();
  return concat("trees/", repo.text, '/', hex.substr(0, 2), '/', hex);
}

std::string_view mode_text(GitMode mode) {
  switch (mode) {
    case GitMode::kFile:
      return "file";
    case GitMode::kExecutable:
      return "executable";
    case GitMode::kFolder:
      break;
  }
  return "folder";
}

Result<GitMode> parse_mode(std::string_view text) {
  if (text == "file") return GitMode::kFile;
  if (text == "executable") return GitMode::kExecutable;
  if (text == "folder") return GitMode::kFolder;
  return data_loss("'", text, "' is not a kind of tree entry");
}

std::string_view base_name(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

void write_entry(JsonWriter& json, const RepoEntry& entry) {
  json.begin_object()
      .field("name", base_name(entry.path))
      .field("mode", mode_text(entry.mode))
      .field("oid", entry.oid.hex());
  if (!entry.is_folder())
    json.field("size", entry.size).field("sha256", entry.sha256.hex()).field("lfs", entry.lfs);
  json.end_object();
}

Result<RepoEntry> read_entry(const JsonDocument& document, const simdjson::dom::object& object) {
  RepoEntry entry;
  HUBDIST_ASSIGN(entry.path, document.text(object, "name"));
  HUBDIST_ASSIGN(const std::string mode, document.text(object, "mode"));
  HUBDIST_ASSIGN(entry.mode, parse_mode(mode));
  HUBDIST_ASSIGN(const std::string oid, document.text(object, "oid"));
  HUBDIST_ASSIGN(entry.oid, Sha1::parse(oid));
  if (entry.is_folder()) return entry;
  HUBDIST_ASSIGN(entry.size, document.get<std::uint64_t>(object, "size"));
  HUBDIST_ASSIGN(const std::string sha256, document.text(object, "sha256"));
  HUBDIST_ASSIGN(entry.sha256, Sha256::parse(sha256));
  HUBDIST_ASSIGN(entry.lfs, document.get<bool>(object, "lfs"));
  return entry;
}

// The folder of a path, "" for one at the top.
std::string parent_of(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return std::string(path.substr(0, slash == std::string_view::npos ? 0 : slash));
}

}  // namespace

RepoListing::RepoListing(std::vector<RepoEntry> entries) : entries_(std::move(entries)) {
  std::sort(entries_.begin(), entries_.end(),
            [](const RepoEntry& a, const RepoEntry& b) { return a.path < b.path; });
}

const RepoEntry* RepoListing::find(std::string_view path) const {
  const auto found = std::lower_bound(
      entries_.begin(), entries_.end(), path,
      [](const RepoEntry& entry, std::string_view wanted) { return entry.path < wanted; });
  return found != entries_.end() && found->path == path ? &*found : nullptr;
}

Result<Sha1> Repositories::put_tree(const StorageId& repo, const std::vector<RepoEntry>& files) {
  std::map<std::string, std::vector<RepoEntry>> folders{{"", {}}};
  for (const RepoEntry& file : files) {
    std::string folder = parent_of(file.path);
    folders[folder].push_back(file);
    for (; !folder.empty(); folder = parent_of(folder)) folders[parent_of(folder)];
  }
  Sha1 id;
  std::vector<NewObject> fresh;
  std::vector<std::string> held;
  std::size_t fresh_bytes = 0;
  // From the last path to the first: a folder comes after all that it holds.
  for (auto it = folders.rbegin(); it != folders.rend(); ++it) {
    const auto& [path, entries] = *it;
    std::vector<GitTreeEntry> git_entries;
    JsonWriter json;
    json.begin_object().key("entries").begin_array();
    for (const RepoEntry& entry : entries) {
      git_entries.push_back({entry.mode, std::string(base_name(entry.path)), entry.oid});
      write_entry(json, entry);
    }
    json.end_array().end_object();
    if (json.text().size() > kMaxTree)
      return out_of_range("the folder '", path, "' has too many files: ", entries.size());
    id = git_tree_id(std::move(git_entries));
    std::string key = tree_key(repo, id);
    if (store_.head(key).ok()) {
      held.push_back(std::move(key));
    } else {
      fresh_bytes += json.text().size();
      fresh.push_back({std::move(key), json.take()});
    }
    if (fresh_bytes > kPutStep || fresh.size() >= kPutCount || path.empty()) {
      HUBDIST_TRY(store_.put_all(fresh));
      fresh.clear();
      fresh_bytes = 0;
    }
    if (path.empty()) break;
    RepoEntry folder;
    folder.path = path;
    folder.mode = GitMode::kFolder;
    folder.oid = id;
    folders[parent_of(path)].push_back(std::move(folder));
  }
  HUBDIST_TRY(store_.settle(held));
  return id;
}

Status Repositories::read_folder(const StorageId& repo, const Sha1& tree, const std::string& folder,
                                 std::size_t depth, std::vector<RepoEntry>& out) const {
  if (depth > kMaxFolderDepth)
    return data_loss("the folders of commit tree ", tree.hex(), " are nested too deep");
  HUBDIST_ASSIGN(const VersionedObject object, store_.get(tree_key(repo, tree), kMaxTree));
  HUBDIST_ASSIGN(const auto document,
                 JsonDocument::parse(object.content, concat("folder ", tree.hex())));
  HUBDIST_ASSIGN(const auto entries,
                 document->get<simdjson::dom::array>(document->root(), "entries"));
  for (const auto element : entries) {
    simdjson::dom::object fields;
    if (element.get(fields) != simdjson::SUCCESS)
      return data_loss("folder ", tree.hex(), " has an entry that is none");
    HUBDIST_ASSIGN(RepoEntry entry, read_entry(*document, fields));
    if (!folder.empty()) entry.path = concat(folder, '/', entry.path);
    out.push_back(entry);
    if (entry.is_folder()) HUBDIST_TRY(read_folder(repo, entry.oid, entry.path, depth + 1, out));
  }
  return {};
}

Result<std::shared_ptr<const RepoListing>> Repositories::listing(const StorageId& repo,
                                                                 const Sha1& tree) const {
  const std::string key = tree_key(repo, tree);
  if (auto known = cached(key)) return known;
  std::vector<RepoEntry> entries;
  HUBDIST_TRY(read_folder(repo, tree, "", 0, entries));
  auto made = std::make_shared<const RepoListing>(std::move(entries));
  remember(key, made);
  return made;
}

std::shared_ptr<const RepoListing> Repositories::cached(const std::string& key) const {
  const std::lock_guard lock(mutex_);
  const auto found = std::find_if(listings_.begin(), listings_.end(),
                                  [&](const CachedListing& cached) { return cached.key == key; });
  if (found == listings_.end()) return nullptr;
  std::rotate(found, found + 1, listings_.end());
  return listings_.back().listing;
}

void Repositories::remember(const std::string& key,
                            std::shared_ptr<const RepoListing> listing) const {
  const std::lock_guard lock(mutex_);
  std::erase_if(listings_, [&](const CachedListing& cached) { return cached.key == key; });
  listings_.push_back({key, std::move(listing)});
  std::size_t entries = 0;
  for (const CachedListing& cached : listings_) entries += cached.listing->entries().size();
  auto drop = listings_.begin();
  if (listings_.size() > kMaxCachedListings) entries -= (drop++)->listing->entries().size();
  for (; drop + 1 < listings_.end() && entries > kMaxCachedEntries; ++drop)
    entries -= drop->listing->entries().size();
  listings_.erase(listings_.begin(), drop);
}

}  // namespace hubdist
