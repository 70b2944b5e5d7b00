#include "server/internal/branches.h"

#include <ctime>

#include <hubdist/core/hash.h>
#include <hubdist/server/lfs_rules.h>

namespace hubdist::internal {

namespace {

constexpr int kMaxTries = 20;
constexpr std::size_t kMaxMessage = 64 * kKiB;
constexpr std::string_view kHeads = "refs/heads/";

}  // namespace

Status check_message(std::string_view message) {
  if (message.size() > kMaxMessage)
    return invalid_argument("the commit's message is longer than ", kMaxMessage, " bytes");
  if (message.find('\0') != std::string_view::npos)
    return invalid_argument("the commit's message holds a NUL");
  return {};
}

GitCommit new_commit(std::string_view user, std::string message) {
  GitCommit commit;
  commit.author = user;
  commit.email = concat(user, "@localhost");
  commit.time = std::time(nullptr);
  commit.message = std::move(message);
  return commit;
}

Status make_first_commit(Repositories& repositories, const StorageId& repo, std::string_view user) {
  const std::string rules = LfsRules::defaults().gitattributes();
  RepoEntry entry;
  entry.path = ".gitattributes";
  entry.oid = git_sha1(as_bytes(rules));
  entry.size = rules.size();
  entry.sha256 = sha256(as_bytes(rules));
  const std::string key = blob_key(entry.sha256);
  if (repositories.store().head(key).ok())
    HUBDIST_TRY(repositories.store().settle(key));
  else
    HUBDIST_TRY(repositories.store().put(key, as_bytes(rules)));
  GitCommit commit = new_commit(user, "initial commit");
  HUBDIST_ASSIGN(commit.tree, repositories.put_tree(repo, {entry}));
  HUBDIST_ASSIGN(const Sha1 id, repositories.put_commit(repo, commit));
  return repositories.move_ref(repo, concat(kHeads, kDefaultBranch), std::nullopt, id);
}

Result<Ref> find_branch(const Repositories& repositories, const StorageId& repo,
                        std::string_view name) {
  const std::string full = name.starts_with("refs/") ? std::string(name) : concat(kHeads, name);
  if (full.starts_with(kHeads)) {
    HUBDIST_ASSIGN(const auto commit, repositories.ref(repo, full));
    if (commit) return Ref{full, *commit};
  }
  return with_detail(not_found("There is no branch '", name.substr(0, 300), '\''),
                     Detail::kHubError, "RevisionNotFound");
}

Result<Sha1> advance_branch(Repositories& repositories, const StorageId& repo,
                            std::string_view branch, const NextCommit& next) {
  Status failure;
  for (int i = 0; i < kMaxTries; ++i) {
    HUBDIST_ASSIGN(const Ref ref, find_branch(repositories, repo, branch));
    HUBDIST_ASSIGN(const Commit head, repositories.commit(repo, ref.commit));
    HUBDIST_ASSIGN(const std::optional<GitCommit> commit, next(head));
    if (!commit) {
      HUBDIST_TRY(repositories.settle_ref(repo, ref.name));
      return ref.commit;
    }
    HUBDIST_ASSIGN(const Sha1 id, repositories.put_commit(repo, *commit));
    failure = repositories.move_ref(repo, ref.name, ref.commit, id);
    if (failure.ok()) return id;
    if (failure.code() != StatusCode::kAborted) return failure;
  }
  return failure;
}

}  // namespace hubdist::internal
