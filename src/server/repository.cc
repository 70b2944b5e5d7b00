#include <algorithm>
#include <ctime>

#include "server/internal/json_reader.h"
#include "server/internal/routes.h"
#include <hubdist/base/json_writer.h>
#include <hubdist/io/http_client.h>
#include <hubdist/server/accounts.h>
#include <hubdist/server/repository.h>

namespace hubdist {

namespace {

using internal::JsonDocument;

constexpr std::uint64_t kMaxSettings = 4 * kMiB;
constexpr std::uint64_t kMaxCommit = 1 * kMiB;
constexpr int kMaxSwapTries = 20;
constexpr std::size_t kRefsPerPage = 1000;
constexpr std::size_t kMinShortId = 7;

bool is_missing(const Status& status) { return status.code() == StatusCode::kNotFound; }

Status revision_not_found(std::string_view revision) {
  return with_detail(not_found("Invalid rev id: ", revision.substr(0, 300)), Detail::kHubError,
                     "RevisionNotFound");
}

std::string settings_key(const RepoId& repo) { return concat("repos/", repo.key()); }
std::string refs_prefix(const RepoId& repo) { return concat("refs/", repo.key(), '/'); }
std::string commit_key(const RepoId& repo, std::string_view id) {
  return concat("commits/", repo.key(), '/', id);
}
std::string ref_key(const RepoId& repo, std::string_view ref) {
  return refs_prefix(repo) + percent_encode(ref);
}

std::string_view gating_text(Gating gating) {
  switch (gating) {
    case Gating::kNone:
      return "none";
    case Gating::kAuto:
      return "auto";
    case Gating::kManual:
      break;
  }
  return "manual";
}

std::string format_settings(const RepoSettings& settings) {
  JsonWriter json;
  json.begin_object()
      .field("private", settings.is_private)
      .field("gated", gating_text(settings.gating))
      .field("created", settings.created)
      .key("readers")
      .begin_array();
  for (const std::string& reader : settings.readers) json.value(reader);
  return json.end_array().end_object().take();
}

Result<RepoSettings> parse_settings(std::string_view text, const RepoId& repo) {
  HUBDIST_ASSIGN(const auto document,
                 JsonDocument::parse(text, concat("the settings of ", repo.name)));
  RepoSettings settings;
  HUBDIST_ASSIGN(settings.is_private, document->get<bool>(document->root(), "private"));
  HUBDIST_ASSIGN(settings.created, document->text(document->root(), "created"));
  HUBDIST_ASSIGN(const std::string gated, document->text(document->root(), "gated"));
  settings.gating = gated == "none"   ? Gating::kNone
                    : gated == "auto" ? Gating::kAuto
                                      : Gating::kManual;
  HUBDIST_ASSIGN(const auto readers,
                 document->get<simdjson::dom::array>(document->root(), "readers"));
  for (const auto reader : readers) {
    std::string_view name;
    if (reader.get(name) != simdjson::SUCCESS)
      return data_loss("the settings of ", repo.name, " have a reader without a name");
    settings.readers.emplace_back(name);
  }
  return settings;
}

}  // namespace

Result<RepoId> RepoId::parse(RepoType type, std::string_view name) {
  const std::size_t slash = name.find('/');
  if (slash == std::string_view::npos) {
    HUBDIST_TRY(check_name("repository", name));
  } else {
    HUBDIST_TRY(check_name("owner", name.substr(0, slash)));
    HUBDIST_TRY(check_name("repository", name.substr(slash + 1)));
  }
  const std::string_view owner = slash == std::string_view::npos ? name : name.substr(0, slash);
  const std::string_view last = slash == std::string_view::npos ? name : name.substr(slash + 1);
  if (internal::is_reserved_owner_name(owner) || internal::is_reserved_repo_name(last))
    return invalid_argument("'", name, "' means something else in a hub's URLs");
  return RepoId{type, std::string(name)};
}

std::string_view RepoId::owner() const {
  const std::size_t slash = name.find('/');
  return slash == std::string::npos ? std::string_view() : std::string_view(name).substr(0, slash);
}

std::string RepoId::key() const { return concat(plural(type), '/', percent_encode(name)); }

Access access_to(const RepoId& repo, const RepoSettings& settings, std::string_view user) {
  const auto& readers = settings.readers;
  const bool named =
      !user.empty() &&
      (repo.owner() == user || std::find(readers.begin(), readers.end(), user) != readers.end());
  if (named) return Access::kFiles;
  if (settings.is_private) return Access::kNone;
  return settings.gating == Gating::kNone ? Access::kFiles : Access::kMetadata;
}

Result<RepoSettings> Repositories::settings(const RepoId& repo) const {
  const auto object = store_.get(settings_key(repo), kMaxSettings);
  if (is_missing(object.status()))
    return with_detail(not_found("there is no ", name(repo.type), ' ', repo.name),
                       Detail::kHubError, "RepoNotFound");
  if (!object.ok()) return object.status();
  return parse_settings(object->content, repo);
}

Status Repositories::edit_settings(const RepoId& repo,
                                   const std::function<void(RepoSettings&)>& change) {
  Status failure;
  for (int i = 0; i < kMaxSwapTries; ++i) {
    const auto object = store_.get(settings_key(repo), kMaxSettings);
    if (!object.ok() && !is_missing(object.status())) return object.status();
    RepoSettings settings;
    std::optional<std::string> version;
    if (object.ok()) {
      HUBDIST_ASSIGN(settings, parse_settings(object->content, repo));
      version = object->version;
    } else {
      settings.created = iso_time(std::time(nullptr));
    }
    change(settings);
    const std::string text = format_settings(settings);
    if (object.ok() && text == object->content) return {};
    failure = store_.put_if(settings_key(repo), as_bytes(text), version).status();
    if (failure.code() != StatusCode::kAborted) return failure;
  }
  return failure;
}

Result<RepoPage> Repositories::list(RepoType type, std::string_view after,
                                    std::size_t limit) const {
  const std::string prefix = concat("repos/", plural(type), '/');
  HUBDIST_ASSIGN(const ObjectPage page,
                 store_.list(prefix, after.empty() ? "" : prefix + percent_encode(after), limit));
  RepoPage found;
  found.more = page.more;
  for (const StoredObject& object : page.objects) {
    HUBDIST_ASSIGN(const std::string name, percent_decode(object.key.substr(prefix.size())));
    HUBDIST_ASSIGN(RepoId repo, RepoId::parse(type, name));
    auto found_settings = settings(repo);
    if (is_missing(found_settings.status())) continue;
    if (!found_settings.ok()) return found_settings.status();
    found.repos.emplace_back(std::move(repo), *std::move(found_settings));
  }
  return found;
}

Result<std::vector<Ref>> Repositories::refs(const RepoId& repo) const {
  const std::string prefix = refs_prefix(repo);
  std::vector<Ref> refs;
  std::string last;
  for (bool more = true; more;) {
    HUBDIST_ASSIGN(const ObjectPage page, store_.list(prefix, last, kRefsPerPage));
    for (const StoredObject& object : page.objects) {
      last = object.key;
      HUBDIST_ASSIGN(std::string name, percent_decode(object.key.substr(prefix.size())));
      HUBDIST_ASSIGN(const std::optional<Sha1> commit, ref(repo, name));
      if (commit) refs.push_back({std::move(name), *commit});
    }
    more = page.more;
  }
  return refs;
}

Result<std::optional<Sha1>> Repositories::ref(const RepoId& repo, std::string_view ref) const {
  const std::string key = ref_key(repo, ref);
  if (!check_object_key(key).ok()) return std::nullopt;
  const auto object = store_.get(key, 64);
  if (is_missing(object.status())) return std::nullopt;
  if (!object.ok()) return object.status();
  HUBDIST_ASSIGN(const Sha1 commit, Sha1::parse(object->content));
  return std::optional<Sha1>(commit);
}

Result<Sha1> Repositories::resolve(const RepoId& repo, std::string_view revision) const {
  const std::string_view name = revision == "HEAD" ? kDefaultBranch : revision;
  if (name.starts_with("refs/")) {
    HUBDIST_ASSIGN(const auto commit, ref(repo, name));
    if (commit) return *commit;
    return revision_not_found(revision);
  }
  for (const std::string_view kind : {"refs/heads/", "refs/tags/"}) {
    HUBDIST_ASSIGN(const auto commit, ref(repo, concat(kind, name)));
    if (commit) return *commit;
  }
  if (name.size() < kMinShortId || name.size() > 40 || !is_hex(name, name.size()))
    return revision_not_found(revision);
  HUBDIST_ASSIGN(const ObjectPage found, store_.list(commit_key(repo, name), "", 2));
  if (found.objects.size() != 1) return revision_not_found(revision);
  return Sha1::parse(std::string_view(found.objects[0].key).substr(commit_key(repo, "").size()));
}

Result<Commit> Repositories::commit(const RepoId& repo, const Sha1& id) const {
  const auto object = store_.get(commit_key(repo, id.hex()), kMaxCommit);
  if (is_missing(object.status())) return revision_not_found(id.hex());
  if (!object.ok()) return object.status();
  HUBDIST_ASSIGN(GitCommit content, parse_git_commit(object->content));
  return Commit{id, std::move(content)};
}

Result<Sha1> Repositories::put_commit(const RepoId& repo, const GitCommit& commit) {
  const std::string text = format_git_commit(commit);
  const Sha1 id = git_object_id("commit", text);
  HUBDIST_TRY(store_.put(commit_key(repo, id.hex()), as_bytes(text)));
  return id;
}

Status Repositories::move_ref(const RepoId& repo, std::string_view ref,
                              const std::optional<Sha1>& expected, const Sha1& commit) {
  const std::string key = ref_key(repo, ref);
  const auto object = store_.get(key, 64);
  if (!object.ok() && !is_missing(object.status())) return object.status();
  const bool as_expected =
      object.ok() ? expected && object->content == expected->hex() : !expected.has_value();
  if (!as_expected) return aborted("somebody else moved ", ref, " of ", repo.name);
  std::optional<std::string> version;
  if (object.ok()) version = object->version;
  return store_.put_if(key, as_bytes(commit.hex()), version).status();
}

std::string blob_key(const Sha256& sha256) {
  const std::string hex = sha256.hex();
  return concat("blobs/", hex.substr(0, 2), '/', hex);
}

std::string iso_time(std::int64_t seconds_since_1970) {
  const auto when = static_cast<std::time_t>(seconds_since_1970);
  std::tm parts{};
  ::gmtime_r(&when, &parts);
  char text[40];
  std::strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S.000Z", &parts);
  return text;
}

}  // namespace hubdist
