#include <algorithm>
#include <cerrno>
#include <utility>

#include <hubdist/io/chunk_stream.h>

namespace hubdist {
namespace {

constexpr std::size_t kBatch = 8 * kMiB;

struct OwnedBatch : ChunkBatch {
  Bytes storage;
};

Status check_unchanged(File& file, const FileInfo& before) {
  HUBDIST_ASSIGN(const FileInfo after, file.info());
  if (after.same_content(before)) return {};
  return aborted(file.path().native(),
                 " changed while it was read; try again when nobody writes it");
}

}  // namespace

Status stream_chunks(File& file, const ChunkSink& sink, const ChunkStreamOptions&,
                     std::stop_token stop) {
  HUBDIST_ASSIGN(const FileInfo before, file.info());
  if (before.type == FileType::kDirectory)
    return errno_status(EISDIR, "read", file.path().native());
  const bool regular = before.type == FileType::kFile;
  if (!regular && before.type != FileType::kPipe)
    return invalid_argument(file.path().native(), " is neither a file nor a pipe");
  std::uint64_t begin = 0;  // of the current batch
  Bytes carried;            // the beginning of the chunk after the last batch
  for (bool ended = false; !ended;) {
    if (stop.stop_requested()) return cancelled("reading ", file.path().native(), " was stopped");
    auto batch = std::make_shared<OwnedBatch>();
    batch->storage = std::exchange(carried, {});
    std::size_t filled = batch->storage.size();
    batch->storage.resize(kBatch);
    while (filled < kBatch && !ended) {
      const MutableBytes room = MutableBytes(batch->storage).subspan(filled);
      HUBDIST_ASSIGN(const std::size_t got,
                     regular ? file.pread(room, begin + filled) : file.read(room));
      ended = got == 0;
      filled += got;
    }
    const ByteView bytes = ByteView(batch->storage).first(filled);
    std::size_t taken = 0;
    Chunker chunker;
    while (taken < filled) {
      const Chunker::Step step = chunker.next(bytes.subspan(taken));
      if (!step.boundary && !ended) break;
      batch->chunks.push_back(
          {chunk_hash(bytes.subspan(taken, step.taken)), static_cast<std::uint32_t>(step.taken)});
      taken += step.taken;
    }
    carried.assign(bytes.begin() + static_cast<std::ptrdiff_t>(taken), bytes.end());
    batch->offset = begin;
    batch->bytes = bytes.first(taken);
    begin += taken;
    if (taken > 0) HUBDIST_TRY(sink(std::move(batch)));
  }
  return regular ? check_unchanged(file, before) : Status();
}

Result<Manifest> chunk_file(FileSystem& fs, const Path& path, const ChunkStreamOptions& options,
                            std::stop_token stop) {
  HUBDIST_ASSIGN(const auto file, fs.open(path, OpenMode::kRead));
  Manifest manifest;
  HUBDIST_TRY(stream_chunks(
      *file,
      [&](const std::shared_ptr<const ChunkBatch>& batch) {
        manifest.chunks.insert(manifest.chunks.end(), batch->chunks.begin(), batch->chunks.end());
        return Status();
      },
      options, stop));
  manifest.file_hash = file_hash(manifest.chunks);
  return manifest;
}

Result<std::vector<XetHash>> hash_files(FileSystem& fs, const std::vector<Path>& paths,
                                        const ChunkStreamOptions& options, std::stop_token stop) {
  std::vector<XetHash> hashes;
  for (const Path& path : paths) {
    HUBDIST_ASSIGN(const Manifest manifest, chunk_file(fs, path, options, stop));
    hashes.push_back(manifest.file_hash);
  }
  return hashes;
}

}  // namespace hubdist
