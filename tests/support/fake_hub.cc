#include "tests/support/fake_hub.h"

#include <algorithm>
#include <utility>

#include <hubdist/base/json_writer.h>
#include <hubdist/core/hash.h>
#include <hubdist/io/http_client.h>

namespace hubdist::testing {
namespace {

std::vector<std::string> segments_of(const std::string& path) {
  std::vector<std::string> out;
  std::size_t begin = 1;
  while (begin <= path.size()) {
    const std::size_t end = std::min(path.find('/', begin), path.size());
    out.push_back(percent_decode(path.substr(begin, end - begin)).value_or("?"));
    begin = end + 1;
  }
  return out;
}

std::string join(std::vector<std::string>::const_iterator begin,
                 std::vector<std::string>::const_iterator end) {
  std::string out;
  for (; begin != end; ++begin) out += (out.empty() ? "" : "/") + *begin;
  return out;
}

bool is_type(const std::string& text) {
  return text == "models" || text == "datasets" || text == "spaces";
}

std::string sha256_hex(const std::string& content) { return sha256(as_bytes(content)).hex(); }
std::string sha1_hex(const std::string& content) { return git_sha1(as_bytes(content)).hex(); }

void write_entry(JsonWriter& json, const std::string& path, const FakeFile& file) {
  json.begin_object().field("type", "file").field("path", path);
  json.field("size", file.content.size()).field("oid", sha1_hex(file.content));
  if (file.lfs) {
    json.key("lfs").begin_object().field("oid", sha256_hex(file.content));
    json.field("size", file.content.size()).field("pointerSize", 135).end_object();
  }
  if (!file.xet_hash.empty()) json.field("xetHash", file.xet_hash);
  json.end_object();
}

}  // namespace

// What a request's path asks for.
struct FakeHub::Route {
  std::string key;   // of the repository
  std::string verb;  // resolve, revision, tree
  std::string revision;
  std::string path;
  std::string rest;  // behind the repository, as it was sent

  static Route parse(const SeenRequest& request) {
    Route route;
    const auto segments = segments_of(request.path());
    const bool api = segments[0] == "api";
    auto at = segments.begin() + (api ? 1 : 0);
    const std::string type = at != segments.end() && is_type(*at) ? *at++ : "models";
    const auto verb = std::find_if(at, segments.end(), [](const std::string& s) {
      return s == "resolve" || s == "revision" || s == "tree" || s == "xet-read-token";
    });
    route.key = type + "/" + join(at, verb);
    if (verb == segments.end()) return route;
    route.verb = *verb;
    if (verb + 1 != segments.end()) route.revision = *(verb + 1);
    if (route.revision.size()) route.path = join(verb + 2, segments.end());
    route.rest = request.target.substr(request.target.find("/" + route.verb + "/"));
    return route;
  }
  std::string url_of(const std::string& other_key) const {
    const std::string repo =
        other_key.starts_with("models/") && verb == "resolve" ? other_key.substr(7) : other_key;
    return (verb == "resolve" ? "/" : "/api/") + repo + rest;
  }
};

FaultScript hub_error(int status, std::string code, HttpHeaders headers) {
  headers.add("X-Error-Code", code);
  headers.add("X-Error-Message", "the fake hub says " + code);
  return answer(status, std::move(headers), R"({"error":")" + code + "\"}");
}

FakeHub::FakeHub() {
  hub_.on("*", [this](const SeenRequest& request, FaultConnection& connection) {
    serve(request, connection);
  });
}

void FakeHub::set(const std::string& key, FakeRepo repo) {
  const std::lock_guard lock(mutex_);
  repos_[key] = std::move(repo);
}

void FakeHub::rename(const std::string& from, const std::string& to) {
  const std::lock_guard lock(mutex_);
  renamed_[from] = to;
}

void FakeHub::serve(const SeenRequest& request, FaultConnection& connection) {
  FaultScript script;
  {
    const std::lock_guard lock(mutex_);
    script = respond(request);
  }
  script(request, connection);
}

FaultScript FakeHub::respond(const SeenRequest& request) {
  const Route route = Route::parse(request);
  if (const auto moved = renamed_.find(route.key); moved != renamed_.end())
    return redirect(307, route.url_of(moved->second));
  const auto found = repos_.find(route.key);
  if (found == repos_.end()) return hub_error(404, "RepoNotFound");
  const FakeRepo& repo = found->second;
  const std::string said = request.headers.get("Authorization").value_or("");
  if (!repo.token.empty() && said != "Bearer " + repo.token) {
    if (repo.gated) return hub_error(said.empty() ? 401 : 403, "GatedRepo");
    return answer(said.empty() ? 401 : 404, {{"X-Error-Message", "Repository not found"}});
  }
  const auto& revisions = repo.revisions;
  if (route.revision != repo.commit &&
      std::find(revisions.begin(), revisions.end(), route.revision) == revisions.end())
    return hub_error(404, "RevisionNotFound");
  if (route.verb == "resolve") return resolve(repo, route.path);
  if (route.verb == "revision") return revision(repo);
  if (route.verb == "xet-read-token" && !repo.xet_token.empty())
    return answer(200, {}, repo.xet_token);
  if (route.verb == "tree") return tree(repo, request, route.path);
  return answer(404);
}

FaultScript FakeHub::resolve(const FakeRepo& repo, const std::string& path) {
  const auto found = repo.files.find(path);
  if (found == repo.files.end())
    return hub_error(404, "EntryNotFound", {{"X-Repo-Commit", repo.commit}});
  const FakeFile& entry = found->second;
  HttpHeaders headers{{"X-Repo-Commit", repo.commit}};
  if (!entry.xet_hash.empty()) headers.add("X-Xet-Hash", entry.xet_hash);
  if (!entry.xet_route.empty())
    headers.add("Link", concat("<", entry.xet_route, ">; rel=\"xet-auth\""));
  if (!entry.lfs)
    return file({entry.content, "\"" + sha1_hex(entry.content) + "\"", true, true, headers});
  const std::string name = sha256_hex(entry.content);
  store_.on("/" + name, file({entry.content, "\"etag-of-the-store\""}));
  headers.add("X-Linked-Etag", "\"" + name + "\"");
  headers.add("X-Linked-Size", std::to_string(entry.content.size()));
  headers.add("Location", store_.url("/" + name + "?Signature=signed"));
  return answer(302, headers);
}

FaultScript FakeHub::revision(const FakeRepo& repo) const {
  JsonWriter json;
  json.begin_object().field("id", "any").field("sha", repo.commit).field("private", false);
  json.key("siblings").begin_array().end_array().end_object();
  return answer(200, {{"Content-Type", "application/json"}}, json.take());
}

FaultScript FakeHub::tree(const FakeRepo& repo, const SeenRequest& request,
                          const std::string& folder) const {
  std::vector<std::pair<std::string, FakeFile>> all;
  for (const auto& entry : repo.files)
    if (folder.empty() || entry.first.starts_with(folder + "/")) all.push_back(entry);
  if (!folder.empty() && all.empty())
    return hub_error(404, "EntryNotFound", {{"X-Repo-Commit", repo.commit}});
  const std::size_t cursor = request.target.find("&cursor=");
  const std::size_t begin =
      cursor == request.target.npos ? 0 : std::stoul(request.target.substr(cursor + 8));
  const std::size_t end = std::min(begin + page_size_, all.size());
  JsonWriter json;
  json.begin_array();
  json.begin_object().field("type", "directory").field("path", "a folder").end_object();
  for (std::size_t i = begin; i < end; ++i) write_entry(json, all[i].first, all[i].second);
  json.end_array();
  HttpHeaders headers{{"Content-Type", "application/json"}};
  if (end < all.size())
    headers.add("Link", concat("<", hub_.url(request.target.substr(0, cursor)), "&cursor=", end,
                               ">; rel=\"next\""));
  return answer(200, headers, json.take());
}

}  // namespace hubdist::testing
