#include "server/internal/content_check.h"

#include "server/internal/each_object.h"
#include "server/internal/xorb_object.h"
#include <hubdist/core/hash.h>
#include <hubdist/server/repository.h>

namespace hubdist::internal {

Status ContentCheck::check(const Sha256& sha256, std::uint64_t size,
                           const std::optional<Sha1>& git_id, const std::string& what) {
  const auto [at, is_new] = contents_.try_emplace(sha256);
  Content& content = at->second;
  if (is_new) find(sha256, what, content);
  if (content.size == kMissing) return {};
  if (content.size != size) {
    problem_(concat(what, " has ", content.size, " bytes, not ", size));
    return {};
  }
  if (!options_.hash_contents) return {};
  const bool needs_git_id = git_id && !content.git_id;
  if (!content.hashed || needs_git_id) HUBDIST_TRY(read(sha256, needs_git_id, what, content));
  if (git_id && content.git_id && *content.git_id != *git_id)
    problem_(concat(what, " has another content than its id ", git_id->hex(), " says"));
  return {};
}

// What lies in xorbs was hashed with them.
Result<std::unique_ptr<ObjectReader>> ContentCheck::open(const Sha256& sha256, Content& content) {
  const XetCheck::Content* in_xorbs = xet_.use(sha256);
  auto reader = store_.open(blob_key(sha256));
  if (reader.status().code() != StatusCode::kNotFound || in_xorbs == nullptr) return reader;
  content.hashed = true;
  return xet_.open(*in_xorbs);
}

void ContentCheck::find(const Sha256& sha256, const std::string& what, Content& content) {
  const auto reader = open(sha256, content);
  if (!reader.ok()) {
    problem_(concat("the content of ", what, " (sha256:", sha256.hex(),
                    ") cannot be read: ", message(reader.status())));
    return;
  }
  content.size = (*reader)->size();
  ++result_.contents;
  result_.bytes += content.size;
}

Status ContentCheck::read(const Sha256& sha256, bool with_git_id, const std::string& what,
                          Content& content) {
  Sha256Hasher hash;
  GitSha1Hasher git_hash(content.size);
  const auto reader = open(sha256, content);
  const Status read =
      !reader.ok() ? reader.status() : read_all(**reader, stop_, [&](ByteView bytes) {
        if (!content.hashed) hash.update(bytes);
        if (with_git_id) git_hash.update(bytes);
        return Status();
      });
  if (read.code() == StatusCode::kCancelled) return read;
  const bool hashed_before = std::exchange(content.hashed, true);
  if (!read.ok()) {
    problem_(concat("the content of ", what, " cannot be read: ", message(read)));
    return {};
  }
  if (with_git_id) content.git_id = git_hash.finish();
  const Sha256 found = hashed_before ? sha256 : hash.finish();
  if (found != sha256)
    problem_(
        concat("the content of ", what, " has the SHA-256 ", found.hex(), ", not ", sha256.hex()));
  return {};
}

Status ContentCheck::count_unused() {
  return each_object(store_, "blobs/", stop_, [this](const StoredObject& object) {
    const auto sha256 = Sha256::parse(last_part(object.key));
    if (sha256.ok() && contents_.contains(*sha256)) return Status();
    ++result_.unused_contents;
    result_.unused_bytes += object.size;
    return Status();
  });
}

}  // namespace hubdist::internal
