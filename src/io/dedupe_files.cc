#include <algorithm>
#include <utility>

#include "io/internal/chunk_blocks.h"
#include "io/internal/chunk_compression.h"
#include "io/internal/dedupe_sources.h"
#include "io/internal/processors.h"
#include <hubdist/base/clock.h>
#include <hubdist/core/content_layout.h>
#include <hubdist/core/dedupe_estimator.h>
#include <hubdist/io/chunk_stream.h>
#include <hubdist/io/dedupe_files.h>
#include <hubdist/io/file_content.h>

namespace hubdist {
namespace {

using internal::ChunkBlock;
using internal::SourceFile;
using internal::SourceFiles;

constexpr std::uint64_t kWaitingBytes = 16 * kMiB;  // of chunks that wait to be compressed

class Comparison {
 public:
  Comparison(FileSystem& fs, const DedupeOptions& options, std::stop_token stop)
      : fs_(fs),
        options_(options),
        stop_(std::move(stop)),
        budget_(kWaitingBytes),
        executor_(options.threads > 0 ? std::min(options.threads, kMaxChunkStreamThreads)
                                      : internal::usable_processors()) {}

  Result<DedupeReport> run(const std::vector<DedupeSource>& sources) {
    const Instant begin = system_clock().now();
    std::vector<SourceFiles> found;
    for (const DedupeSource& source : sources) {
      HUBDIST_ASSIGN(SourceFiles files, internal::find_files(fs_, source, options_.filter, stop_));
      for (const SourceFile& file : files.files) progress_.total += file.size;
      found.push_back(std::move(files));
    }
    show_progress();
    for (std::size_t i = 0; i < sources.size(); ++i) HUBDIST_TRY(version(sources[i], found[i]));
    DedupeReport report = estimator_.finish();
    report.seconds = seconds(system_clock().now() - begin);
    return report;
  }

 private:
  Status version(const DedupeSource& source, const SourceFiles& files) {
    internal::ChunkCompression compression(executor_, budget_, stop_);
    estimator_.begin_version(internal::readable_path(source.name), source.commit,
                             files.single_file);
    for (const SourceFile& file : files.files) HUBDIST_TRY(one_file(file, compression));
    HUBDIST_ASSIGN(const auto sizes, compression.finish());
    for (std::size_t i = 0; i < sizes.size(); ++i) estimator_.add_compressed(i, sizes[i]);
    estimator_.end_version();
    return {};
  }

  Status one_file(const SourceFile& source, internal::ChunkCompression& compression) {
    HUBDIST_ASSIGN(const auto file, fs_.open(source.location, OpenMode::kReadNoWait));
    HUBDIST_ASSIGN(const FileInfo before, file->info());
    progress_.file = internal::readable_path(source.path);
    estimator_.begin_file(progress_.file);
    compression.begin_file();
    HUBDIST_TRY(all_chunks(*file, compression));

    ContentLayout layout;
    if (source.regular && options_.layouts) {
      HUBDIST_ASSIGN(layout, read_layout(FileContent(*file, before.size)));
      HUBDIST_ASSIGN(const FileInfo after, file->info());
      if (!after.same_content(before))
        return aborted(source.location.native(), " changed while it was read; try again");
    }
    estimator_.end_file(std::move(layout));
    show_progress();
    return {};
  }

  Status all_chunks(File& file, internal::ChunkCompression& compression) {
    internal::ChunkBlocks blocks;
    const std::uint64_t expected = progress_.total;
    const auto take = [&](ChunkBlock block) {
      const auto stored = estimator_.add_chunks(block.chunks);
      return compression.add(std::move(block), stored);
    };
    const auto sink = [&](std::shared_ptr<const ChunkBatch> batch) {
      progress_.done += batch->bytes.size();
      progress_.total = std::max(expected, progress_.done);
      show_progress();
      return blocks.add(batch, take);
    };
    HUBDIST_TRY(stream_chunks(file, sink, {options_.threads}, stop_));
    return blocks.flush(take);
  }

  void show_progress() const {
    if (options_.on_progress) options_.on_progress(progress_);
  }

  FileSystem& fs_;
  const DedupeOptions& options_;
  std::stop_token stop_;
  DedupeEstimator estimator_;
  DedupeProgress progress_;
  MemoryBudget budget_;
  Executor executor_;
};

}  // namespace

Result<DedupeReport> estimate_dedupe(FileSystem& fs, const std::vector<DedupeSource>& sources,
                                     const DedupeOptions& options, std::stop_token stop) {
  return Comparison(fs, options, std::move(stop)).run(sources);
}

}  // namespace hubdist
