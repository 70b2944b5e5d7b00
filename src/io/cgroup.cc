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

Limit limit_in(FileSystem& fs, const Path& file) {
  const auto text = read_file(fs, file, kMaxControlFile);
  if (!text.ok()) return std::nullopt;
  std::uint64_t value = 0;
  const auto parsed = std::from_chars(text->data(), text->data() + text->size(), value);
  if (parsed.ec != std::errc() || value >= kNoLimit) return std::nullopt;  // "max"
  return value;
}

// A container without a namespace of its own sees the host's path of its group, which is not there
// in its own mount: then the parents, up to the mount's root, still answer.
Limit limit_of_group(FileSystem& fs, const Path& mount, std::string_view group,
                     std::string_view file) {
  Limit limit;
  Path folder = Path(group).relative_path();
  while (true) {
    limit = smaller(limit, limit_in(fs, mount / folder / file));
    if (folder.empty()) return limit;
    folder = folder.parent_path();
  }
}

bool names_memory(std::string_view controllers) {
  while (!controllers.empty()) {
    const std::size_t comma = std::min(controllers.find(','), controllers.size());
    if (controllers.substr(0, comma) == "memory") return true;
    controllers.remove_prefix(std::min(comma + 1, controllers.size()));
  }
  return false;
}

// A line is "<number>:<controllers>:<path>"; version 2 has the number 0 and no controllers.
Limit limit_of_line(FileSystem& fs, const Path& root, std::string_view line) {
  const std::size_t first = line.find(':');
  const std::size_t second = line.find(':', first + 1);
  if (first == line.npos || second == line.npos) return std::nullopt;
  const std::string_view controllers = line.substr(first + 1, second - first - 1);
  const std::string_view group = line.substr(second + 1);
  const Path mount = root / "sys/fs/cgroup";
  if (controllers.empty())
    return smaller(limit_of_group(fs, mount, group, "memory.max"),
                   limit_of_group(fs, mount / "unified", group, "memory.max"));
  if (names_memory(controllers))
    return limit_of_group(fs, mount / "memory", group, "memory.limit_in_bytes");
  return std::nullopt;
}

}  // namespace

std::optional<std::uint64_t> cgroup_memory_limit(FileSystem& fs, const Path& root) {
  const auto groups = read_file(fs, root / "proc/self/cgroup", kMaxControlFile);
  if (!groups.ok()) return std::nullopt;
  Limit limit;
  std::string_view rest = *groups;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    limit = smaller(limit, limit_of_line(fs, root, rest.substr(0, end)));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return limit;
}

}  // namespace hubdist::internal
