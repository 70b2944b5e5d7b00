// A folder of files becomes a commit of a hub.
#pragma once

#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include <hubdist/io/file.h>
#include <hubdist/server/repository.h>

namespace hubdist {

struct AddFolderOptions {
  std::string branch{kDefaultBranch};
  std::string author = "hubdist";
  std::string message;  // empty: one that says what was added
  // What is not given stays as it is; a new repository is public and not gated.
  std::optional<bool> is_private;
  std::optional<Gating> gating;
  std::vector<std::string> readers;  // added to those there are
};

struct AddFolderResult {
  Sha1 commit;
  bool changed = false;  // false: the branch had this content already, no commit was made
  std::size_t files = 0;
  std::uint64_t bytes = 0;      // of all files
  std::uint64_t new_bytes = 0;  // of contents that the hub did not hold yet
};

// Puts the content of `folder` as a commit on a branch, which then holds these files and no others.
// Which of them are kept apart (LFS) is said by the folder's own .gitattributes, else by
// LfsRules::defaults(), and by size. Symlinks to files are followed; `.git` and
// `.cache/huggingface` are left out, as huggingface_hub does.
//
// Memory does not grow with the size of files; each is read twice when it is new to the hub.
// InvalidArgument for a name that no client could download (not UTF-8, say), a special file, or a
// link to a folder or to nothing; Aborted when a file changes meanwhile; Cancelled on stop, and
// then the branch is as it was.
Result<AddFolderResult> add_folder(Repositories& repositories, FileSystem& fs, const Path& folder,
                                   const RepoId& repo, const AddFolderOptions& options,
                                   std::stop_token stop = {});

}  // namespace hubdist
