// What a revision holds, as ModelScope lists it.
#include <algorithm>

#include "server/internal/api_json.h"
#include "server/internal/hub_api.h"
#include "server/internal/modelscope.h"

namespace hubdist::internal {

namespace {

constexpr std::size_t kMaxPage = 3000;
constexpr std::size_t kUsualPage = 100;
constexpr std::size_t kMaxPageNumber = 1'000'000'000;
// So many comparisons of an entry with its like in an older commit are made for one listing.
constexpr std::size_t kMaxComparisons = 1'000'000;

using EntryPointers = std::vector<const RepoEntry*>;

// What lies below `root`, a folder or "" for the top; a file alone; nothing when neither is there.
EntryPointers entries_below(const RepoListing& listing, std::string_view root, bool recursive) {
  const std::string prefix = root.empty() ? "" : concat(root, '/');
  const auto& all = listing.entries();
  EntryPointers found;
  if (const RepoEntry* entry = listing.find(root); entry != nullptr && !entry->is_folder())
    found.push_back(entry);
  auto at = std::lower_bound(all.begin(), all.end(), prefix,
                             [](const RepoEntry& e, const std::string& p) { return e.path < p; });
  for (; at != all.end() && at->path.starts_with(prefix); ++at)
    if (recursive || at->path.find('/', prefix.size()) == std::string::npos) found.push_back(&*at);
  return found;
}

std::string_view mode_text(const RepoEntry& entry) {
  if (entry.is_folder()) return "16384";
  return entry.mode == GitMode::kExecutable ? "33261" : "33188";
}

void write_entry(JsonWriter& json, const RepoEntry& entry, const Commit& last) {
  const std::size_t slash = entry.path.rfind('/');
  json.begin_object()
      .field("Name", entry.path.substr(slash == std::string::npos ? 0 : slash + 1))
      .field("Path", entry.path)
      .field("Type", entry.is_folder() ? "tree" : "blob")
      .field("Mode", mode_text(entry))
      .field("Size", entry.is_folder() ? 0 : entry.size)
      .field("Sha256", entry.is_folder() ? std::string() : entry.sha256.hex())
      .field("IsLFS", entry.lfs)
      .field("InCheck", false)
      // Its old client takes a file for changed when this has.
      .field("Revision", last.id.hex())
      .field("CommitMessage", last.content.title())
      .field("CommitterName", last.content.author)
      .field("CommittedDate", last.content.time)
      .end_object();
}

void write_latest_committer(JsonWriter& json, const Commit& commit) {
  json.begin_object()
      .field("Id", commit.id.hex())
      .field("ShortId", commit.id.hex().substr(0, 8))
      .field("Message", commit.content.message)
      .field("CommitterName", commit.content.author)
      .field("CommittedDate", commit.content.time)
      .end_object();
}

}  // namespace

// A whole folder at once, or a page of it. ModelScope's own stops at 3,000 entries where it knows
// no pages, without a word; this one gives all, so that no client takes a part for the whole.
HubApi::Answer HubApi::modelscope_listing(const ApiRequest& request, const OpenRepo& repo,
                                          bool paged) const {
  HUBDIST_ASSIGN(const Snapshot found, modelscope_snapshot(request, repo, "Revision"));
  const std::string root_text = request.parameter("Root").value_or("");
  std::string_view root = root_text;
  while (root.starts_with('/')) root.remove_prefix(1);
  while (root.ends_with('/')) root.remove_suffix(1);
  EntryPointers entries = entries_below(*found.listing, root, request.flag("Recursive"));
  const std::size_t total = entries.size();
  const std::size_t page = page_number(request, "PageNumber", 1, kMaxPageNumber);
  const std::size_t size = page_number(request, "PageSize", kUsualPage, kMaxPage);
  if (paged) {
    const std::size_t begin = page - 1 > total / size ? total : (page - 1) * size;
    const std::size_t end = std::min(total, begin + size);
    entries = EntryPointers(entries.begin() + static_cast<std::ptrdiff_t>(begin),
                            entries.begin() + static_cast<std::ptrdiff_t>(end));
  }
  std::set<std::string> paths;
  for (const RepoEntry* entry : entries) paths.insert(entry->path);
  const std::size_t history = kMaxComparisons / std::max<std::size_t>(1, entries.size());
  HUBDIST_ASSIGN(
      const LastCommits last,
      find_last_commits(repositories_, repo.storage(), found.commit, std::move(paths), history));
  JsonWriter json;
  begin_modelscope_answer(json, request.id);
  json.begin_object().key("Files").begin_array();
  for (const RepoEntry* entry : entries) {
    const auto changed = last.find(entry->path);
    write_entry(json, *entry, changed == last.end() ? found.commit : changed->second);
  }
  write_latest_committer(json.end_array().key("LatestCommitter"), found.commit);
  json.end_object().field("TotalCount", total);
  if (paged) json.field("PageNumber", page).field("PageSize", size);
  return json_response(json.end_object().take());
}

}  // namespace hubdist::internal
