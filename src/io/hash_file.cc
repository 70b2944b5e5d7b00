#include <optional>

#include "io/internal/chunk_source.h"
#include <hubdist/core/hash.h>
#include <hubdist/core/merkle.h>
#include <hubdist/io/hash_file.h>

namespace hubdist {

Result<Identity> hash_file(FileSystem& fs, const Path& path, const ChunkStreamOptions& options,
                           std::stop_token stop) {
  HUBDIST_ASSIGN(const FileInfo found, fs.info(path));
  HUBDIST_TRY(internal::ChunkSource::check_type(found, path));  // opening a device may do anything
  HUBDIST_ASSIGN(const auto file, fs.open(path, OpenMode::kReadNoWait));
  HUBDIST_ASSIGN(const FileInfo info, file->info());
  Sha256Hasher sha256_hasher;
  std::optional<GitSha1Hasher> git_hasher;
  if (info.type == FileType::kFile) git_hasher.emplace(info.size);
  MerkleHasher tree;
  const auto take = [&](const std::shared_ptr<const ChunkBatch>& batch) {
    sha256_hasher.update(batch->bytes);
    if (git_hasher) git_hasher->update(batch->bytes);
    for (const Chunk& chunk : batch->chunks) tree.update(chunk);
    return Status();
  };
  HUBDIST_TRY(stream_chunks(*file, take, options, std::move(stop)));
  Identity identity;
  identity.sha256 = sha256_hasher.finish();
  if (git_hasher) identity.git_sha1 = git_hasher->finish();
  identity.xet = tree.file_hash();
  return identity;
}

}  // namespace hubdist
