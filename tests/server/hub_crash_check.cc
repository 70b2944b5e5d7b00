#include "tests/server/hub_crash_check.h"

#include <hubdist/server/fsck.h>
#include <hubdist/server/hub_server.h>

namespace hubdist::testing {

namespace {

constexpr std::string_view kTemporaries = ".tmp";  // what lies there is nobody's
constexpr std::size_t kStatesPerRestart = 25;

template <typename T>
std::string text_of(const Result<T>& found, const std::function<std::string(const T&)>& text) {
  if (found.ok()) return text(*found);
  return found.status().code() == StatusCode::kNotFound ? "" : std::string(message(found.status()));
}

std::string observe(const Repositories& repositories, const HubFact::Kind kind,
                    const std::string& of, const std::string& name) {
  switch (kind) {
    case HubFact::Kind::kRepo:
      return text_of<Repo>(repositories.find({RepoType::kModel, of}),
                           [](const Repo& repo) { return repo.storage().text; });
    case HubFact::Kind::kRef:
      return text_of<std::optional<Sha1>>(repositories.ref({of}, name),
                                          [](const auto& id) { return id ? id->hex() : ""; });
    case HubFact::Kind::kContent:
      return text_of<std::optional<std::uint64_t>>(
          repositories.proved_size({of}, *Sha256::parse(name)),
          [](const auto& size) { return size ? std::to_string(*size) : ""; });
    case HubFact::Kind::kObject:
      break;
  }
  return text_of<StoredObject>(repositories.store().head(of), [](const StoredObject& object) {
    return std::to_string(object.size);
  });
}

}  // namespace

HubCrashCheck::HubCrashCheck(std::span<const TraceEvent> trace, std::vector<HubAnswer> answers,
                             Path root, Complain complain)
    : answers_(std::move(answers)),
      root_(std::move(root)),
      complain_(std::move(complain)),
      crashes_(trace) {}

void HubCrashCheck::run(std::uint64_t seeds) {
  do {
    move_on();
    check({CrashChoice::Keep::kNothing, 0});
    check({CrashChoice::Keep::kEverything, 0});
    for (std::uint64_t seed = 1; seed <= seeds; ++seed) check({CrashChoice::Keep::kSome, seed});
  } while (crashes_.advance());
}

// What may be so at this moment.
void HubCrashCheck::move_on() {
  const std::size_t now = crashes_.position();
  for (const HubAnswer& answer : answers_) {
    if (answer.begin != now && answer.end != now) continue;
    ++version_;
    for (const HubFact& fact : answer.facts) {
      Allowed& allowed = allowed_[{fact.kind, fact.of, fact.name}];
      if (!answer.answered)
        allowed.any = true;
      else if (answer.end == now)
        allowed = {{fact.value}, false};
      else
        allowed.values.insert(fact.value);
    }
  }
}

void HubCrashCheck::check(const CrashChoice& choice) {
  ++states_;
  const std::uint64_t state = crashes_.fingerprint(choice, kTemporaries);
  const bool is_new = whole_.insert(state).second;
  if (!kept_.insert({state, version_}).second) return;
  const std::string where = concat("after ", crashes_.position(), " events, ", choice.text(), ": ");
  const auto disk = crashes_.disk(choice);
  const auto store = open_folder_store(*disk, root_);
  if (!store.ok()) return complain_(concat(where, message(store.status())));
  check_facts(**store, where);
  if (!is_new) return;
  check_whole(**store, where);
  if (whole_.size() % kStatesPerRestart == 0) restart(*disk, where);
}

void HubCrashCheck::check_facts(ObjectStore& store, const std::string& where) {
  const Repositories repositories(store);
  for (const auto& [key, allowed] : allowed_) {
    if (allowed.any) continue;
    const auto& [kind, of, name] = key;
    const std::string found = observe(repositories, kind, of, name);
    if (!allowed.values.contains(found))
      complain_(concat(where, of, ' ', name, " is '", found, "', not '", *allowed.values.rbegin(),
                       "' as was answered"));
  }
}

void HubCrashCheck::check_whole(ObjectStore& store, const std::string& where) {
  const auto found =
      check_hub(store, {}, [&](std::string_view problem) { complain_(concat(where, problem)); });
  if (!found.ok()) complain_(concat(where, message(found.status())));
}

void HubCrashCheck::restart(FileSystem& disk, const std::string& where) {
  ++restarts_;
  const auto server = HubServer::start({.root = root_, .handler_threads = 1, .file_system = &disk});
  if (!server.ok()) return complain_(concat(where, message(server.status())));
  if (const auto token = (*server)->add_token("eve"); !token.ok())
    return complain_(concat(where, message(token.status())));
  const auto store = open_folder_store(disk, root_);
  Repositories repositories(**store);
  const auto page = repositories.list(RepoType::kModel, "", 100);
  if (!page.ok()) return complain_(concat(where, message(page.status())));
  for (const Repo& repo : page->repos) {
    GitCommit commit;
    const auto head = repositories.resolve(repo.storage(), kDefaultBranch);
    const auto tree = repositories.put_tree(repo.storage(), {});
    if (!head.ok() || !tree.ok()) return complain_(concat(where, repo.id.name, " has no branch"));
    commit.parents = {*head};
    commit.tree = *tree;
    const auto made = repositories.put_commit(repo.storage(), commit);
    const Status moved = repositories.move_ref(repo.storage(), "refs/heads/main", *head, *made);
    if (!moved.ok()) complain_(concat(where, repo.id.name, ": ", message(moved)));
  }
  check_whole(**store, concat(where, "after a commit on top: "));
}

}  // namespace hubdist::testing
