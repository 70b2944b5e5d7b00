// What the names of repositories mean: their settings.
#include <algorithm>
#include <array>
#include <ctime>

#include <openssl/rand.h>

#include "server/internal/json_reader.h"
#include "server/internal/routes.h"
#include <hubdist/base/json_writer.h>
#include <hubdist/base/log.h>
#include <hubdist/io/http_client.h>
#include <hubdist/server/repository.h>

namespace hubdist {

// What a name's record says, and what it means by that. There are three kinds:
//   settings: the repository has this name;
//   `moved_to`, with the settings at that moment: it had this name, and has that one now;
//   `from`: it is about to leave that name for this one. This means nothing until the record of
//     the old name says that it has moved here, and then the settings are those that stand there.
struct Repositories::Named {
  std::optional<RepoSettings> settings;  // when the name means a repository
  std::string moved_to;
  std::string from;
  bool reserved = false;  // `from` may still move here
  StorageId storage;
  std::optional<std::string> version;  // of the record; nothing when there is none
};

namespace {

using internal::JsonDocument;

constexpr std::uint64_t kMaxSettings = 4 * kMiB;
constexpr int kMaxSwapTries = 20;
constexpr int kMaxMoves = 8;  // that are followed from an old name

bool is_missing(const Status& status) { return status.code() == StatusCode::kNotFound; }

std::string settings_key(const RepoId& repo) { return concat("repos/", repo.key()); }

Status repo_not_found(const RepoId& repo) {
  return with_detail(not_found("there is no ", name(repo.type), ' ', repo.name), Detail::kHubError,
                     "RepoNotFound");
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

void write_settings(JsonWriter& json, const RepoSettings& settings) {
  json.field("private", settings.is_private)
      .field("gated", gating_text(settings.gating))
      .field("created", settings.created)
      .field("storage", settings.storage.text)
      .key("readers")
      .begin_array();
  for (const std::string& reader : settings.readers) json.value(reader);
  json.end_array();
}

std::string format_settings(const RepoSettings& settings) {
  JsonWriter json;
  json.begin_object();
  write_settings(json, settings);
  return json.end_object().take();
}

std::string format_moved(const RepoId& to, const RepoSettings& settings) {
  JsonWriter json;
  json.begin_object().field("moved_to", to.name);
  write_settings(json, settings);
  return json.end_object().take();
}

std::string format_reserved(const RepoId& from, const StorageId& storage) {
  JsonWriter json;
  json.begin_object().field("from", from.name).field("storage", storage.text);
  return json.end_object().take();
}

Status already_there(const RepoId& repo) {
  return already_exists("there is a ", name(repo.type), ' ', repo.name, " already");
}

Result<RepoSettings> parse_settings(const JsonDocument& document, const RepoId& repo) {
  RepoSettings settings;
  HUBDIST_ASSIGN(settings.storage.text, document.text(document.root(), "storage"));
  if (!is_hex(settings.storage.text, 32))
    return data_loss("the settings of ", repo.name, " name no storage");
  HUBDIST_ASSIGN(settings.is_private, document.get<bool>(document.root(), "private"));
  HUBDIST_ASSIGN(settings.created, document.text(document.root(), "created"));
  HUBDIST_ASSIGN(const std::string gated, document.text(document.root(), "gated"));
  settings.gating = gated == "none"   ? Gating::kNone
                    : gated == "auto" ? Gating::kAuto
                                      : Gating::kManual;
  HUBDIST_ASSIGN(const auto readers,
                 document.get<simdjson::dom::array>(document.root(), "readers"));
  for (const auto reader : readers) {
    std::string_view name;
    if (reader.get(name) != simdjson::SUCCESS)
      return data_loss("the settings of ", repo.name, " have a reader without a name");
    settings.readers.emplace_back(name);
  }
  return settings;
}

RepoSettings new_settings() {
  RepoSettings settings;
  settings.created = iso_time(std::time(nullptr));
  settings.storage = StorageId::random();
  return settings;
}

}  // namespace

StorageId StorageId::random() {
  std::array<std::byte, 16> bytes{};
  RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
  return {to_hex(bytes)};
}

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

Access access_to(const RepoId& repo, const RepoSettings& settings, const Viewer& viewer) {
  const auto& readers = settings.readers;
  const bool named = viewer.role_in(repo.owner()) >= Role::kRead ||
                     (!viewer.user.empty() &&
                      std::find(readers.begin(), readers.end(), viewer.user) != readers.end());
  if (named) return Access::kFiles;
  if (settings.is_private) return Access::kNone;
  return settings.gating == Gating::kNone ? Access::kFiles : Access::kMetadata;
}

Result<Repositories::Named> Repositories::read_record(const RepoId& repo) const {
  Named named;
  const auto object = store_.get(settings_key(repo), kMaxSettings);
  if (is_missing(object.status())) return named;
  if (!object.ok()) return object.status();
  named.version = object->version;
  HUBDIST_ASSIGN(const auto document,
                 JsonDocument::parse(object->content, concat("the settings of ", repo.name)));
  HUBDIST_ASSIGN(named.storage.text, document->text(document->root(), "storage"));
  named.from = document->find_text(document->root(), "from").value_or("");
  if (!named.from.empty()) return named;
  named.moved_to = document->find_text(document->root(), "moved_to").value_or("");
  HUBDIST_ASSIGN(named.settings, parse_settings(*document, repo));
  return named;
}

Result<Repositories::Named> Repositories::read_name(const RepoId& repo) const {
  HUBDIST_ASSIGN(Named named, read_record(repo));
  if (!named.moved_to.empty()) named.settings.reset();
  if (named.from.empty()) return named;
  HUBDIST_ASSIGN(Named old, read_record({repo.type, named.from}));
  if (old.storage != named.storage) return named;
  if (old.moved_to == repo.name) named.settings = std::move(old.settings);
  named.reserved = old.moved_to.empty();
  return named;
}

Result<Repo> Repositories::find(const RepoId& repo) const {
  RepoId id = repo;
  std::optional<StorageId> wanted;  // another repository may have the name that this one had
  for (int i = 0; i < kMaxMoves; ++i) {
    HUBDIST_ASSIGN(Named named, read_name(id));
    if (named.settings && wanted.value_or(named.settings->storage) == named.settings->storage)
      return Repo{std::move(id), *std::move(named.settings)};
    if (named.moved_to.empty() || wanted.value_or(named.storage) != named.storage) break;
    wanted = std::move(named.storage);
    HUBDIST_ASSIGN(id, RepoId::parse(repo.type, named.moved_to));
  }
  return repo_not_found(repo);
}

Status Repositories::create(const RepoId& repo, const RepoSettings& settings) {
  const Status made = take_name(repo, format_settings(settings));
  return made.code() == StatusCode::kAborted ? already_there(repo) : made;
}

// Writes the record of a name that means nothing. AlreadyExists when it does, or a move has
// reserved it; Aborted when somebody else wrote meanwhile.
Status Repositories::take_name(const RepoId& repo, const std::string& record) {
  HUBDIST_ASSIGN(const Named named, read_name(repo));
  if (named.settings) HUBDIST_TRY(finish_move(repo));
  if (named.settings || named.reserved) return already_there(repo);
  if (!named.moved_to.empty()) HUBDIST_TRY(finish_move({repo.type, named.moved_to}));
  return store_.put_if(settings_key(repo), as_bytes(record), named.version).status();
}

// Makes what a name says durable, and its own: the old name, whose record still says it for one
// that was just moved, may be taken then.
Status Repositories::finish_move(const RepoId& to) {
  Status failure;
  for (int i = 0; i < kMaxSwapTries; ++i) {
    HUBDIST_ASSIGN(const Named named, read_name(to));
    if (!named.version) return {};
    if (named.from.empty() || !named.settings) return store_.settle(settings_key(to));
    HUBDIST_TRY(store_.settle(settings_key({to.type, named.from})));
    failure =
        store_.put_if(settings_key(to), as_bytes(format_settings(*named.settings)), named.version)
            .status();
    if (failure.code() != StatusCode::kAborted) return failure;
  }
  return failure;
}

Result<Repo> Repositories::edit_name(const RepoId& repo, const Change& change, bool create) {
  Status failure;
  for (int i = 0; i < kMaxSwapTries; ++i) {
    const auto found = find(repo);
    if (!found.ok() && !(is_missing(found.status()) && create)) return found.status();
    const RepoId& id = found.ok() ? found->id : repo;
    HUBDIST_ASSIGN(const Named named, read_name(id));
    if (found.ok() != named.settings.has_value()) continue;  // it has just moved, or come
    if (named.reserved) return already_there(id);
    if (!named.from.empty() && named.settings) {
      HUBDIST_TRY(finish_move(id));
      continue;
    }
    if (!named.moved_to.empty()) HUBDIST_TRY(finish_move({id.type, named.moved_to}));
    RepoSettings settings = named.settings ? *named.settings : new_settings();
    change(settings);
    const std::string text = format_settings(settings);
    if (named.settings && text == format_settings(*named.settings)) {
      HUBDIST_TRY(store_.settle(settings_key(id)));
      return Repo{id, settings};
    }
    failure = store_.put_if(settings_key(id), as_bytes(text), named.version).status();
    if (failure.ok()) return Repo{id, std::move(settings)};
    if (failure.code() != StatusCode::kAborted) return failure;
  }
  return failure.ok() ? repo_not_found(repo) : failure;
}

Result<Repo> Repositories::edit(const RepoId& repo, const Change& change) {
  return edit_name(repo, change, false);
}

Result<Repo> Repositories::edit_or_create(const RepoId& repo, const Change& change) {
  return edit_name(repo, change, true);
}

// The new name is reserved, then one write to the old name's record moves the repository. Stopped
// before that, the old name has it, and the same move again goes on; nothing else gets the new name
// while it may. A reservation is never taken back: whoever repeats the move could rely on it.
Status Repositories::move(const RepoId& from, const RepoId& to) {
  if (from == to || from.type != to.type)
    return invalid_argument("'", from.name, "' cannot become '", to.name, "'");
  for (int i = 0; i < kMaxSwapTries; ++i) {
    const Status moved = try_move(from, to);
    if (moved.code() != StatusCode::kAborted) return moved;
  }
  return aborted("the settings of ", from.name, " changed while it was moved: move it again");
}

Status Repositories::try_move(const RepoId& from, const RepoId& to) {
  HUBDIST_TRY(finish_move(from));
  HUBDIST_ASSIGN(const Named source, read_name(from));
  HUBDIST_ASSIGN(const Named target, read_name(to));
  const bool same = source.version && target.version && target.storage == source.storage;
  if (source.moved_to == to.name && same && target.settings) return finish_move(to);
  if (!source.settings) return repo_not_found(from);
  if (same && target.reserved && target.from == from.name)
    HUBDIST_TRY(store_.settle(settings_key(to)));
  else
    HUBDIST_TRY(take_name(to, format_reserved(from, source.storage)));
  HUBDIST_TRY(
      store_
          .put_if(settings_key(from), as_bytes(format_moved(to, *source.settings)), source.version)
          .status());
  // It has moved: should this fail, whoever takes the old name or changes the settings does it.
  if (const Status ended = finish_move(to); !ended.ok()) log(LogLevel::kWarning, message(ended));
  return {};
}

Status Repositories::remove(const RepoId& repo) {
  HUBDIST_ASSIGN(const Named named, read_name(repo));
  if (!named.settings) return repo_not_found(repo);
  return store_.remove(settings_key(repo));
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
    found.last = name;
    HUBDIST_ASSIGN(Named named, read_name(repo));
    if (named.settings) found.repos.push_back({std::move(repo), *std::move(named.settings)});
  }
  return found;
}

}  // namespace hubdist
