#include <algorithm>
#include <mutex>
#include <utility>

#include "io/internal/chunk_streams.h"
#include "io/internal/processors.h"
#include <hubdist/core/merkle.h>
#include <hubdist/io/chunk_stream.h>

namespace hubdist {
namespace {

using internal::ChunkSource;

std::size_t threads_of(const ChunkStreamOptions& options) {
  return std::min(options.threads ? options.threads : internal::usable_processors(),
                  kMaxChunkStreamThreads);
}

// Opening a device may do anything, so the type is looked at first.
Result<std::unique_ptr<File>> open_content(FileSystem& fs, const Path& path) {
  HUBDIST_ASSIGN(const FileInfo info, fs.info(path));
  HUBDIST_TRY(ChunkSource::check_type(info, path));
  return fs.open(path, OpenMode::kReadNoWait);
}

Status for_each_chunk(ChunkSource& source, Executor& executor, const internal::ChunkTaker& take) {
  return internal::is_long(source, executor.threads())
             ? internal::hash_in_parts(source, take, executor)
             : internal::hash_in_order(source, take);
}

// The Xet hashes of several files on one executor.
class FileHasher {
 public:
  FileHasher(FileSystem& fs, const std::vector<Path>& paths, std::size_t threads,
             std::stop_token stop)
      : fs_(fs), paths_(paths), stop_(std::move(stop)), hashes_(paths.size()), executor_(threads) {}

  Result<std::vector<XetHash>> run() {
    HUBDIST_ASSIGN(const std::vector<std::size_t> big, hash_small_files());
    for (const std::size_t i : big)
      HUBDIST_TRY(hash(i, stop_, [this](ChunkSource& source, const internal::ChunkTaker& take) {
        return for_each_chunk(source, executor_, take);
      }));
    return std::move(hashes_);
  }

 private:
  static constexpr std::uint64_t kBigFile = 32 * kMiB;

  // Each by one thread. Returns which others there are.
  Result<std::vector<std::size_t>> hash_small_files() {
    std::vector<std::size_t> big;
    TaskGroup group(executor_, stop_);
    for (std::size_t i = 0; i < paths_.size(); ++i) {
      HUBDIST_ASSIGN(const FileInfo info, fs_.info(paths_[i]));
      if (info.type == FileType::kFile && info.size >= kBigFile)
        big.push_back(i);
      else
        group.run([this, i](std::stop_token stop) {
          return hash(i, std::move(stop), internal::hash_in_order);
        });
    }
    HUBDIST_TRY(group.wait());
    return big;
  }

  template <typename HashChunks>
  Status hash(std::size_t i, std::stop_token stop, HashChunks&& hash_chunks) {
    HUBDIST_ASSIGN(const auto file, open_content(fs_, paths_[i]));
    HUBDIST_ASSIGN(auto source, ChunkSource::of(*file, std::move(stop)));
    MerkleHasher tree;
    HUBDIST_TRY(hash_chunks(source, [&](const Chunk& chunk) { tree.update(chunk); }));
    hashes_[i] = tree.file_hash();
    return {};
  }

  FileSystem& fs_;
  const std::vector<Path>& paths_;
  const std::stop_token stop_;
  std::vector<XetHash> hashes_;
  Executor executor_;
};

}  // namespace

Status stream_chunks(File& file, const ChunkSink& sink, const ChunkStreamOptions& options,
                     std::stop_token stop) {
  HUBDIST_ASSIGN(auto source, ChunkSource::of(file, std::move(stop)));
  const std::size_t threads = threads_of(options);
  if (!internal::is_long(source, threads)) return internal::stream_in_order(source, sink);
  Executor executor(threads);
  return internal::stream_in_segments(source, sink, executor);
}

Result<Manifest> chunk_file(FileSystem& fs, const Path& path, const ChunkStreamOptions& options,
                            std::stop_token stop) {
  HUBDIST_ASSIGN(const auto file, open_content(fs, path));
  HUBDIST_ASSIGN(auto source, ChunkSource::of(*file, std::move(stop)));
  Executor executor(threads_of(options));  // starts no thread before it has a task
  Manifest manifest;
  HUBDIST_TRY(for_each_chunk(source, executor,
                             [&](const Chunk& chunk) { manifest.chunks.push_back(chunk); }));
  manifest.file_hash = file_hash(manifest.chunks);
  return manifest;
}

Result<std::vector<XetHash>> hash_files(FileSystem& fs, const std::vector<Path>& paths,
                                        const ChunkStreamOptions& options, std::stop_token stop) {
  return FileHasher(fs, paths, threads_of(options), std::move(stop)).run();
}

}  // namespace hubdist
