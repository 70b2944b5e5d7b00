#include "io/internal/cgroup.h"

#include <algorithm>
#include <charconv>
#include <string>
#include <string_view>

namespace hubdist::internal {
namespace {

constexpr std::uint64_t kMaxControlFile = 64 * kKiB;
// cgroup v1 states "no limit" as the largest multiple of the page size.
constexpr std::uint64_t kNoLimit = std::uint64_t{1} << 60;

using Limit = std::optional<std::uint64_t>;

Limit smaller(Limit a, Limit b) {
  if (!a || !b) return a ? a : b;
  return std::min(*a, *b);
}

Limit number_in(std::string_view text) {
  std::uint64_t value = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  if (parsed.ec != std::errc()) return std::nullopt;  // "max"
  return value;
}

Limit number_in(FileSystem& fs, const Path& file) {
  const auto text = read_file(fs, file, kMaxControlFile);
  return text.ok() ? number_in(std::string_view(*text)) : std::nullopt;
}

Limit memory_in(FileSystem& fs, const Path& file) {
  const Limit bytes = number_in(fs, file);
  return bytes && *bytes < kNoLimit ? bytes : std::nullopt;
}

Limit processors(Limit quota, Limit period) {
  if (!quota || !period || *period == 0) return std::nullopt;
  return std::max<std::uint64_t>(1, (*quota + *period - 1) / *period);
}

// Microseconds of each period, and its length: "200000 100000", or "max 100000".
Limit quota_in(FileSystem& fs, const Path& file) {
  const auto text = read_file(fs, file, kMaxControlFile);
  if (!text.ok()) return std::nullopt;
  const std::string_view line = *text;
  const std::size_t space = line.find(' ');
  if (space == line.npos) return std::nullopt;
  return processors(number_in(line.substr(0, space)), number_in(line.substr(space + 1)));
}

// A limit that a folder of one controller states, in version 1 or 2.
struct Question {
  std::string_view controller;
  Limit (*in_v1)(FileSystem&, const Path& folder);
  Limit (*in_v2)(FileSystem&, const Path& folder);
};

constexpr Question kMemory = {
    "memory",
    [](FileSystem& fs, const Path& folder) {
      return memory_in(fs, folder / "memory.limit_in_bytes");
    },
    [](FileSystem& fs, const Path& folder) { return memory_in(fs, folder / "memory.max"); }};
constexpr Question kProcessors = {
    "cpu",
    [](FileSystem& fs, const Path& folder) {
      return processors(number_in(fs, folder / "cpu.cfs_quota_us"),
                        number_in(fs, folder / "cpu.cfs_period_us"));
    },
    [](FileSystem& fs, const Path& folder) { return quota_in(fs, folder / "cpu.max"); }};

// A container without a namespace of its own sees the host's path of its group, which is not there
// in its own mount: then the parents, up to the mount's root, still answer.
template <typename Ask>
Limit smallest(const Path& mount, std::string_view group, Ask&& ask) {
  Limit limit;
  Path folder = Path(group).relative_path();
  while (true) {
    limit = smaller(limit, ask(mount / folder));
    if (folder.empty()) return limit;
    folder = folder.parent_path();
  }
}

bool names(std::string_view controllers, std::string_view wanted) {
  while (!controllers.empty()) {
    const std::size_t comma = std::min(controllers.find(','), controllers.size());
    if (controllers.substr(0, comma) == wanted) return true;
    controllers.remove_prefix(std::min(comma + 1, controllers.size()));
  }
  return false;
}

// A line is "<number>:<controllers>:<path>"; version 2 has the number 0 and no controllers.
Limit limit_of_line(FileSystem& fs, const Path& root, const Question& question,
                    std::string_view line) {
  const std::size_t first = line.find(':');
  const std::size_t second = line.find(':', first + 1);
  if (first == line.npos || second == line.npos) return std::nullopt;
  const std::string_view controllers = line.substr(first + 1, second - first - 1);
  const std::string_view group = line.substr(second + 1);
  const Path mount = root / "sys/fs/cgroup";
  const auto ask_v1 = [&](const Path& folder) { return question.in_v1(fs, folder); };
  const auto ask_v2 = [&](const Path& folder) { return question.in_v2(fs, folder); };
  if (controllers.empty())
    return smaller(smallest(mount, group, ask_v2), smallest(mount / "unified", group, ask_v2));
  if (names(controllers, question.controller))
    return smallest(mount / question.controller, group, ask_v1);
  return std::nullopt;
}

Limit limit_of_process(FileSystem& fs, const Path& root, const Question& question) {
  const auto groups = read_file(fs, root / "proc/self/cgroup", kMaxControlFile);
  if (!groups.ok()) return std::nullopt;
  Limit limit;
  std::string_view rest = *groups;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    limit = smaller(limit, limit_of_line(fs, root, question, rest.substr(0, end)));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return limit;
}

}  // namespace

std::optional<std::uint64_t> cgroup_memory_limit(FileSystem& fs, const Path& root) {
  return limit_of_process(fs, root, kMemory);
}

std::optional<std::uint64_t> cgroup_cpu_limit(FileSystem& fs, const Path& root) {
  return limit_of_process(fs, root, kProcessors);
}

}  // namespace hubdist::internal
