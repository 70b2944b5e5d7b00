#include <hubdist/core/manifest.h>

namespace hubdist {

Chunk ChunkHasher::take(ByteView bytes, bool ends) {
  if (!ends || !begun_.empty()) append_bytes(begun_, bytes);
  if (!ends) return {};
  const ByteView whole = begun_.empty() ? bytes : ByteView(begun_);
  if (whole.empty()) return {};
  const Chunk chunk{chunk_hash(whole), static_cast<std::uint32_t>(whole.size())};
  begun_.clear();
  return chunk;
}

void XetHasher::update(ByteView bytes) {
  chunks_.update(bytes, [this](const Chunk& chunk) { tree_.update(chunk); });
}

XetHash XetHasher::finish() {
  chunks_.finish([this](const Chunk& chunk) { tree_.update(chunk); });
  return std::exchange(tree_, {}).file_hash();
}

void ManifestBuilder::update(ByteView bytes) {
  chunks_.update(bytes, [this](const Chunk& chunk) { found_.push_back(chunk); });
}

Manifest ManifestBuilder::finish() {
  chunks_.finish([this](const Chunk& chunk) { found_.push_back(chunk); });
  Manifest manifest;
  manifest.chunks = std::exchange(found_, {});
  manifest.file_hash = file_hash(manifest.chunks);
  return manifest;
}

Manifest make_manifest(ByteView content) {
  ManifestBuilder builder;
  builder.update(content);
  return builder.finish();
}

Status check_manifest(const Manifest& manifest, const XetHash& expected, std::uint64_t size) {
  std::uint64_t total = 0;
  for (const Chunk& chunk : manifest.chunks) {
    if (chunk.size == 0 || chunk.size > kMaxChunkSize)
      return invalid_argument("a manifest has a chunk of ", chunk.size, " bytes, allowed are 1 to ",
                              kMaxChunkSize);
    total += chunk.size;
  }
  if (total != size)
    return data_loss("a manifest's chunks have ", total, " bytes, the file has ", size);
  const XetHash found = file_hash(manifest.chunks);
  if (found != expected || manifest.file_hash != expected)
    return data_loss("a manifest does not belong to the file: expected the Xet hash ",
                     xet_hex(expected), ", found ", xet_hex(found), ", it states ",
                     xet_hex(manifest.file_hash));
  return {};
}

}  // namespace hubdist
