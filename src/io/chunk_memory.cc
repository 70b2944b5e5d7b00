#include <algorithm>
#include <utility>

#include "io/internal/processors.h"
#include <hubdist/core/chunk_segments.h>
#include <hubdist/io/chunk_memory.h>
#include <hubdist/io/executor.h>

namespace hubdist {
namespace {

constexpr std::size_t kSegment = 8 * kMiB;
constexpr std::size_t kStep = 1 * kMiB;  // between looks at the stop token

Status stopped() { return cancelled("chunking a content in memory was stopped on request"); }

Result<Manifest> in_order(ByteView content, const std::stop_token& stop) {
  ManifestBuilder builder;
  for (std::size_t at = 0; at < content.size(); at += kStep) {
    if (stop.stop_requested()) return stopped();
    builder.update(content.subspan(at, std::min(kStep, content.size() - at)));
  }
  return builder.finish();
}

void append(std::vector<Chunk>& chunks, const SegmentJoiner::Joined& joined) {
  chunks.insert(chunks.end(), joined.bridge_chunks.begin(), joined.bridge_chunks.end());
  chunks.insert(chunks.end(), joined.chunks.begin(), joined.chunks.end());
}

}  // namespace

Result<Manifest> chunk_memory(ByteView content, const ChunkStreamOptions& options,
                              std::stop_token stop) {
  const std::size_t count = (content.size() + kSegment - 1) / kSegment;
  const std::size_t threads =
      std::min({options.threads ? options.threads : internal::usable_processors(),
                kMaxChunkStreamThreads, count});
  if (threads < 2) return in_order(content, stop);
  const auto segment = [&](std::size_t i) {
    return content.subspan(i * kSegment, std::min(kSegment, content.size() - i * kSegment));
  };
  std::vector<SegmentCutter> cutters(count);
  Executor executor(threads, count);
  TaskGroup group(executor, stop);
  for (std::size_t i = 0; i < count; ++i)
    group.run([&, i](const std::stop_token& asked) {
      const ByteView bytes = segment(i);
      for (std::size_t end = 0; end < bytes.size();) {
        if (asked.stop_requested()) return stopped();
        end = std::min(end + kStep, bytes.size());
        cutters[i].extend(bytes.first(end));
      }
      return Status();
    });
  HUBDIST_TRY(group.wait());
  SegmentJoiner joiner;
  Manifest manifest;
  for (std::size_t i = 0; i < count; ++i)
    append(manifest.chunks, joiner.add(segment(i), std::move(cutters[i])));
  append(manifest.chunks, joiner.finish());
  manifest.file_hash = file_hash(manifest.chunks);
  return manifest;
}

}  // namespace hubdist
