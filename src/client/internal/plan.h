// What of a snapshot is held and what is missing.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "client/internal/destination.h"
#include <hubdist/core/glob.h>

namespace hubdist::internal {

// One content to bring, and the files that want it: never none, sorted by path.
struct WantedContent {
  std::vector<FileEntry> files;
  const FileEntry& first() const { return files.front(); }
};

struct Plan {
  std::vector<FileEntry> held;
  std::vector<WantedContent> missing;  // in the order of their first files
  std::uint64_t files = 0;
  std::uint64_t bytes = 0;  // of all wanted files
};

// Which files are wanted: those below `folder` (empty: all) that the patterns let pass, or the one
// that `file` names.
struct Selection {
  PathFilter filter;
  std::string folder;
  std::string file;
  bool wants(std::string_view path) const;
};

// InvalidArgument when a wanted path or etag cannot be a file's name. With `force` nothing counts
// as held.
Result<Plan> make_plan(const std::vector<FileEntry>& files, const Selection& selection,
                       const Destination& destination, bool force);

// FailedPrecondition with ENOSPC, naming the bytes needed and free, when what is missing does not
// fit. What is being received already has its room,
// and what lies elsewhere on this machine needs none.
Status check_room(FileSystem& fs, const Plan& plan, const Destination& destination);

}  // namespace hubdist::internal
