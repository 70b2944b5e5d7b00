#include "tests/support/crash_states.h"

#include <algorithm>
#include <functional>

namespace hubdist::testing {

namespace {

constexpr std::uint64_t kRoot = 1;

std::uint64_t mix(std::uint64_t a, std::uint64_t b) {
  std::uint64_t z = a * 0x9E3779B97F4A7C15 + b;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
  return z ^ (z >> 31);
}

}  // namespace

std::string CrashChoice::text() const {
  if (keep == Keep::kNothing) return "nothing kept";
  return keep == Keep::kEverything ? "everything kept" : concat("some kept by seed ", seed);
}

CrashStates::CrashStates(std::span<const TraceEvent> trace) : trace_(trace) {
  nodes_[kRoot].type = FileType::kDirectory;
}

bool CrashStates::advance() {
  using Kind = TraceEvent::Kind;
  if (position_ == trace_.size()) return false;
  const std::size_t number = position_++;
  const TraceEvent& event = trace_[number];
  switch (event.kind) {
    case Kind::kMake:
      last_node_ = std::max(last_node_, event.node);
      nodes_[event.node].type = event.type;
      // A link's target comes with its name.
      if (event.type == FileType::kSymlink)
        nodes_[event.node].content = std::make_shared<std::string>(event.content);
      [[fallthrough]];
    case Kind::kLink:
      nodes_[event.folder].new_names.push_back({number, event.name, event.node});
      break;
    case Kind::kUnlink:
      nodes_[event.folder].new_names.push_back({number, event.name, 0});
      break;
    case Kind::kRename:
      nodes_[event.folder].new_names.push_back({number, event.name, 0});
      nodes_[event.new_folder].new_names.push_back({number, event.new_name, event.node});
      break;
    case Kind::kWrite:
    case Kind::kTruncate:
      nodes_[event.node].new_data.push_back({number, event.kind == Kind::kTruncate});
      break;
    case Kind::kSync:
      sync(nodes_[event.node]);
      break;
    case Kind::kNote:
      break;
  }
  return true;
}

void CrashStates::sync(Node& node) {
  for (const NameChange& change : node.new_names) {
    if (change.node == 0)
      node.names.erase(change.name);
    else
      node.names[change.name] = change.node;
  }
  node.new_names.clear();
  if (node.new_data.empty()) return;
  auto content = std::make_shared<std::string>(*node.content);  // disks share the old one
  for (const DataChange& change : node.new_data) apply(change, Fate::kKept, *content);
  node.content = std::move(content);
  node.new_data.clear();
  ++node.version;
}

void CrashStates::apply(const DataChange& change, Fate fate, std::string& content) const {
  const TraceEvent& event = trace_[change.event];
  if (change.truncates) {
    content.resize(event.offset);
    return;
  }
  const std::size_t size = fate == Fate::kCut ? event.content.size() / 2 : event.content.size();
  content.resize(std::max<std::size_t>(content.size(), event.offset + size));
  content.replace(event.offset, size, event.content, 0, size);
}

// The two halves of a rename between folders have fates of their own; `event` is one of a change.
CrashStates::Fate CrashStates::fate(const CrashChoice& choice, std::size_t event) const {
  if (choice.keep == CrashChoice::Keep::kNothing) return Fate::kLost;
  if (choice.keep == CrashChoice::Keep::kEverything) return Fate::kKept;
  switch (mix(mix(choice.seed, position_), event) % 5) {
    case 0:
    case 1:
      return Fate::kLost;
    case 2:
      return Fate::kCut;
    default:
      return Fate::kKept;
  }
}

std::map<std::string, CrashStates::Id> CrashStates::names(const Node& node,
                                                          const CrashChoice& choice) const {
  std::map<std::string, Id> found = node.names;
  for (const NameChange& change : node.new_names) {
    const std::size_t half = change.node == 0 ? 1 : 0;
    const TraceEvent& event = trace_[change.event];
    const bool split = event.kind == TraceEvent::Kind::kRename && event.folder != event.new_folder;
    if (fate(choice, 2 * change.event + (split ? half : 0)) == Fate::kLost) continue;
    if (change.node == 0)
      found.erase(change.name);
    else
      found[change.name] = change.node;
  }
  return found;
}

std::uint64_t CrashStates::sum(Id id, std::uint64_t place, const CrashChoice& choice,
                               std::string_view ignored) const {
  const Node& node = nodes_.at(id);
  std::uint64_t total = mix(mix(place, id), node.version);
  for (const DataChange& change : node.new_data)
    total = mix(total, static_cast<std::uint64_t>(fate(choice, 2 * change.event)) + change.event);
  if (node.type != FileType::kDirectory) return total;
  const auto add = [&](const std::map<std::string, Id>& names) {
    for (const auto& [name, child] : names)
      if (name != ignored)
        total += sum(child, mix(place, std::hash<std::string>()(name)), choice, ignored);
  };
  if (node.new_names.empty())
    add(node.names);
  else
    add(names(node, choice));
  return total;
}

std::uint64_t CrashStates::fingerprint(const CrashChoice& choice, std::string_view ignored) const {
  return sum(kRoot, 0, choice, ignored);
}

std::shared_ptr<MemoryNode> CrashStates::build(
    Id id, const CrashChoice& choice,
    std::unordered_map<Id, std::shared_ptr<MemoryNode>>& made) const {
  auto& built = made[id];
  if (built) {
    ++built->links;
    return built;
  }
  auto node = built = std::make_shared<MemoryNode>();
  const Node& from = nodes_.at(id);
  node->type = from.type;
  node->inode = id;
  node->links = 1;
  node->content = from.content;
  if (!from.new_data.empty()) {
    node->content = std::make_shared<std::string>(*from.content);
    for (const DataChange& change : from.new_data) {
      const Fate what = fate(choice, 2 * change.event);
      if (what != Fate::kLost) apply(change, what, *node->content);
    }
  }
  for (const auto& [name, child] : names(from, choice))
    node->children[name] = build(child, choice, made);
  return node;
}

std::unique_ptr<MemoryFileSystem> CrashStates::disk(const CrashChoice& choice) const {
  std::unordered_map<Id, std::shared_ptr<MemoryNode>> made;
  return std::make_unique<MemoryFileSystem>(build(kRoot, choice, made), last_node_);
}

}  // namespace hubdist::testing
