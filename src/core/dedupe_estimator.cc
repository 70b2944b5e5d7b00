#include <algorithm>
#include <set>
#include <utility>

#include "core/internal/chunk_index.h"
#include "core/internal/upload_model.h"
#include "core/internal/version_matching.h"
#include <hubdist/core/compression.h>
#include <hubdist/core/dedupe_estimator.h>

namespace hubdist {
namespace {

using internal::FileRecord;

// Most added files resemble few others; of the rest of a pathological one nothing is lost but the
// chance that it counts as renamed.
constexpr std::size_t kMaxCandidates = 64;

std::vector<std::string> assumptions() {
  return {
      "The hub holds what the earlier versions hold and nothing else: chunks that other "
      "repositories share with these files (global deduplication) are not counted as known.",
      "Each version is uploaded by a process of its own, as hf_xet 1.8 does it: its way of "
      "cutting, "
      "compressing and packing chunks, its files one after another in the order of their paths.",
      "Every file is uploaded through Xet, or for comparison through Git LFS, small text files as "
      "well; Git LFS sends a file whole unless a file before it had the same content.",
      "What protocols and encryption add to the bytes of files is not counted.",
  };
}

// New bytes inside each region; both lists are sorted.
std::vector<RegionReport> report_regions(std::vector<Region> regions,
                                         const std::vector<ByteRange>& new_ranges) {
  std::vector<RegionReport> reports;
  reports.reserve(regions.size());
  std::size_t first = 0;  // the first range that ends after the region's begin
  for (Region& region : regions) {
    while (first < new_ranges.size() && new_ranges[first].end <= region.range.begin) ++first;
    std::uint64_t new_bytes = 0;
    for (std::size_t i = first; i < new_ranges.size() && new_ranges[i].begin < region.range.end;
         ++i)
      new_bytes += std::min(new_ranges[i].end, region.range.end) -
                   std::max(new_ranges[i].begin, region.range.begin);
    reports.push_back({std::move(region), new_bytes});
  }
  return reports;
}

}  // namespace

struct DedupeEstimator::State {
  internal::ChunkIndex index;
  internal::UploadModel upload{index};
  DedupeReport report;
  std::set<std::array<std::byte, 32>> contents;  // of all files so far, for Git LFS

  // The version before and the current one. Files are numbered through all versions.
  std::vector<FileRecord> before;
  std::vector<FileRecord> now;
  std::uint32_t first_before = 0;
  std::uint32_t first_now = 0;
  bool single_before = false;
  bool single_now = false;
  std::set<std::array<std::byte, 32>> version_contents;

  MerkleHasher tree;  // of the current file
  std::vector<std::uint32_t> numbers;

  DedupeVersion& version() { return report.versions.back(); }
  DedupeFile& file() { return version().files.back(); }

  void note_owner(internal::KnownChunk& chunk, std::uint32_t size, bool added);
  void add_new(ByteRange range);
};

// Remembers which file of which version holds the chunk, and counts it as shared with the file of
// the version before that held it.
void DedupeEstimator::State::note_owner(internal::KnownChunk& chunk, std::uint32_t size,
                                        bool added) {
  if (added) chunk.owner = chunk.last_owner = 0;
  if (chunk.owner < first_now + 1) chunk.last_owner = chunk.owner;  // owners count from 1
  chunk.owner = first_now + static_cast<std::uint32_t>(now.size());
  if (chunk.last_owner <= first_before) return;
  auto& shared = now.back().shared;
  const std::uint32_t old = chunk.last_owner - first_before - 1;
  if (shared.size() < kMaxCandidates || shared.contains(old)) shared[old] += size;
}

void DedupeEstimator::State::add_new(ByteRange range) {
  auto& ranges = file().new_ranges;
  if (!ranges.empty() && ranges.back().end == range.begin)
    ranges.back().end = range.end;
  else
    ranges.push_back(range);
}

DedupeEstimator::DedupeEstimator() : state_(std::make_unique<State>()) {}
DedupeEstimator::~DedupeEstimator() = default;
DedupeEstimator::DedupeEstimator(DedupeEstimator&&) noexcept = default;
DedupeEstimator& DedupeEstimator::operator=(DedupeEstimator&&) noexcept = default;

void DedupeEstimator::begin_version(std::string name, std::string commit, bool single_file) {
  DedupeVersion version;
  version.name = std::move(name);
  version.commit = std::move(commit);
  state_->report.versions.push_back(std::move(version));
  state_->single_now = single_file;
}

std::size_t DedupeEstimator::begin_file(std::string path) {
  State& s = *state_;
  DedupeFile file;
  file.path = path;
  s.version().files.push_back(std::move(file));
  s.now.push_back({std::move(path), {}, 0, {}});
  s.upload.begin_file();
  s.tree = {};
  return s.now.size() - 1;
}

std::vector<StoredChunk> DedupeEstimator::add_chunks(std::span<const Chunk> chunks) {
  State& s = *state_;
  DedupeNumbers& numbers = s.file().numbers;
  s.numbers.clear();
  for (const Chunk& chunk : chunks) {
    s.tree.update(chunk);
    const auto [number, added] = s.index.find_or_add(chunk.hash);
    s.numbers.push_back(number);
    s.note_owner(s.index[number], chunk.size, added);
    if (added) {
      s.add_new({numbers.size, numbers.size + chunk.size});
      numbers.new_bytes += chunk.size;
      ++numbers.new_chunks;
    }
    numbers.size += chunk.size;
    ++numbers.chunks;
  }
  std::vector<StoredChunk> stored;
  s.upload.add(chunks, s.numbers, stored);
  numbers.compressed += stored.size() * kChunkHeaderSize;
  numbers.xet_upload += stored.size() * (kChunkHeaderSize + internal::kShardEntry);
  return stored;
}

void DedupeEstimator::add_compressed(std::size_t file, std::uint64_t bytes) {
  DedupeNumbers& numbers = state_->version().files[file].numbers;
  numbers.compressed += bytes;
  numbers.xet_upload += bytes;
}

void DedupeEstimator::end_file(ContentLayout layout) {
  State& s = *state_;
  DedupeFile& file = s.file();
  file.file_hash = s.tree.file_hash();
  file.format = layout.format;
  file.regions = report_regions(std::move(layout.regions), file.new_ranges);
  file.notes = std::move(layout.notes);
  file.advice = std::move(layout.advice);
  s.now.back().hash = file.file_hash;
  s.now.back().size = file.numbers.size;

  const std::uint64_t shard_entries = s.upload.end_file();
  if (s.version_contents.insert(file.file_hash.bytes).second)
    file.numbers.xet_upload += shard_entries;
  if (s.contents.insert(file.file_hash.bytes).second) file.numbers.lfs_upload = file.numbers.size;
}

void DedupeEstimator::end_version() {
  State& s = *state_;
  DedupeVersion& version = s.version();
  const std::uint32_t xorbs = s.upload.end_version();
  for (const DedupeFile& file : version.files) version.numbers += file.numbers;
  if (!version.files.empty())
    version.numbers.xet_upload += internal::kShardFrame + xorbs * internal::kShardEntry;

  if (s.single_before && s.single_now && s.before.size() == 1 && s.now.size() == 1)
    match_single_files(s.before.front(), s.now.front(), version.files.front());
  else
    match_versions(s.before, s.now, version.files);
  std::stable_sort(version.files.begin(), version.files.end(),
                   [](const DedupeFile& a, const DedupeFile& b) { return a.path < b.path; });

  s.first_before = s.first_now;
  s.first_now += static_cast<std::uint32_t>(s.now.size());
  for (FileRecord& record : s.now) record.shared.clear();
  s.before = std::exchange(s.now, {});
  s.single_before = s.single_now;
  s.version_contents.clear();
}

DedupeReport DedupeEstimator::finish() {
  DedupeReport report = std::move(state_->report);
  report.assumptions = assumptions();
  state_ = std::make_unique<State>();
  return report;
}

}  // namespace hubdist
