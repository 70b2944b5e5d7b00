// Making, renaming, changing and deleting repositories.
#include <ctime>

#include "server/internal/branches.h"
#include "server/internal/hub_api.h"
#include <hubdist/server/lfs_rules.h>

namespace hubdist::internal {

namespace {

using Object = simdjson::dom::object;

// "type", which is left out for models.
Result<RepoType> type_of(const JsonDocument& body) {
  const auto type = parse_repo_type(body.find_text(body.root(), "type").value_or("model"));
  if (!type.ok()) return api_error(400, "", message(type.status()));
  return type;
}

Result<RepoId> parse_name(RepoType type, std::string_view name) {
  auto id = RepoId::parse(type, name);
  if (!id.ok()) return api_error(400, "", message(id.status()));
  return id;
}

// The repository that a body names; without an organisation the viewer's own.
Result<RepoId> named_repo(const JsonDocument& body, const Viewer& viewer) {
  HUBDIST_ASSIGN(const RepoType type, type_of(body));
  const auto name = body.find_text(body.root(), "name");
  if (!name) return api_error(400, "", "The body has no 'name'");
  if (name->find('/') != std::string::npos) return parse_name(type, *name);
  const std::string owner = body.find_text(body.root(), "organization").value_or(viewer.user);
  return parse_name(type, concat(owner, '/', *name));
}

// What "private" or "visibility" say, if anything.
Result<std::optional<bool>> wanted_privacy(const JsonDocument& body) {
  const auto visibility = body.find_text(body.root(), "visibility");
  if (!visibility) return body.find<bool>(body.root(), "private");
  if (*visibility == "private") return std::optional<bool>(true);
  if (*visibility == "public") return std::optional<bool>(false);
  return api_error(400, "",
                   concat("This hub knows public and private repositories, not '",
                          visibility->substr(0, 50), "' ones"));
}

// What "gated" says, if anything: "auto", "manual" or false.
Result<std::optional<Gating>> wanted_gating(const JsonDocument& body) {
  const auto element = body.root()["gated"];
  if (element.error() != simdjson::SUCCESS) return std::nullopt;
  const auto text = body.find_text(body.root(), "gated");
  if (text == "auto") return std::optional<Gating>(Gating::kAuto);
  if (text == "manual") return std::optional<Gating>(Gating::kManual);
  if (body.find<bool>(body.root(), "gated") == false) return std::optional<Gating>(Gating::kNone);
  return api_error(400, "", "'gated' is \"auto\", \"manual\" or false");
}

Status already_there(const RepoId& id) {
  return api_error(409, "",
                   concat("There is a ", name(id.type), ' ', id.name, " already on this hub"));
}

std::string named_json(const ApiRequest& request, const RepoId& id) {
  return JsonWriter()
      .begin_object()
      .field("url", repo_url(request, id))
      .field("name", id.name)
      .field("id", id.name)
      .end_object()
      .take();
}

}  // namespace

HubApi::Answer HubApi::create_repo(const ApiRequest& request) {
  HUBDIST_ASSIGN(const auto body, parse_body(request.http));
  if (request.viewer.user.empty()) return not_authenticated();
  HUBDIST_ASSIGN(const RepoId id, named_repo(*body, request.viewer));
  HUBDIST_TRY(check_may_write(request.viewer, id.owner(), Role::kWrite,
                              concat("make a ", name(id.type), " '", id.name, '\'')));
  HUBDIST_ASSIGN(const auto is_private, wanted_privacy(*body));
  RepoSettings settings;
  settings.is_private = is_private.value_or(false);
  settings.created = iso_time(std::time(nullptr));
  settings.storage = StorageId::random();
  const auto known = repositories_.find(id);
  // The first commit comes before the name: nobody sees a repository without a branch.
  if (!known.ok() || known->id != id)
    HUBDIST_TRY(make_first_commit(repositories_, settings.storage, request.viewer.user));
  const Status made = repositories_.create(id, settings);
  if (made.ok()) return json_response(named_json(request, id));
  if (made.code() != StatusCode::kAlreadyExists) return made;
  // Clients that do not mind read the URL from this answer.
  HttpServerResponse response = error_response(already_there(id));
  response.body = JsonWriter()
                      .begin_object()
                      .field("error", message(already_there(id)))
                      .field("url", repo_url(request, id))
                      .end_object()
                      .take();
  return response;
}

HubApi::Answer HubApi::delete_repo(const ApiRequest& request) {
  HUBDIST_ASSIGN(const auto body, parse_body(request.http));
  if (request.viewer.user.empty()) return not_authenticated();
  HUBDIST_ASSIGN(const RepoId id, named_repo(*body, request.viewer));
  HUBDIST_ASSIGN(const OpenRepo repo, open(id.type, id.name, request.viewer));
  if (repo.id != id)  // an old name leads to a repository, but does not delete it
    return api_error(404, "RepoNotFound", concat("This repository is now ", repo.id.name));
  HUBDIST_TRY(check_may_write(request.viewer, repo.id.owner(), Role::kAdmin,
                              concat("delete ", repo.id.name)));
  HUBDIST_TRY(repositories_.remove(repo.id));
  return json_response("{}");
}

HubApi::Answer HubApi::move_repo(const ApiRequest& request) {
  HUBDIST_ASSIGN(const auto body, parse_body(request.http));
  if (request.viewer.user.empty()) return not_authenticated();
  HUBDIST_ASSIGN(const RepoType type, type_of(*body));
  const std::string from = body->find_text(body->root(), "fromRepo").value_or("");
  HUBDIST_ASSIGN(const RepoId to,
                 parse_name(type, body->find_text(body->root(), "toRepo").value_or("")));
  HUBDIST_ASSIGN(const OpenRepo repo, open(type, from, request.viewer));
  HUBDIST_TRY(check_may_write(request.viewer, repo.id.owner(), Role::kAdmin,
                              concat("move ", repo.id.name)));
  HUBDIST_TRY(check_may_write(request.viewer, to.owner(), Role::kWrite,
                              concat("move a ", name(type), " to '", to.name, '\'')));
  const Status moved = repositories_.move(repo.id, to);
  if (moved.code() == StatusCode::kAlreadyExists) return already_there(to);
  HUBDIST_TRY(moved);
  return json_response(named_json(request, to));
}

HubApi::Answer HubApi::change_settings(const ApiRequest& request, const OpenRepo& repo) {
  HUBDIST_ASSIGN(const auto body, parse_body(request.http));
  HUBDIST_ASSIGN(const auto is_private, wanted_privacy(*body));
  HUBDIST_ASSIGN(const auto gating, wanted_gating(*body));
  HUBDIST_ASSIGN(const Repo changed, repositories_.edit(repo.id, [&](RepoSettings& settings) {
    settings.is_private = is_private.value_or(settings.is_private);
    settings.gating = gating.value_or(settings.gating);
  }));
  JsonWriter json;
  json.begin_object().field("private", changed.settings.is_private).key("gated");
  if (changed.settings.gating == Gating::kNone)
    json.value(false);
  else
    json.value(changed.settings.gating == Gating::kAuto ? "auto" : "manual");
  return json_response(json.end_object().take());
}

}  // namespace hubdist::internal
