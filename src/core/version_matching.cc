#include "core/internal/version_matching.h"

#include <algorithm>
#include <optional>
#include <tuple>
#include <unordered_map>

namespace hubdist::internal {
namespace {

struct Pair {
  std::uint64_t shared;  // bytes
  std::size_t now;
  std::size_t before;
};

class Matching {
 public:
  Matching(const std::vector<FileRecord>& before, const std::vector<FileRecord>& now,
           std::vector<DedupeFile>& files)
      : before_(before), now_(now), files_(files), matched_(before.size()) {}

  void run() {
    match_paths();
    match_contents();
    match_most();
    append_removed();
  }

 private:
  void match_paths() {
    std::unordered_map<std::string_view, std::size_t> paths;
    for (std::size_t i = 0; i < before_.size(); ++i) paths.emplace(before_[i].path, i);
    for (std::size_t i = 0; i < now_.size(); ++i) {
      const auto found = paths.find(now_[i].path);
      if (found == paths.end()) {
        added_.push_back(i);
        continue;
      }
      matched_[found->second] = true;
      files_[i].change = before_[found->second].hash == now_[i].hash ? FileChange::kUnchanged
                                                                     : FileChange::kChanged;
    }
  }

  void match_contents() {
    std::map<std::array<std::byte, 32>, std::vector<std::size_t>>
        contents;  // removed files, last first
    for (std::size_t i = before_.size(); i-- > 0;)
      if (!matched_[i] && before_[i].size > 0) contents[before_[i].hash.bytes].push_back(i);
    for (const std::size_t i : added_) {
      const auto found = contents.find(now_[i].hash.bytes);
      if (found == contents.end() || found->second.empty()) continue;
      rename(found->second.back(), i);
      found->second.pop_back();
    }
  }

  // Those that have more than half of the larger file in common, the most alike first.
  void match_most() {
    std::vector<Pair> pairs;
    for (const std::size_t i : added_)
      for (const auto& [old, shared] : now_[i].shared)
        if (shared > std::max(before_[old].size, now_[i].size) / 2)
          pairs.push_back({shared, i, old});
    std::stable_sort(pairs.begin(), pairs.end(),
                     [](const Pair& a, const Pair& b) { return a.shared > b.shared; });
    for (const Pair& pair : pairs)
      if (!matched_[pair.before] && files_[pair.now].change == FileChange::kAdded)
        rename(pair.before, pair.now);
  }

  void rename(std::size_t before, std::size_t now) {
    matched_[before] = true;
    files_[now].change = FileChange::kRenamed;
    files_[now].previous_path = before_[before].path;
  }

  void append_removed() {
    for (std::size_t i = 0; i < before_.size(); ++i) {
      if (matched_[i]) continue;
      DedupeFile removed;
      removed.path = before_[i].path;
      removed.change = FileChange::kRemoved;
      removed.numbers.size = before_[i].size;
      removed.file_hash = before_[i].hash;
      files_.push_back(std::move(removed));
    }
  }

  const std::vector<FileRecord>& before_;
  const std::vector<FileRecord>& now_;
  std::vector<DedupeFile>& files_;
  std::vector<bool> matched_;       // of `before`
  std::vector<std::size_t> added_;  // of `now`: those without a path of before
};

}  // namespace

void match_versions(const std::vector<FileRecord>& before, const std::vector<FileRecord>& now,
                    std::vector<DedupeFile>& files) {
  Matching(before, now, files).run();
}

void match_single_files(const FileRecord& before, const FileRecord& now, DedupeFile& file) {
  file.change = before.hash == now.hash ? FileChange::kUnchanged : FileChange::kChanged;
  if (before.path != now.path) file.previous_path = before.path;
}

}  // namespace hubdist::internal
