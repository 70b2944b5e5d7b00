// What a commit changes, on the files of the commit before. Pure.
#pragma once

#include <string>
#include <vector>

#include <hubdist/server/repository.h>

namespace hubdist::internal {

struct CommitOperation {
  enum class Kind { kPut, kDeleteFile, kDeleteFolder };
  Kind kind = Kind::kPut;
  // The path alone for a deletion. A file that is replaced keeps whether it may run.
  RepoEntry entry;
};

// OK for a path that a file of a repository may have: inside its folder, UTF-8, not too deep, no
// part of it ".git".
Status check_repo_path(std::string_view path);

// The files after all operations, in their order; the paths were checked. EntryNotFound for a
// deletion of what is not there, InvalidArgument when a path would be a file and a folder.
Result<std::vector<RepoEntry>> apply_operations(const RepoListing& before,
                                                const std::vector<CommitOperation>& operations);

}  // namespace hubdist::internal
