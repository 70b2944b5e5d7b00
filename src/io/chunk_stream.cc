#include <algorithm>
#include <mutex>
#include <utility>

#include "io/internal/chunk_streams.h"
#include <hubdist/core/merkle.h>
#include <hubdist/io/chunk_stream.h>

namespace hubdist {
namespace {

using internal::ChunkSource;

std::size_t threads_of(const ChunkStreamOptions& options) {
  return std::min(options.threads ? options.threads : internal::usable_processors(),
                  kMaxChunkStreamThreads);
}

// Opening a named pipe waits for its writer and opening a device may do anything, so the type is
// looked at first.
Result<std::unique_ptr<File>> open_content(FileSystem& fs, const Path& path) {
  HUBDIST_ASSIGN(const FileInfo info, fs.info(path));
  HUBDIST_TRY(ChunkSource::check_type(info, path));
  return fs.open(path, OpenMode::kRead);
}

// Gives each chunk of a file to `take`, in order.
template <typename Take>
Status for_each_chunk(ChunkSource& source, Executor* executor, Take&& take) {
  if (!executor || !internal::has_segments(source, executor->threads()))
    return internal::hash_in_order(source, take);
  const auto sink = [&](const std::shared_ptr<const ChunkBatch>& batch) {
    for (const Chunk& chunk : batch->chunks) take(chunk);
    return Status();
  };
  return internal::stream_segments(source, sink, *executor);
}

// The Xet hashes of several files on one executor.
class FileHasher {
 public:
  FileHasher(FileSystem& fs, const std::vector<Path>& paths, std::size_t threads,
             std::stop_token stop)
      : fs_(fs), paths_(paths), hashes_(paths.size()), stop_(std::move(stop)), executor_(threads) {}

  Result<std::vector<XetHash>> run() {
    // Small files first: while the big ones take all cores, none waits for a straggler.
    std::vector<std::size_t> big;
    TaskGroup group(executor_, stop_);
    for (std::size_t i = 0; i < paths_.size(); ++i) {
      HUBDIST_ASSIGN(const FileInfo info, fs_.info(paths_[i]));
      if (info.type == FileType::kFile && info.size >= kBigFile && executor_.threads() > 1)
        big.push_back(i);
      else
        group.run([this, i](std::stop_token stop) { return hash(i, nullptr, std::move(stop)); });
    }
    HUBDIST_TRY(group.wait());
    for (const std::size_t i : big) HUBDIST_TRY(hash(i, &executor_, stop_));
    return std::move(hashes_);
  }

 private:
  static constexpr std::uint64_t kBigFile = 32 * kMiB;

  Status hash(std::size_t i, Executor* executor, std::stop_token stop) {
    HUBDIST_ASSIGN(const auto file, open_content(fs_, paths_[i]));
    HUBDIST_ASSIGN(auto source, ChunkSource::of(*file, std::move(stop)));
    MerkleHasher tree;
    HUBDIST_TRY(for_each_chunk(source, executor, [&](const Chunk& chunk) { tree.update(chunk); }));
    hashes_[i] = tree.file_hash();
    return {};
  }

  FileSystem& fs_;
  const std::vector<Path>& paths_;
  std::vector<XetHash> hashes_;
  std::stop_token stop_;
  Executor executor_;
};

}  // namespace

Status stream_chunks(File& file, const ChunkSink& sink, const ChunkStreamOptions& options,
                     std::stop_token stop) {
  HUBDIST_ASSIGN(auto source, ChunkSource::of(file, std::move(stop)));
  const std::size_t threads = threads_of(options);
  if (!internal::has_segments(source, threads)) return internal::stream_in_order(source, sink);
  Executor executor(threads);
  return internal::stream_segments(source, sink, executor);
}

Result<Manifest> chunk_file(FileSystem& fs, const Path& path, const ChunkStreamOptions& options,
                            std::stop_token stop) {
  HUBDIST_ASSIGN(const auto file, open_content(fs, path));
  HUBDIST_ASSIGN(auto source, ChunkSource::of(*file, std::move(stop)));
  Executor executor(threads_of(options));  // starts no thread before it has a task
  Manifest manifest;
  HUBDIST_TRY(for_each_chunk(source, &executor,
                             [&](const Chunk& chunk) { manifest.chunks.push_back(chunk); }));
  manifest.file_hash = file_hash(manifest.chunks);
  return manifest;
}

Result<std::vector<XetHash>> hash_files(FileSystem& fs, const std::vector<Path>& paths,
                                        const ChunkStreamOptions& options, std::stop_token stop) {
  return FileHasher(fs, paths, threads_of(options), std::move(stop)).run();
}

}  // namespace hubdist
