#include "server/internal/contents.h"

#include "server/internal/xorb_object.h"
#include <hubdist/server/repository.h>

namespace hubdist::internal {

Result<std::unique_ptr<ObjectReader>> Contents::open(const Sha256& sha256) const {
  auto object = xet_.store().open(blob_key(sha256));
  if (object.status().code() != StatusCode::kNotFound) return object;
  HUBDIST_ASSIGN(const auto file, xet_.file_of(sha256));
  return file ? xet_.open_file(*file, read_bytes_) : std::move(object);
}

Result<std::string> Contents::get(const Sha256& sha256, std::uint64_t limit) const {
  HUBDIST_ASSIGN(const auto reader, open(sha256));
  if (reader->size() > limit)
    return out_of_range("the content ", sha256.hex(), " has ", reader->size(), " bytes, at most ",
                        limit, " were expected");
  std::string content(static_cast<std::size_t>(reader->size()), '\0');
  HUBDIST_TRY(read_exactly(*reader, std::as_writable_bytes(std::span(content)), 0, nullptr));
  return content;
}

Result<std::optional<std::string>> Contents::find(const Sha256& sha256) const {
  for (std::string key : {blob_key(sha256), xet_content_key(sha256)}) {
    const Status held = xet_.store().head(key).status();
    if (held.ok()) return key;
    if (held.code() != StatusCode::kNotFound) return held;
  }
  return std::nullopt;
}

}  // namespace hubdist::internal
