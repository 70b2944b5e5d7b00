// The body of a commit: a JSON object a line, a header and then one for each operation.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "server/internal/commit_operations.h"
#include "server/internal/json_reader.h"
#include <hubdist/server/lfs_rules.h>
#include <hubdist/server/repository.h>

namespace hubdist::internal {

struct CommitHeader {
  std::string summary;
  std::string description;
  std::optional<Sha1> parent;  // the commit that the branch must be at
};

inline constexpr std::size_t kMaxCommitOperations = 200'000;
inline constexpr std::size_t kMaxCommitPaths = 32 * kMiB;  // of all its operations together
// A line: a file that is not kept apart, in base64, with its path.
inline constexpr std::size_t kMaxCommitLine = kMaxRegularFile / 3 * 4 + 64 * kKiB;

// Takes the body in pieces as they come, and stores contents as it goes: memory is bounded by a
// line and a step of contents, and by the operations' paths. Not thread-safe.
class CommitReader {
 public:
  CommitReader(Repositories& repositories, StorageId repo)
      : repositories_(repositories), repo_(std::move(repo)) {}

  // InvalidArgument for what is no commit's body; other errors are the store's.
  Status take(ByteView bytes);
  // After the last piece. Contents are durable when it returns.
  Status finish();

  // Null until its line has come.
  const CommitHeader* header() const { return header_ ? &*header_ : nullptr; }
  const std::vector<CommitOperation>& operations() const { return operations_; }

 private:
  using Object = simdjson::dom::object;
  Status take_line(std::string_view line);
  Status read_header(const JsonDocument& line, const Object& value);
  Status read_file(const JsonDocument& line, const Object& value);
  Status read_lfs_file(const JsonDocument& line, const Object& value);
  Status read_deletion(const JsonDocument& line, const Object& value, CommitOperation::Kind kind);
  Status add(CommitOperation operation);
  Status store(RepoEntry& entry, std::string content);
  Status flush();

  Repositories& repositories_;
  const StorageId repo_;
  std::string partial_;  // of a line
  std::optional<CommitHeader> header_;
  std::vector<CommitOperation> operations_;
  std::vector<NewObject> contents_;     // not stored yet
  std::vector<std::string> relied_on_;  // objects that were there, to be settled
  std::size_t content_bytes_ = 0;
  std::size_t path_bytes_ = 0;
};

}  // namespace hubdist::internal
