#include "server/internal/api_json.h"

#include <hubdist/core/merkle.h>

namespace hubdist::internal {

namespace {

constexpr int kMaxHistory = 10'000;

std::string escape_html(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '&')
      out += "&amp;";
    else if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else if (c == '"')
      out += "&quot;";
    else
      out += c;
  }
  return out;
}

std::uint64_t pointer_size(const RepoEntry& entry) {
  return lfs_pointer(entry.sha256, entry.size).size();
}

}  // namespace

Result<LastCommits> find_last_commits(const Repositories& repositories, const StorageId& repo,
                                      const Commit& commit, std::set<std::string> paths) {
  LastCommits last;
  Commit current = commit;
  HUBDIST_ASSIGN(auto listing, repositories.listing(repo, current.content.tree));
  for (int i = 0; i < kMaxHistory && !paths.empty(); ++i) {
    if (current.content.parents.empty()) {
      for (const std::string& path : paths) last.emplace(path, current);
      break;
    }
    HUBDIST_ASSIGN(Commit parent, repositories.commit(repo, current.content.parents.front()));
    HUBDIST_ASSIGN(auto before, repositories.listing(repo, parent.content.tree));
    for (auto path = paths.begin(); path != paths.end();) {
      const RepoEntry* now_entry = listing->find(*path);
      const RepoEntry* old_entry = before->find(*path);
      const bool same = now_entry && old_entry && now_entry->oid == old_entry->oid &&
                        now_entry->mode == old_entry->mode;
      if (!same) last.emplace(*path, current);
      path = same ? std::next(path) : paths.erase(path);
    }
    current = std::move(parent);
    listing = std::move(before);
  }
  return last;
}

void write_tree_entry(JsonWriter& json, const RepoEntry& entry, const Commit* last,
                      const std::optional<XetHash>& xet) {
  json.begin_object()
      .field("type", entry.is_folder() ? "directory" : "file")
      .field("oid", entry.oid.hex())
      .field("size", entry.size)
      .field("path", entry.path);
  if (entry.lfs)
    json.key("lfs")
        .begin_object()
        .field("oid", entry.sha256.hex())
        .field("size", entry.size)
        .field("pointerSize", pointer_size(entry))
        .end_object();
  if (xet) json.field("xetHash", xet_hex(*xet));
  if (last != nullptr)
    json.key("lastCommit")
        .begin_object()
        .field("id", last->id.hex())
        .field("title", last->content.title())
        .field("date", iso_time(last->content.time))
        .end_object();
  json.end_object();
}

void write_siblings(JsonWriter& json, const RepoListing& listing, bool with_blobs) {
  json.begin_array();
  for (const RepoEntry& entry : listing.entries()) {
    if (entry.is_folder()) continue;
    json.begin_object().field("rfilename", entry.path);
    if (with_blobs) {
      json.field("size", entry.size).field("blobId", entry.oid.hex());
      if (entry.lfs)
        json.key("lfs")
            .begin_object()
            .field("sha256", entry.sha256.hex())
            .field("size", entry.size)
            .field("pointerSize", pointer_size(entry))
            .end_object();
    }
    json.end_object();
  }
  json.end_array();
}

void write_commit(JsonWriter& json, const Commit& commit, bool formatted) {
  const GitCommit& content = commit.content;
  json.begin_object()
      .field("id", commit.id.hex())
      .field("title", content.title())
      .field("message", content.description())
      .field("date", iso_time(content.time))
      .key("authors")
      .begin_array()
      .begin_object()
      .field("user", content.author)
      .end_object()
      .end_array();
  if (formatted)
    json.key("formatted")
        .begin_object()
        .field("title", escape_html(content.title()))
        .field("message", escape_html(content.description()))
        .end_object();
  json.end_object();
}

}  // namespace hubdist::internal
