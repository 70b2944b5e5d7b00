#include "server/internal/commit_reader.h"

#include <algorithm>

#include "server/internal/api_support.h"
#include "server/internal/branches.h"
#include "server/internal/credentials.h"
#include <hubdist/base/json_writer.h>
#include <hubdist/core/hash.h>

namespace hubdist::internal {

namespace {

constexpr std::size_t kStoreStep = 4 * kMiB;
constexpr std::size_t kStoreCount = 1000;

Result<std::string> decode_content(std::string_view text, std::string_view encoding) {
  if (encoding == "base64") return decode_base64(text);
  if (encoding == "utf-8") return std::string(text);
  return invalid_argument("'", encoding.substr(0, 50),
                          "' is no encoding of a content: base64, "
                          "utf-8");
}

}  // namespace

Status CommitReader::take(ByteView bytes) {
  std::string_view text = as_text(bytes);
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const std::string_view part = text.substr(0, end);
    if (partial_.size() + part.size() > kMaxCommitLine)
      return invalid_argument("a line of the commit is longer than ", kMaxCommitLine,
                              " bytes: a file above ", kMaxRegularFile,
                              " bytes must be uploaded by LFS");
    if (end == std::string_view::npos) {
      partial_ += part;
      return {};
    }
    if (partial_.empty()) {
      HUBDIST_TRY(take_line(part));
    } else {
      partial_ += part;
      HUBDIST_TRY(take_line(partial_));
      partial_ = std::string();  // a line may have been long
    }
    text.remove_prefix(end + 1);
  }
  return {};
}

Status CommitReader::finish() {
  HUBDIST_TRY(take_line(partial_));
  if (!header_) return invalid_argument("the commit has no header");
  return flush();
}

Status CommitReader::take_line(std::string_view line) {
  if (line.find_first_not_of(" \t\r") == std::string_view::npos) return {};
  const auto document = JsonDocument::parse(line, "a line of the commit");
  if (!document.ok()) return invalid_argument(message(document.status()));
  const JsonDocument& json = **document;
  const auto key = json.find<std::string_view>(json.root(), "key");
  const auto value = json.find<Object>(json.root(), "value");
  if (!key || !value) return invalid_argument("a line of the commit lacks 'key' or 'value'");
  if (*key == "header") return read_header(json, *value);
  if (!header_) return invalid_argument("the commit does not begin with a header");
  if (*key == "file") return read_file(json, *value);
  if (*key == "lfsFile") return read_lfs_file(json, *value);
  if (*key == "deletedFile") return read_deletion(json, *value, CommitOperation::Kind::kDeleteFile);
  if (*key == "deletedFolder")
    return read_deletion(json, *value, CommitOperation::Kind::kDeleteFolder);
  return invalid_argument("this hub knows no operation '", key->substr(0, 100), "' of a commit");
}

Status CommitReader::read_header(const JsonDocument& line, const Object& value) {
  if (header_) return invalid_argument("the commit has two headers");
  CommitHeader header;
  header.summary = line.find_text(value, "summary").value_or("");
  header.description = line.find_text(value, "description").value_or("");
  if (header.summary.find_first_not_of(" \t\r\n") == std::string::npos)
    return invalid_argument("the commit has no message");
  HUBDIST_TRY(check_message(header.summary + header.description));
  if (const auto parent = line.find<std::string_view>(value, "parentCommit")) {
    HUBDIST_ASSIGN(header.parent, Sha1::parse(*parent));
  }
  header_ = std::move(header);
  return {};
}

Status CommitReader::add(CommitOperation operation) {
  HUBDIST_TRY(check_repo_path(operation.entry.path));
  if (operations_.size() >= kMaxCommitOperations)
    return invalid_argument("a commit has at most ", kMaxCommitOperations, " operations");
  path_bytes_ += operation.entry.path.size();
  if (path_bytes_ > kMaxCommitPaths)
    return api_error(413, "",
                     concat("The paths of this commit have more than ", kMaxCommitPaths,
                            " bytes together: make several commits of it"));
  operations_.push_back(std::move(operation));
  return {};
}

Status CommitReader::read_file(const JsonDocument& line, const Object& value) {
  const auto content = line.find<std::string_view>(value, "content");
  if (!content) return invalid_argument("a file of the commit has no content");
  HUBDIST_ASSIGN(
      std::string plain,
      decode_content(*content, line.find<std::string_view>(value, "encoding").value_or("utf-8")));
  CommitOperation operation;
  RepoEntry& entry = operation.entry;
  entry.path = line.find_text(value, "path").value_or("");
  if (plain.size() > kMaxRegularFile)
    return invalid_argument("'", entry.path.substr(0, 300), "' is larger than ", kMaxRegularFile,
                            " bytes: it must be uploaded by LFS");
  HUBDIST_TRY(check_repo_path(entry.path));
  HUBDIST_TRY(store(entry, std::move(plain)));
  return add(std::move(operation));
}

Status CommitReader::store(RepoEntry& entry, std::string content) {
  entry.size = content.size();
  entry.oid = git_sha1(as_bytes(content));
  entry.sha256 = sha256(as_bytes(content));
  std::string key = blob_key(entry.sha256);
  if (repositories_.store().head(key).ok()) {
    relied_on_.push_back(std::move(key));
    return {};
  }
  content_bytes_ += content.size();
  contents_.push_back({std::move(key), std::move(content)});
  const bool many = content_bytes_ > kStoreStep || contents_.size() >= kStoreCount;
  return many ? flush() : Status();
}

Status CommitReader::flush() {
  std::sort(contents_.begin(), contents_.end(),
            [](const NewObject& a, const NewObject& b) { return a.key < b.key; });
  const auto same =
      std::unique(contents_.begin(), contents_.end(),
                  [](const NewObject& a, const NewObject& b) { return a.key == b.key; });
  contents_.erase(same, contents_.end());
  HUBDIST_TRY(repositories_.store().put_all(contents_));
  HUBDIST_TRY(repositories_.store().settle(relied_on_));
  relied_on_.clear();
  contents_.clear();
  content_bytes_ = 0;
  return {};
}

Status CommitReader::read_lfs_file(const JsonDocument& line, const Object& value) {
  CommitOperation operation;
  RepoEntry& entry = operation.entry;
  entry.path = line.find_text(value, "path").value_or("");
  entry.lfs = true;
  if (line.find_text(value, "algo").value_or("sha256") != "sha256")
    return invalid_argument("an LFS file is named by its sha256");
  HUBDIST_ASSIGN(entry.sha256,
                 Sha256::parse(line.find<std::string_view>(value, "oid").value_or("")));
  HUBDIST_ASSIGN(const auto proved, repositories_.proved_size(repo_, entry.sha256));
  if (!proved)
    return invalid_argument("the content sha256:", entry.sha256.hex(), " of '",
                            entry.path.substr(0, 300),
                            "' was never uploaded to this repository: upload it first");
  relied_on_.push_back(proof_key(repo_, entry.sha256));
  entry.size = *proved;
  const auto stated = line.find<std::uint64_t>(value, "size");
  if (stated && *stated != entry.size)
    return invalid_argument("'", entry.path.substr(0, 300), "' has ", entry.size, " bytes, not ",
                            *stated);
  entry.oid = git_sha1(as_bytes(lfs_pointer(entry.sha256, entry.size)));
  return add(std::move(operation));
}

Status CommitReader::read_deletion(const JsonDocument& line, const Object& value,
                                   CommitOperation::Kind kind) {
  CommitOperation operation;
  operation.kind = kind;
  std::string& path = operation.entry.path;
  path = line.find_text(value, "path").value_or("");
  while (kind == CommitOperation::Kind::kDeleteFolder && path.ends_with('/')) path.pop_back();
  return add(std::move(operation));
}

}  // namespace hubdist::internal
