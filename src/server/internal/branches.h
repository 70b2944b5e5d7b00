// Commits on branches, as writers make them.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <hubdist/server/repository.h>

namespace hubdist::internal {

// InvalidArgument for a commit's message of more than 64 KiB, or with a NUL.
Status check_message(std::string_view message);

// A commit of now by `user`, without tree and parents.
GitCommit new_commit(std::string_view user, std::string message);

// A new repository's: .gitattributes, on the default branch.
Status make_first_commit(Repositories& repositories, const StorageId& repo, std::string_view user);

// A branch's name as clients give it ("main" or "refs/heads/main"): its full name and its commit.
// NotFound with RevisionNotFound.
Result<Ref> find_branch(const Repositories& repositories, const StorageId& repo,
                        std::string_view name);

// What comes after a branch's commit; nothing when there is nothing to change.
using NextCommit = std::function<Result<std::optional<GitCommit>>(const Commit& head)>;
// Moves a branch on to the commit that `next` makes; again with the new head when somebody else
// moved it meanwhile, a few times, then Aborted. The branch's commit.
Result<Sha1> advance_branch(Repositories& repositories, const StorageId& repo,
                            std::string_view branch, const NextCommit& next);

}  // namespace hubdist::internal
