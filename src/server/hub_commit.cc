// Commits through the API.
#include "server/internal/branches.h"
#include "server/internal/commit_reader.h"
#include "server/internal/git_patterns.h"
#include "server/internal/hub_api.h"
#include <hubdist/server/lfs_rules.h>

namespace hubdist::internal {

namespace {

constexpr std::uint64_t kMaxCommitBody = 16 * kGiB;
constexpr std::uint64_t kMaxRules = 1 * kMiB;  // of .gitattributes and .gitignore
constexpr std::size_t kMaxPreuploadFiles = 10'000;
// Of matching paths with rules, in bytes of one times bytes of the other: seconds.
constexpr std::uint64_t kMaxMatching = 4'000'000'000;

// A file at the top of a listing; empty when it is missing or no such file.
Result<std::string> small_file(const Contents& contents, const RepoListing& listing,
                               std::string_view path) {
  const RepoEntry* entry = listing.find(path);
  if (entry == nullptr || entry->is_folder() || entry->lfs || entry->size > kMaxRules)
    return std::string();
  return contents.get(entry->sha256, kMaxRules);
}

struct UploadRules {
  LfsRules lfs = LfsRules::defaults();
  GitIgnore ignore;
  std::uint64_t lfs_bytes = 0;  // of the file that they come from

  // What it takes at most to match them with a path: .gitignore is asked of each folder as well.
  std::uint64_t cost(std::string_view path) const {
    std::uint64_t with_folders = path.size();
    for (std::size_t i = 0; i < path.size(); ++i)
      if (path[i] == '/') with_folders += i;
    return lfs_bytes * path.size() + ignore.pattern_bytes() * with_folders;
  }
};

Result<UploadRules> rules_of(const Contents& contents, const RepoListing& listing,
                             const std::optional<std::string>& given_ignore) {
  UploadRules rules;
  if (listing.find(".gitattributes") != nullptr) {
    HUBDIST_ASSIGN(const std::string text, small_file(contents, listing, ".gitattributes"));
    rules.lfs = LfsRules::parse(text);
    rules.lfs_bytes = text.size();
  }
  if (given_ignore) {
    if (given_ignore->size() > kMaxRules)
      return api_error(413, "", concat("'gitIgnore' has at most ", kMaxRules, " bytes"));
    rules.ignore = GitIgnore::parse(*given_ignore);
  } else {
    HUBDIST_ASSIGN(const std::string text, small_file(contents, listing, ".gitignore"));
    rules.ignore = GitIgnore::parse(text);
  }
  return rules;
}

void write_upload_mode(JsonWriter& json, const UploadRules& rules, const RepoListing& listing,
                       const std::string& path, std::uint64_t size) {
  json.begin_object()
      .field("path", path)
      .field("uploadMode", rules.lfs.is_lfs(path, size) ? "lfs" : "regular")
      .field("shouldIgnore", rules.ignore.ignores(path));
  const RepoEntry* entry = listing.find(path);
  if (entry != nullptr && !entry->is_folder()) json.field("oid", entry->etag());
  json.end_object();
}

Status too_much_matching() {
  return api_error(413, "",
                   "These are too many files for so many rules in .gitignore and .gitattributes: "
                   "ask for fewer files at once, or shorten the rules");
}

// The error of a commit that came too late.
Status stale(std::string_view branch) {
  return api_error(412, "",
                   concat("The branch '", branch,
                          "' has moved on since: read it again and commit on top of it"));
}

class CommitSink final : public HttpBodySink {
 public:
  CommitSink(Repositories& repositories, OpenRepo repo, std::string branch, std::string user,
             std::string url, Gate::Pass pass)
      : repositories_(repositories),
        repo_(std::move(repo)),
        branch_(std::move(branch)),
        user_(std::move(user)),
        url_(std::move(url)),
        pass_(std::move(pass)),
        reader_(repositories, repo_.storage()) {}

  std::optional<HttpServerResponse> write(ByteView bytes) override {
    Status taken = reader_.take(bytes);
    // A commit that comes too late is refused before its contents are taken.
    if (taken.ok() && !checked_ && reader_.header() != nullptr) {
      checked_ = true;
      taken = check_parent();
    }
    if (taken.ok()) return std::nullopt;
    return error_response(as_answer(taken));
  }

  HttpServerResponse finish() override {
    const Status whole = reader_.finish();
    if (!whole.ok()) return error_response(as_answer(whole));
    const auto commit = advance_branch(repositories_, repo_.storage(), branch_,
                                       [&](const Commit& head) { return next_commit(head); });
    if (commit.status().code() == StatusCode::kAborted) return error_response(stale(branch_));
    if (!commit.ok()) return error_response(as_answer(commit.status()));
    return json_response(JsonWriter()
                             .begin_object()
                             .field("success", true)
                             .field("commitOid", commit->hex())
                             .field("commitUrl", concat(url_, "/commit/", commit->hex()))
                             .field("hookOutput", "")
                             .end_object()
                             .take());
  }

 private:
  static Status as_answer(const Status& error) {
    if (detail(error, Detail::kHttpStatus) || error.code() != StatusCode::kInvalidArgument)
      return error;
    return api_error(400, "", message(error));
  }

  Status check_parent() const {
    HUBDIST_ASSIGN(const Ref ref, find_branch(repositories_, repo_.storage(), branch_));
    const auto& parent = reader_.header()->parent;
    return !parent || *parent == ref.commit ? Status() : stale(branch_);
  }

  Result<std::optional<GitCommit>> next_commit(const Commit& head) {
    const CommitHeader& header = *reader_.header();
    if (header.parent && *header.parent != head.id) return stale(branch_);
    HUBDIST_ASSIGN(const auto before, repositories_.listing(repo_.storage(), head.content.tree));
    HUBDIST_ASSIGN(const auto files, apply_operations(*before, reader_.operations()));
    GitCommit commit = new_commit(user_, header.description.empty()
                                             ? header.summary
                                             : concat(header.summary, "\n\n", header.description));
    HUBDIST_ASSIGN(commit.tree, repositories_.put_tree(repo_.storage(), files));
    if (commit.tree == head.content.tree) return std::nullopt;
    commit.parents = {head.id};
    return std::optional<GitCommit>(std::move(commit));
  }

  Repositories& repositories_;
  const OpenRepo repo_;
  const std::string branch_;
  const std::string user_;
  const std::string url_;
  const Gate::Pass pass_;
  CommitReader reader_;
  bool checked_ = false;
};

}  // namespace

HubApi::Answer HubApi::preupload(const ApiRequest& request, const OpenRepo& repo,
                                 const RepoRoute& route) const {
  HUBDIST_TRY(check_no_pull_request(request));
  HUBDIST_ASSIGN(const auto body, parse_body(request.http));
  const auto files = body->find<simdjson::dom::array>(body->root(), "files");
  if (!files || files->size() > kMaxPreuploadFiles)
    return api_error(400, "", concat("'files' is a list of at most ", kMaxPreuploadFiles));
  HUBDIST_ASSIGN(const Snapshot found, snapshot(repo.storage(), route.revision));
  HUBDIST_ASSIGN(const UploadRules rules,
                 rules_of(contents_, *found.listing, body->find_text(body->root(), "gitIgnore")));
  std::uint64_t cost = 0;
  JsonWriter json;
  json.begin_object().key("files").begin_array();
  for (const auto element : *files) {
    simdjson::dom::object file;
    if (element.get(file) != simdjson::SUCCESS)
      return api_error(400, "", "an entry of 'files' is no object");
    const auto path = body->find_text(file, "path");
    const auto size = body->find<std::uint64_t>(file, "size");
    if (!path || !size) return api_error(400, "", "an entry of 'files' lacks 'path' or 'size'");
    if (const Status right = check_repo_path(*path); !right.ok())
      return api_error(400, "", message(right));
    cost += rules.cost(*path);
    if (cost > kMaxMatching) return too_much_matching();
    write_upload_mode(json, rules, *found.listing, *path, *size);
  }
  return json_response(json.end_array().end_object().take());
}

HubApi::Plan HubApi::plan_commit(const HttpServerRequest& http) {
  HUBDIST_ASSIGN(const ApiRequest request, read_request(http));
  const auto route = parse_api_route(http.path);
  HUBDIST_ASSIGN(OpenRepo repo, open(*route, request.viewer));
  HUBDIST_TRY(check_may_write(request.viewer, repo.id.owner(), Role::kWrite,
                              concat("commit to ", repo.id.name)));
  HUBDIST_TRY(check_no_pull_request(request));
  if (!route->path.empty()) return entry_not_found(route->path);
  HUBDIST_TRY(find_branch(repositories_, repo.storage(), route->revision).status());
  auto pass = commits_.enter();
  if (!pass) return too_busy("commits");
  HttpBodyPlan plan;
  plan.limit = kMaxCommitBody;
  std::string url = repo_url(request, repo.id);
  plan.sink = std::make_unique<CommitSink>(repositories_, std::move(repo), route->revision,
                                           request.viewer.user, std::move(url), *std::move(pass));
  return plan;
}

}  // namespace hubdist::internal
