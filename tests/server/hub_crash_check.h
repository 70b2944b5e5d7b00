// What a hub has promised by its answers, and whether a disk that a crash left keeps the promises.
#pragma once

#include <map>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "tests/support/crash_states.h"
#include <hubdist/server/repository.h>

namespace hubdist::testing {

// Something that is so after an answer. An empty value: there is no such thing.
struct HubFact {
  enum class Kind {
    kRepo,     // the name `of` leads to the storage `value`
    kRef,      // `name` in the storage `of` is the commit `value`
    kContent,  // the storage `of` has received the content `name`, of `value` bytes
    kObject,   // the store has the object `of`, of `value` bytes
  };
  Kind kind;
  std::string of;
  std::string name{};
  std::string value{};

  static HubFact repo(std::string name, const StorageId& storage) {
    return {Kind::kRepo, std::move(name), "", storage.text};
  }
  static HubFact ref(const StorageId& repo, std::string ref, std::string commit) {
    return {Kind::kRef, repo.text, std::move(ref), std::move(commit)};
  }
  static HubFact content(const StorageId& repo, const Sha256& sha256, std::uint64_t size) {
    return {Kind::kContent, repo.text, sha256.hex(), std::to_string(size)};
  }
};

// One request: between `begin` and `end`, which are positions of the trace, its facts may be so
// already; from `end` on they are, until another answer says something else. Of one that was not
// `answered` as it should they may be so for ever, and the values are not known.
struct HubAnswer {
  std::size_t begin = 0;
  std::size_t end = 0;
  bool answered = true;
  std::vector<HubFact> facts;
};

// Looks at a hub in every state that crashes may leave. `complain` gets what is wrong and where.
class HubCrashCheck {
 public:
  using Complain = std::function<void(const std::string&)>;
  HubCrashCheck(std::span<const TraceEvent> trace, std::vector<HubAnswer> answers, Path root,
                Complain complain);

  // After each event: nothing kept, everything, and `seeds` other choices.
  void run(std::uint64_t seeds);

  std::size_t states() const { return states_; }
  std::size_t different_states() const { return whole_.size(); }
  // How often a server was started on a state, read and written.
  std::size_t restarts() const { return restarts_; }

 private:
  using Key = std::tuple<HubFact::Kind, std::string, std::string>;
  struct Allowed {
    std::set<std::string> values{""};
    bool any = false;
  };

  void move_on();
  void check(const CrashChoice& choice);
  void check_facts(ObjectStore& store, const std::string& where);
  void check_whole(ObjectStore& store, const std::string& where);
  void restart(FileSystem& disk, const std::string& where);

  const std::vector<HubAnswer> answers_;
  const Path root_;
  const Complain complain_;
  CrashStates crashes_;
  std::map<Key, Allowed> allowed_;
  std::size_t version_ = 0;  // of `allowed_`
  std::set<std::uint64_t> whole_;
  std::set<std::pair<std::uint64_t, std::size_t>> kept_;  // state and version whose facts were seen
  std::size_t states_ = 0;
  std::size_t restarts_ = 0;
};

}  // namespace hubdist::testing
