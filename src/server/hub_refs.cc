// Branches and tags.
#include "server/internal/branches.h"
#include "server/internal/hub_api.h"

namespace hubdist::internal {

namespace {

void write_refs(JsonWriter& json, const std::vector<Ref>& refs, std::string_view prefix) {
  json.begin_array();
  for (const Ref& ref : refs)
    if (ref.name.starts_with(prefix))
      json.begin_object()
          .field("name", std::string_view(ref.name).substr(prefix.size()))
          .field("ref", ref.name)
          .field("targetCommit", ref.commit.hex())
          .end_object();
  json.end_array();
}

Status check_new_name(std::string_view name) {
  const Status right = check_ref_name(name);
  return right.ok() ? right : api_error(400, "", message(right));
}

// Makes a ref that must not be there; 409 when it is.
Result<HttpServerResponse> make_ref(Repositories& repositories, const OpenRepo& repo,
                                    const std::string& ref, const Sha1& commit) {
  const Status made = repositories.move_ref(repo.storage(), ref, std::nullopt, commit);
  if (made.code() == StatusCode::kAborted) {
    HUBDIST_TRY(repositories.settle_ref(repo.storage(), ref));
    return api_error(409, "", concat(ref, " is there already in ", repo.id.name));
  }
  HUBDIST_TRY(made);
  return json_response("{}");
}

}  // namespace

HubApi::Answer HubApi::refs(const ApiRequest& request, const OpenRepo& repo) const {
  HUBDIST_ASSIGN(const std::vector<Ref> all, repositories_.refs(repo.storage()));
  JsonWriter json;
  json.begin_object();
  write_refs(json.key("branches"), all, "refs/heads/");
  write_refs(json.key("converts"), all, "refs/convert/");
  write_refs(json.key("tags"), all, "refs/tags/");
  if (request.flag("include_prs") || request.flag("include_pull_requests"))
    write_refs(json.key("pullRequests"), all, "refs/pr/");
  return json_response(json.end_object().take());
}

HubApi::Answer HubApi::change_branch(const ApiRequest& request, const OpenRepo& repo,
                                     const RepoRoute& route) {
  const std::string& branch = route.revision;
  const std::string ref = concat("refs/heads/", branch);
  if (request.http.method == "DELETE") {
    if (branch == kDefaultBranch)
      return api_error(403, "", "The branch 'main' cannot be deleted: it is the default one");
    HUBDIST_TRY(repositories_.remove_ref(repo.storage(), ref));
    return json_response("{}");
  }
  HUBDIST_TRY(check_new_name(branch));
  std::string from(kDefaultBranch);
  if (!request.http.body.empty()) {
    HUBDIST_ASSIGN(const auto body, parse_body(request.http));
    from = body->find_text(body->root(), "startingPoint").value_or(from);
  }
  HUBDIST_ASSIGN(const Sha1 commit, repositories_.resolve(repo.storage(), from));
  return make_ref(repositories_, repo, ref, commit);
}

// A tag names a commit; a message is not kept.
HubApi::Answer HubApi::change_tag(const ApiRequest& request, const OpenRepo& repo,
                                  const RepoRoute& route) {
  if (request.http.method == "DELETE") {
    HUBDIST_TRY(repositories_.remove_ref(repo.storage(), concat("refs/tags/", route.revision)));
    return json_response("{}");
  }
  HUBDIST_ASSIGN(const auto body, parse_body(request.http));
  const std::string tag = body->find_text(body->root(), "tag").value_or("");
  HUBDIST_TRY(check_new_name(tag));
  HUBDIST_ASSIGN(const Sha1 commit, repositories_.resolve(repo.storage(), route.revision));
  return make_ref(repositories_, repo, concat("refs/tags/", tag), commit);
}

HubApi::Answer HubApi::super_squash(const ApiRequest& request, const OpenRepo& repo,
                                    const RepoRoute& route) {
  HUBDIST_ASSIGN(const auto body, parse_body(request.http));
  const std::string message = body->find_text(body->root(), "message").value_or("Squash history");
  if (const Status right = check_message(message); !right.ok())
    return api_error(400, "", hubdist::message(right));
  HUBDIST_ASSIGN(const Sha1 commit,
                 advance_branch(repositories_, repo.storage(), route.revision,
                                [&](const Commit& head) -> Result<std::optional<GitCommit>> {
                                  GitCommit squashed = new_commit(request.viewer.user, message);
                                  squashed.tree = head.content.tree;
                                  return std::optional<GitCommit>(std::move(squashed));
                                }));
  return json_response(
      JsonWriter().begin_object().field("commitOid", commit.hex()).end_object().take());
}

}  // namespace hubdist::internal
