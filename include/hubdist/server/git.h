// The ids that git gives to files, folders and commits, so that a hub's commits are git's.
//
// Formats: git's documentation, "gitformat-tree" and "git-cat-file"; an LFS file is, to git, the
// pointer text of git-lfs/docs/spec.md.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <hubdist/core/digest.h>

namespace hubdist {

enum class GitMode { kFile, kExecutable, kFolder };

struct GitTreeEntry {
  GitMode mode = GitMode::kFile;
  std::string name;
  Sha1 oid;
};

// The id of any git object: SHA-1 over "<type> <size>\0<content>".
Sha1 git_object_id(std::string_view type, std::string_view content);
// The content of a tree object. Entries come in git's order, whatever theirs.
std::string format_git_tree(std::vector<GitTreeEntry> entries);
Sha1 git_tree_id(std::vector<GitTreeEntry> entries);

struct GitCommit {
  Sha1 tree;
  std::vector<Sha1> parents;
  std::string author;  // a name without '<', '>' or line ends
  std::string email;
  std::int64_t time = 0;  // seconds since 1970, written with the zone +0000
  std::string message;    // the first line is the title

  std::string title() const;
  std::string description() const;  // what follows the title and an empty line
};

std::string format_git_commit(const GitCommit& commit);
// The parts of a commit object that GitCommit has; other header lines are passed over. DataLoss
// when it is none.
Result<GitCommit> parse_git_commit(std::string_view text);

// What git stores in place of a file that is kept apart.
std::string lfs_pointer(const Sha256& sha256, std::uint64_t size);

// OK when git takes `name` as a branch or tag name (git-check-ref-format), it is UTF-8,
// and no commit's id could be the same.
Status check_ref_name(std::string_view name);

}  // namespace hubdist
