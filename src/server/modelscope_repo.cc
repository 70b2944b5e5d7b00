// A repository's facts, revisions, history and files, as ModelScope tells them.
#include <algorithm>

#include "server/internal/hub_api.h"
#include "server/internal/modelscope.h"

namespace hubdist::internal {

namespace {

constexpr std::size_t kMaxCommitsPerPage = 100;
constexpr std::size_t kUsualCommitsPerPage = 50;
constexpr std::size_t kMaxCommitsWalked = 100'000;

constexpr std::string_view kBranches = "refs/heads/";
constexpr std::string_view kTags = "refs/tags/";

struct Revision {
  std::string name;
  std::int64_t time = 0;  // of its commit, seconds since 1970
};

void write_revisions(JsonWriter& json, const std::vector<Revision>& revisions) {
  json.begin_array();
  for (const Revision& revision : revisions)
    json.begin_object()
        .field("Revision", revision.name)
        .field("CreatedAt", revision.time)
        .end_object();
  json.end_array();
}

void write_history_entry(JsonWriter& json, const Commit& commit) {
  const GitCommit& content = commit.content;
  json.begin_object()
      .field("Id", commit.id.hex())
      .field("ShortId", commit.id.hex().substr(0, 8))
      .field("Title", content.title())
      .field("Message", content.message)
      .field("AuthorName", content.author)
      .field("AuthorEmail", content.email)
      .field("AuthoredDate", content.time)
      .field("CommitterName", content.author)
      .field("CommitterEmail", content.email)
      .field("CommittedDate", content.time)
      .field("CreatedAt", content.time)
      .end_object();
}

}  // namespace

// 'master' is the default branch, unless there is a branch or tag of that name.
Result<HubApi::Snapshot> HubApi::modelscope_snapshot(const ApiRequest& request,
                                                     const OpenRepo& repo,
                                                     std::string_view parameter) const {
  std::string revision = request.parameter(parameter).value_or("");
  if (revision.empty()) revision = kModelScopeDefaultRevision;
  auto found = snapshot(repo.storage(), revision);
  if (found.ok() || revision != kModelScopeDefaultRevision ||
      found.status().code() != StatusCode::kNotFound)
    return found;
  return snapshot(repo.storage(), "");
}

HubApi::Answer HubApi::modelscope_info(const ApiRequest& request, const OpenRepo& repo) const {
  const std::string_view owner = repo.id.owner();
  JsonWriter json;
  begin_modelscope_answer(json, request.id);
  json.begin_object()
      .field("Id", repo.id.name)  // its old client makes URLs of it
      .field("Path", owner)
      .field("Name", std::string_view(repo.id.name).substr(owner.size() + 1))
      .field("Type", 1)
      .field("Visibility", repo.settings.is_private ? 1 : 5)
      .field("DefaultRevision", kModelScopeDefaultRevision)
      .end_object();
  return json_response(json.end_object().take());
}

// Tags from the newest on, as its clients expect. They look for 'master' among the branches.
HubApi::Answer HubApi::modelscope_revisions(const ApiRequest& request, const OpenRepo& repo) const {
  HUBDIST_ASSIGN(const std::vector<Ref> refs, repositories_.refs(repo.storage()));
  std::vector<Revision> branches;
  std::vector<Revision> tags;
  bool has_master = false;
  for (const Ref& ref : refs) {
    const bool is_tag = ref.name.starts_with(kTags);
    if (!is_tag && !ref.name.starts_with(kBranches)) continue;
    HUBDIST_ASSIGN(const Commit commit, repositories_.commit(repo.storage(), ref.commit));
    Revision revision{ref.name.substr(is_tag ? kTags.size() : kBranches.size()),
                      commit.content.time};
    has_master = has_master || revision.name == kModelScopeDefaultRevision;
    (is_tag ? tags : branches).push_back(std::move(revision));
  }
  const auto main = std::find_if(branches.begin(), branches.end(),
                                 [](const Revision& r) { return r.name == kDefaultBranch; });
  if (!has_master && main != branches.end())
    branches.insert(branches.begin(), {std::string(kModelScopeDefaultRevision), main->time});
  std::stable_sort(tags.begin(), tags.end(),
                   [](const Revision& a, const Revision& b) { return a.time > b.time; });
  JsonWriter json;
  begin_modelscope_answer(json, request.id);
  json.begin_object().key("RevisionMap").begin_object();
  write_revisions(json.key("Branches"), branches);
  write_revisions(json.key("Tags"), tags);
  return json_response(json.end_object().end_object().end_object().take());
}

HubApi::Answer HubApi::modelscope_commits(const ApiRequest& request, const OpenRepo& repo) const {
  HUBDIST_ASSIGN(const Snapshot head, modelscope_snapshot(request, repo, "Ref"));
  const std::size_t size =
      page_number(request, "PageSize", kUsualCommitsPerPage, kMaxCommitsPerPage);
  const std::size_t page = page_number(request, "PageNumber", 1, kMaxCommitsWalked / size);
  JsonWriter json;
  begin_modelscope_answer(json, request.id);
  json.begin_object().key("Commit").begin_array();
  std::optional<Sha1> next = head.commit.id;
  std::size_t walked = 0;
  for (; next && walked < page * size; ++walked) {
    HUBDIST_ASSIGN(const Commit commit, repositories_.commit(repo.storage(), *next));
    if (walked >= (page - 1) * size) write_history_entry(json, commit);
    next.reset();
    if (!commit.content.parents.empty()) next = commit.content.parents.front();
  }
  json.end_array().end_object();
  if (!next) json.field("TotalCount", walked);  // else nobody has counted
  return json_response(json.end_object().take());
}

HubApi::Answer HubApi::modelscope_file(const ApiRequest& request, const OpenRepo& repo) const {
  const auto path = request.parameter("FilePath");
  if (!path || path->empty()) return api_error(400, "", "FilePath must name a file");
  HUBDIST_ASSIGN(const Snapshot found, modelscope_snapshot(request, repo, "Revision"));
  const RepoEntry* entry = found.listing->find(*path);
  if (entry == nullptr || entry->is_folder()) return entry_not_found(*path);
  HUBDIST_ASSIGN(HttpServerResponse response, content_of(request, repo, *entry));
  // Its client proves by this what it has no listing for.
  response.headers.set("X-Linked-Etag", concat('"', entry->sha256.hex(), '"'));
  response.headers.set("X-Linked-Size", std::to_string(entry->size));
  response.headers.set("X-Repo-Commit", found.commit.id.hex());
  return response;
}

}  // namespace hubdist::internal
