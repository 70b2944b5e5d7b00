#include <cerrno>
#include <map>

#include "client/internal/plan.h"

namespace hubdist::internal {

bool Selection::wants(std::string_view path) const {
  if (!file.empty()) return path == file;
  if (!folder.empty() && !(path.starts_with(folder) && path.size() > folder.size() &&
                           (folder.back() == '/' || path[folder.size()] == '/')))
    return false;
  return filter.matches(path);
}

Result<Plan> make_plan(const std::vector<FileEntry>& files, const Selection& selection,
                       const Destination& destination, bool force) {
  Plan plan;
  std::map<std::pair<std::string_view, std::uint64_t>, std::size_t> contents;
  for (const FileEntry& file : files) {
    if (!selection.wants(file.path)) continue;
    HUBDIST_TRY(destination.check(file));
    ++plan.files;
    plan.bytes += file.size;
    if (!force && destination.has(file)) {
      plan.held.push_back(file);
      continue;
    }
    const auto [known, added] = contents.try_emplace({file.etag, file.size}, plan.missing.size());
    if (added || file.etag.empty())
      plan.missing.push_back({{file}});
    else
      plan.missing[known->second].files.push_back(file);
  }
  return plan;
}

Status check_room(FileSystem& fs, const Plan& plan, const Destination& destination) {
  std::uint64_t needed = 0;
  for (const WantedContent& content : plan.missing)
    if (!exists(fs, destination.partial_paths(content.first()).part) &&
        !destination.is_near(content.first()))
      needed += content.first().size;
  if (needed == 0) return {};
  const Path place = destination.path_of(plan.missing.front().first()).parent_path();
  const auto free = fs.free_space(place);
  if (!free.ok() || *free >= needed) return {};
  return with_detail(
      failed_precondition("the disk is full: ", needed, " bytes are to be fetched into ",
                          place.native(), ", where ", *free,
                          " are free. Make room, choose another folder, or fetch fewer files"),
      Detail::kErrno, std::to_string(ENOSPC));
}

}  // namespace hubdist::internal
