// What a repository is, and which there are.
#include <algorithm>
#include <charconv>
#include <set>

#include "server/internal/api_json.h"
#include "server/internal/hub_api.h"

namespace hubdist::internal {

namespace {

constexpr std::size_t kReposPerPage = 1000;
// A sorted list is made of this many repositories at most; without an order there is no limit.
constexpr std::size_t kMaxSortedRepos = 100'000;

// The properties that `expand` asks for; empty: the usual ones.
std::set<std::string, std::less<>> expanded(const ApiRequest& request) {
  std::set<std::string, std::less<>> names;
  for (const auto& [key, value] : request.query)
    if (key == "expand" || key == "expand[]") names.insert(value);
  return names;
}

struct RepoFacts {
  const RepoId& id;
  const RepoSettings& settings;
  const Commit* commit = nullptr;        // null: nothing was ever committed
  const RepoListing* listing = nullptr;  // null: without siblings
  bool with_blobs = false;
};

std::uint64_t total_size(const RepoListing& listing) {
  std::uint64_t size = 0;
  for (const RepoEntry& entry : listing.entries()) size += entry.size;
  return size;
}

void write_gated(JsonWriter& json, Gating gating) {
  if (gating == Gating::kNone)
    json.value(false);
  else
    json.value(gating == Gating::kAuto ? "auto" : "manual");
}

// Writes one property; nothing for one that this hub does not have.
void write_property(JsonWriter& json, const RepoFacts& facts, std::string_view name) {
  if (name == "author" && !facts.id.owner().empty()) json.field(name, facts.id.owner());
  if (name == "sha" && facts.commit) json.field(name, facts.commit->id.hex());
  if (name == "lastModified" && facts.commit)
    json.field(name, iso_time(facts.commit->content.time));
  if (name == "createdAt") json.field(name, facts.settings.created);
  if (name == "private") json.field(name, facts.settings.is_private);
  if (name == "gated") write_gated(json.key(name), facts.settings.gating);
  if (name == "disabled") json.field(name, false);
  if (name == "downloads" || name == "likes") json.field(name, 0);
  if (name == "tags") json.key(name).begin_array().end_array();
  if (name == "siblings" && facts.listing)
    write_siblings(json.key(name), *facts.listing, facts.with_blobs);
  if (name == "usedStorage" && facts.listing) json.field(name, total_size(*facts.listing));
}

void write_repo(JsonWriter& json, const RepoFacts& facts,
                const std::set<std::string, std::less<>>& wanted) {
  static constexpr std::string_view kUsual[] = {"author",  "sha",   "lastModified", "createdAt",
                                                "private", "gated", "disabled",     "downloads",
                                                "likes",   "tags",  "siblings",     "usedStorage"};
  json.begin_object().field("_id", facts.id.name).field("id", facts.id.name);
  if (facts.id.type == RepoType::kModel) json.field("modelId", facts.id.name);
  for (const std::string_view name : kUsual)
    if (wanted.empty() || wanted.contains(name)) write_property(json, facts, name);
  json.end_object();
}

bool contains_ignoring_case(std::string_view text, std::string_view part) {
  const auto equal = [](char a, char b) { return equal_ignoring_case({&a, 1}, {&b, 1}); };
  return std::search(text.begin(), text.end(), part.begin(), part.end(), equal) != text.end();
}

bool is_listed(const ApiRequest& request, const RepoId& id, const RepoSettings& settings) {
  if (access_to(id, settings, request.viewer) == Access::kNone) return false;
  const auto author = request.parameter("author");
  if (author && id.owner() != *author) return false;
  const auto search = request.parameter("search");
  return !search || contains_ignoring_case(id.name, *search);
}

struct ListedRepo : Repo {
  std::optional<Commit> commit;
};

// The first `most` repositories after `after` that the asker may see and asks for.
Result<std::vector<ListedRepo>> visible_repos(const Repositories& repositories,
                                              const ApiRequest& request, RepoType type,
                                              std::string after, std::size_t most) {
  std::vector<ListedRepo> found;
  for (bool more = true; more && found.size() < most;) {
    HUBDIST_ASSIGN(RepoPage page, repositories.list(type, after, kReposPerPage));
    for (Repo& repo : page.repos)
      if (found.size() < most && is_listed(request, repo.id, repo.settings))
        found.push_back({std::move(repo), std::nullopt});
    after = page.last;
    more = page.more;
  }
  return found;
}

Status read_last_commit(const Repositories& repositories, ListedRepo& repo) {
  const auto head = repositories.resolve(repo.storage(), kDefaultBranch);
  if (head.status().code() == StatusCode::kNotFound) return {};
  if (!head.ok()) return head.status();
  HUBDIST_ASSIGN(repo.commit, repositories.commit(repo.storage(), *head));
  return {};
}

void sort_repos(std::vector<ListedRepo>& repos, std::string_view key) {
  if (key == "createdAt")
    std::stable_sort(repos.begin(), repos.end(), [](const auto& a, const auto& b) {
      return a.settings.created > b.settings.created;
    });
  if (key == "lastModified")
    std::stable_sort(repos.begin(), repos.end(), [](const auto& a, const auto& b) {
      const auto time = [](const ListedRepo& r) { return r.commit ? r.commit->content.time : 0; };
      return time(a) > time(b);
    });
}

std::size_t offset_of(const std::string& cursor) {
  std::size_t offset = 0;
  std::from_chars(cursor.data(), cursor.data() + cursor.size(), offset);
  return offset;
}

}  // namespace

HubApi::Answer HubApi::info(const ApiRequest& request, const OpenRepo& repo,
                            const RepoRoute& route) const {
  const auto found = snapshot(repo.storage(), route.revision);
  RepoFacts facts{repo.id, repo.settings};
  if (found.ok()) {
    facts.commit = &found->commit;
    facts.listing = found->listing.get();
  } else if (!route.revision.empty() || found.status().code() != StatusCode::kNotFound) {
    return found.status();
  }
  facts.with_blobs = request.flag("blobs");
  JsonWriter json;
  write_repo(json, facts, expanded(request));
  return json_response(json.take());
}

HubApi::Answer HubApi::list_repos(const ApiRequest& request, RepoType type) const {
  const std::string sort = request.parameter("sort").value_or("");
  const bool sorted = sort == "createdAt" || sort == "lastModified";
  // The last name of the page before; of a sorted list, how many came before.
  const std::string cursor = request.parameter("cursor").value_or("");
  const std::size_t limit = request.page_size(kReposPerPage);
  HUBDIST_ASSIGN(std::vector<ListedRepo> repos,
                 visible_repos(repositories_, request, type, sorted ? "" : cursor,
                               sorted ? kMaxSortedRepos : limit + 1));
  if (sort == "lastModified")
    for (ListedRepo& repo : repos) HUBDIST_TRY(read_last_commit(repositories_, repo));
  sort_repos(repos, sort);
  const std::size_t begin = sorted ? std::min(offset_of(cursor), repos.size()) : 0;
  const std::size_t end = std::min(repos.size(), begin + limit);
  const bool full = request.flag("full");
  const auto wanted = expanded(request);
  JsonWriter json;
  json.begin_array();
  for (std::size_t i = begin; i < end; ++i) {
    ListedRepo& repo = repos[i];
    if (!repo.commit) HUBDIST_TRY(read_last_commit(repositories_, repo));
    RepoFacts facts{repo.id, repo.settings};
    std::shared_ptr<const RepoListing> listing;
    if (repo.commit) {
      facts.commit = &*repo.commit;
      if (full || wanted.contains("siblings") || wanted.contains("usedStorage")) {
        HUBDIST_ASSIGN(listing, repositories_.listing(repo.storage(), repo.commit->content.tree));
        facts.listing = listing.get();
      }
    }
    write_repo(json, facts, wanted);
  }
  HttpServerResponse response = json_response(json.end_array().take());
  if (end < repos.size())
    response.headers.add(
        "Link", request.next_link("cursor", sorted ? std::to_string(end) : repos[end - 1].id.name));
  return response;
}

}  // namespace hubdist::internal
