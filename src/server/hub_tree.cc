// What a revision holds, and how it came to be.
#include <algorithm>
#include <charconv>

#include "server/internal/api_json.h"
#include "server/internal/hub_api.h"
#include "server/internal/json_reader.h"

namespace hubdist::internal {

namespace {

constexpr std::size_t kEntriesPerPage = 1000;
constexpr std::size_t kExpandedEntriesPerPage = 50;
constexpr std::size_t kCommitsPerPage = 50;
constexpr std::size_t kMaxPaths = 20'000;  // that one request names
constexpr std::size_t kMaxCommitsWalked = 100'000;

using EntryPointers = std::vector<const RepoEntry*>;

// What of a listing lies below `folder` ("" for the top) and comes after `cursor`: one more than
// `limit` when there is more.
EntryPointers entries_below(const RepoListing& listing, const std::string& folder, bool recursive,
                            std::string_view cursor, std::size_t limit) {
  const std::string prefix = folder.empty() ? "" : folder + '/';
  const auto& all = listing.entries();
  auto at = std::lower_bound(all.begin(), all.end(), prefix,
                             [](const RepoEntry& e, const std::string& p) { return e.path < p; });
  EntryPointers found;
  for (; at != all.end() && at->path.starts_with(prefix) && found.size() <= limit; ++at) {
    if (!recursive && at->path.find('/', prefix.size()) != std::string::npos) continue;
    if (at->path > cursor) found.push_back(&*at);
  }
  return found;
}

Result<LastCommits> last_commits_of(const Repositories& repositories, const StorageId& repo,
                                    const Commit& commit, const EntryPointers& entries) {
  std::set<std::string> paths;
  for (const RepoEntry* entry : entries) paths.insert(entry->path);
  return find_last_commits(repositories, repo, commit, std::move(paths));
}

Result<std::string> entries_json(const EntryPointers& entries, const LastCommits& last,
                                 const CasApi& cas, const StorageId& repo) {
  JsonWriter json;
  json.begin_array();
  for (const RepoEntry* entry : entries) {
    const auto found = last.find(entry->path);
    std::optional<XetHash> xet;
    if (entry->lfs) {
      HUBDIST_ASSIGN(xet, cas.xet_form(repo, entry->sha256));
    }
    write_tree_entry(json, *entry, found == last.end() ? nullptr : &found->second, xet);
  }
  return json.end_array().take();
}

struct PathsQuery {
  std::vector<std::string> paths;
  bool expand = false;
};

Result<PathsQuery> parse_json_query(std::string_view body) {
  HUBDIST_ASSIGN(const auto document, JsonDocument::parse(body, "the body"));
  PathsQuery query;
  HUBDIST_ASSIGN(const auto paths, document->get<simdjson::dom::array>(document->root(), "paths"));
  for (const auto path : paths) {
    std::string_view text;
    if (path.get(text) != simdjson::SUCCESS) return invalid_argument("a path is not a text");
    query.paths.emplace_back(text);
  }
  query.expand = document->get<bool>(document->root(), "expand").value_or(false);
  return query;
}

Result<PathsQuery> parse_paths_query(const HttpServerRequest& http) {
  if (http.headers.get("Content-Type").value_or("").starts_with("application/json")) {
    auto query = parse_json_query(http.body);
    if (!query.ok()) return api_error(400, "", message(query.status()));
    return query;
  }
  PathsQuery query;
  HUBDIST_ASSIGN(const HttpParameters fields, parse_parameters(http.body));
  for (const auto& [key, value] : fields) {
    if (key == "paths" || key == "paths[]") query.paths.push_back(value);
    if (key == "expand") query.expand = value == "1" || equal_ignoring_case(value, "true");
  }
  return query;
}

}  // namespace

HubApi::Answer HubApi::tree(const ApiRequest& request, const OpenRepo& repo,
                            const RepoRoute& route) const {
  HUBDIST_ASSIGN(const Snapshot found, snapshot(repo.storage(), route.revision));
  if (!route.path.empty()) {
    const RepoEntry* folder = found.listing->find(route.path);
    if (folder == nullptr || !folder->is_folder()) return entry_not_found(route.path);
  }
  const bool expand = request.flag("expand");
  const std::size_t limit = request.page_size(expand ? kExpandedEntriesPerPage : kEntriesPerPage);
  EntryPointers entries = entries_below(*found.listing, route.path, request.flag("recursive"),
                                        request.parameter("cursor").value_or(""), limit);
  const bool more = entries.size() > limit;
  if (more) entries.pop_back();
  LastCommits last;
  if (expand) {
    HUBDIST_ASSIGN(last, last_commits_of(repositories_, repo.storage(), found.commit, entries));
  }
  HUBDIST_ASSIGN(std::string json, entries_json(entries, last, cas_, repo.storage()));
  HttpServerResponse response = json_response(std::move(json));
  response.headers.add("X-Repo-Commit", found.commit.id.hex());
  if (more) response.headers.add("Link", request.next_link("cursor", entries.back()->path));
  return response;
}

HubApi::Answer HubApi::paths_info(const ApiRequest& request, const OpenRepo& repo,
                                  const RepoRoute& route) const {
  if (!route.path.empty()) return entry_not_found(route.path);
  HUBDIST_ASSIGN(const PathsQuery query, parse_paths_query(request.http));
  if (query.paths.size() > kMaxPaths)
    return api_error(413, "",
                     concat("A request names at most ", kMaxPaths, " paths: ask in parts"));
  HUBDIST_ASSIGN(const Snapshot found, snapshot(repo.storage(), route.revision));
  EntryPointers entries;
  for (std::string_view path : query.paths) {
    while (path.ends_with('/')) path.remove_suffix(1);
    const RepoEntry* entry = found.listing->find(path);
    if (entry != nullptr) entries.push_back(entry);
  }
  LastCommits last;
  if (query.expand) {
    HUBDIST_ASSIGN(last, last_commits_of(repositories_, repo.storage(), found.commit, entries));
  }
  HUBDIST_ASSIGN(std::string json, entries_json(entries, last, cas_, repo.storage()));
  return json_response(std::move(json));
}

HubApi::Answer HubApi::commits(const ApiRequest& request, const OpenRepo& repo,
                               const RepoRoute& route) const {
  HUBDIST_ASSIGN(std::optional<Sha1> next,
                 repositories_.resolve(repo.storage(),
                                       route.revision.empty() ? kDefaultBranch : route.revision));
  const std::string page_text = request.parameter("p").value_or("0");
  std::size_t page = 0;
  std::from_chars(page_text.data(), page_text.data() + page_text.size(), page);
  const std::size_t limit = request.page_size(kCommitsPerPage);
  const std::size_t skipped = std::min(page, kMaxCommitsWalked) * limit;
  bool formatted = false;
  for (const auto& [key, value] : request.query)
    formatted = formatted || (key.starts_with("expand") && value == "formatted");

  JsonWriter json;
  json.begin_array();
  for (std::size_t i = 0; next && i < std::min(skipped + limit, kMaxCommitsWalked); ++i) {
    HUBDIST_ASSIGN(const Commit commit, repositories_.commit(repo.storage(), *next));
    if (i >= skipped) write_commit(json, commit, formatted);
    next.reset();
    if (!commit.content.parents.empty()) next = commit.content.parents.front();
  }
  HttpServerResponse response = json_response(json.end_array().take());
  const bool walked_all = skipped + limit >= kMaxCommitsWalked;  // no page comes after this
  if (next && !walked_all)
    response.headers.add("Link", request.next_link("p", std::to_string(page + 1)));
  return response;
}

}  // namespace hubdist::internal
