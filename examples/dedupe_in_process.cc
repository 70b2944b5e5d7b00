// What a new version of a content adds to an old one, counted in process with hubdist::core alone:
// no file, no socket, no thread.
#include <algorithm>
#include <cstdio>
#include <random>
#include <vector>

#include <hubdist/core/chunker.h>
#include <hubdist/core/compression.h>
#include <hubdist/core/dedupe_estimator.h>
#include <hubdist/core/manifest.h>

namespace {

using hubdist::ByteView;

hubdist::Bytes draw(std::size_t size) {
  std::mt19937 random(1);
  hubdist::Bytes content(size);
  std::generate(content.begin(), content.end(), [&] { return static_cast<std::byte>(random()); });
  return content;
}

// Bytes that some chunks of a content take once they are compressed.
std::uint64_t compressed_size(ByteView content, const std::vector<hubdist::Chunk>& chunks,
                              const std::vector<hubdist::StoredChunk>& stored) {
  std::vector<std::size_t> begins{0};
  for (const hubdist::Chunk& chunk : chunks) begins.push_back(begins.back() + chunk.size);
  hubdist::ChunkCompressor compressor;
  auto scheme = hubdist::CompressionScheme::kNone;
  std::uint64_t size = 0;
  for (const auto& [index, chooses] : stored) {
    const ByteView bytes = content.subspan(begins[index], chunks[index].size);
    if (chooses) scheme = hubdist::choose_compression(bytes);
    size += compressor.stored_size(bytes, scheme);
  }
  return size;
}

// A version that is one file of at most kDedupeBlock bytes, so that its chunks are given at once.
void add_version(hubdist::DedupeEstimator& estimator, const char* name, ByteView content) {
  const hubdist::Manifest manifest = hubdist::make_manifest(content);
  estimator.begin_version(name, "", true);
  const std::size_t file = estimator.begin_file(name);
  const auto stored = estimator.add_chunks(manifest.chunks);
  estimator.add_compressed(file, compressed_size(content, manifest.chunks, stored));
  estimator.end_file();
  estimator.end_version();
}

}  // namespace

int main() {
  const hubdist::Bytes old = draw(4'000'000);
  hubdist::Bytes changed = old;
  changed.insert(changed.begin() + 1'500'000, 100, std::byte{'x'});

  hubdist::DedupeEstimator estimator;
  add_version(estimator, "old", old);
  add_version(estimator, "new", changed);
  const hubdist::DedupeReport report = estimator.finish();
  for (const hubdist::DedupeVersion& version : report.versions) {
    const hubdist::DedupeNumbers& n = version.numbers;
    std::printf("%s: %llu bytes in %llu chunks, %llu bytes new, %llu to upload\n",
                version.name.c_str(), static_cast<unsigned long long>(n.size),
                static_cast<unsigned long long>(n.chunks),
                static_cast<unsigned long long>(n.new_bytes),
                static_cast<unsigned long long>(n.xet_upload));
  }
  for (const hubdist::ByteRange& range : report.versions.back().files.front().new_ranges)
    std::printf("new in \"new\": bytes %llu to %llu\n",
                static_cast<unsigned long long>(range.begin),
                static_cast<unsigned long long>(range.end));
}
