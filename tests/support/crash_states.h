// What may be found on a disk after a crash, at any moment of a recorded trace.
//
// A file's content is sure to be there once the file was synced, a name once its folder was: of
// what was not synced any part may be found. A rename inside one folder is one change; between two
// folders it is one change in each. A write that is found may be cut in the middle.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "tests/support/recorded_file_system.h"

namespace hubdist::testing {

// Which of the changes that were not synced the crash left.
struct CrashChoice {
  enum class Keep { kNothing, kEverything, kSome };
  Keep keep = Keep::kNothing;
  std::uint64_t seed = 0;  // of kSome: with the moment it says which

  std::string text() const;
};

// Goes through a trace from its beginning. Not thread-safe; the trace must outlive it.
class CrashStates {
 public:
  explicit CrashStates(std::span<const TraceEvent> trace);

  // The next event happens; false when there is none.
  bool advance();
  // How many events have happened.
  std::size_t position() const { return position_; }

  // Equal for two states only if all files and names are equal, but for those below folders named
  // `ignored`. (Two different states have the same one with a chance of 2^-64.)
  std::uint64_t fingerprint(const CrashChoice& choice, std::string_view ignored = "") const;
  // The disk as the crash left it.
  std::unique_ptr<MemoryFileSystem> disk(const CrashChoice& choice) const;

 private:
  using Id = std::uint64_t;
  struct NameChange {
    std::size_t event;
    std::string name;
    Id node;  // 0: the name goes
  };
  struct DataChange {
    std::size_t event;
    bool truncates;
  };
  // What is durable, and what came since.
  struct Node {
    FileType type = FileType::kFile;
    std::map<std::string, Id> names;
    std::vector<NameChange> new_names;
    std::shared_ptr<std::string> content = std::make_shared<std::string>();
    std::vector<DataChange> new_data;
    std::uint64_t version = 0;  // of `content`
  };
  enum class Fate { kLost, kKept, kCut };

  Fate fate(const CrashChoice& choice, std::size_t event) const;
  void sync(Node& node);
  void apply(const DataChange& change, Fate fate, std::string& content) const;
  std::map<std::string, Id> names(const Node& node, const CrashChoice& choice) const;
  std::uint64_t sum(Id id, std::uint64_t place, const CrashChoice& choice,
                    std::string_view ignored) const;
  std::shared_ptr<MemoryNode> build(
      Id id, const CrashChoice& choice,
      std::unordered_map<Id, std::shared_ptr<MemoryNode>>& made) const;

  const std::span<const TraceEvent> trace_;
  std::size_t position_ = 0;
  std::unordered_map<Id, Node> nodes_;
  Id last_node_ = 1;
};

}  // namespace hubdist::testing
