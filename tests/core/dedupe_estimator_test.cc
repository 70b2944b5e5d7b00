#include <map>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "tests/support/random.h"
#include <hubdist/core/dedupe_estimator.h>

using namespace hubdist;
using hubdist::testing::Random;

namespace {

constexpr std::uint64_t kHeader = 8;  // of a chunk in a xorb
constexpr std::uint64_t kEntry = 48;  // of a shard

// Chunks as letters: equal letters are equal chunks of 10,000 bytes, capitals of 20,000.
Chunk chunk_of(char letter) {
  const std::string text(1, letter);
  return {chunk_hash(as_bytes(text)), letter < 'a' ? 20'000u : 10'000u};
}

std::vector<Chunk> chunks_of(std::string_view letters) {
  std::vector<Chunk> chunks;
  for (const char letter : letters) chunks.push_back(chunk_of(letter));
  return chunks;
}

Chunk numbered(std::uint64_t number, std::uint32_t size = 1000) {
  Bytes text;
  append_le(text, number);
  return {chunk_hash(text), size};
}

using Files = std::map<std::string, std::string>;  // path -> chunks as letters

// Each stored chunk takes half of its size.
void add_file(DedupeEstimator& estimator, const std::string& path, std::span<const Chunk> chunks) {
  const std::size_t file = estimator.begin_file(path);
  for (const StoredChunk& stored : estimator.add_chunks(chunks))
    estimator.add_compressed(file, chunks[stored.index].size / 2);
  estimator.end_file();
}

void add_version(DedupeEstimator& estimator, const Files& files, bool single = false) {
  estimator.begin_version("v", "", single);
  for (const auto& [path, letters] : files) add_file(estimator, path, chunks_of(letters));
  estimator.end_version();
}

DedupeReport compare(const std::vector<Files>& versions, bool single = false) {
  DedupeEstimator estimator;
  for (const Files& files : versions) add_version(estimator, files, single);
  return estimator.finish();
}

const DedupeFile& file_of(const DedupeVersion& version, std::string_view path) {
  for (const DedupeFile& file : version.files)
    if (file.path == path) return file;
  FAIL("no such file");
  return version.files.front();
}

}  // namespace

TEST_CASE("the first version is all new, but for what repeats") {
  const DedupeReport report = compare({{{"f", "abcab"}}});
  const DedupeFile& file = report.versions[0].files[0];
  CHECK(file.change == FileChange::kAdded);
  CHECK(file.numbers.size == 50'000);
  CHECK(file.numbers.chunks == 5);
  CHECK(file.numbers.new_bytes == 30'000);
  CHECK(file.numbers.new_chunks == 3);
  CHECK(file.numbers.compressed == 15'000 + 3 * kHeader);
  CHECK(file.numbers.lfs_upload == 50'000);
  CHECK(file.new_ranges == std::vector<ByteRange>{{0, 30'000}});
  CHECK(file.file_hash == file_hash(chunks_of("abcab")));
  CHECK_FALSE(report.assumptions.empty());
}

TEST_CASE("an upload is xorbs and a shard") {
  const DedupeVersion version = compare({{{"f", "abcab"}}}).versions[0];
  // The file's entries: a header, a sha256, and two for each of its ranges abc and ab.
  const std::uint64_t file = (2 + 2 * 2) * kEntry;
  const std::uint64_t stored = 15'000 + 3 * (kHeader + kEntry);
  CHECK(version.files[0].numbers.xet_upload == stored + file);
  CHECK(version.numbers.xet_upload == stored + file + (3 + 1) * kEntry);
}

TEST_CASE("new ranges are what no earlier version has") {
  const DedupeReport report = compare({{{"f", "abcdef"}}, {{"f", "abXXcdYef"}}});
  const DedupeFile& file = report.versions[1].files[0];
  CHECK(file.change == FileChange::kChanged);
  CHECK(file.new_ranges == std::vector<ByteRange>{{20'000, 40'000}, {80'000, 100'000}});
  CHECK(file.numbers.new_bytes == 40'000);
  CHECK(file.numbers.lfs_upload == file.numbers.size);
}

TEST_CASE("what is unchanged sends a shard only, and nothing by LFS") {
  const DedupeReport report = compare({{{"f", "abc"}}, {{"f", "abc"}}});
  const DedupeVersion& version = report.versions[1];
  CHECK(version.files[0].change == FileChange::kUnchanged);
  CHECK(version.numbers.new_bytes == 0);
  CHECK(version.numbers.compressed == 0);
  CHECK(version.numbers.xet_upload == (3 + 4) * kEntry);
  CHECK(version.numbers.lfs_upload == 0);
  CHECK(version.files[0].new_ranges.empty());
}

TEST_CASE("LFS knows a content wherever it was before") {
  const DedupeReport report =
      compare({{{"f", "abc"}}, {{"g", "xyz"}, {"h", "xyz"}}, {{"f", "abc"}}});
  CHECK(report.versions[1].numbers.lfs_upload == 30'000);
  CHECK(report.versions[2].numbers.lfs_upload == 0);
}

TEST_CASE("moved and renamed files are found by their content") {
  const DedupeReport report =
      compare({{{"a", "abcdefgh"}, {"b", "ijkl"}, {"c", "mnop"}},
               {{"a", "abcdefgh"},
                {"new/b", "ijkl"},         // the same
                {"new/c", "mnoX"},         // mostly: 30,000 of 50,000
                {"new/d", "qrstabcd"}}});  // half of a, which is still there
  const DedupeVersion& version = report.versions[1];
  CHECK(file_of(version, "a").change == FileChange::kUnchanged);
  CHECK(file_of(version, "new/b").change == FileChange::kRenamed);
  CHECK(file_of(version, "new/b").previous_path == "b");
  CHECK(file_of(version, "new/c").change == FileChange::kRenamed);
  CHECK(file_of(version, "new/c").previous_path == "c");
  CHECK(file_of(version, "new/d").change == FileChange::kAdded);
  CHECK(version.files.size() == 4);
}

TEST_CASE("a removed file stands in the report with its size, and counts for nothing") {
  const DedupeReport report =
      compare({{{"a", "abc"}, {"b", "def"}}, {{"b", "def"}}, {{"b", "def"}}});
  const DedupeFile& removed = file_of(report.versions[1], "a");
  CHECK(removed.change == FileChange::kRemoved);
  CHECK(removed.numbers.size == 30'000);
  CHECK(removed.numbers.chunks == 0);
  CHECK(report.versions[1].numbers.size == 30'000);
  CHECK(report.versions[2].files.size() == 1);
}

TEST_CASE("one removed file gives its name to one renamed file, the most alike") {
  const DedupeReport report =
      compare({{{"a", "abcdefgh"}}, {{"x", "abcdefXX"}, {"y", "abcdefgX"}, {"z", "abcdefgh"}}});
  CHECK(file_of(report.versions[1], "z").change == FileChange::kRenamed);
  CHECK(file_of(report.versions[1], "x").change == FileChange::kAdded);
  CHECK(file_of(report.versions[1], "y").change == FileChange::kAdded);
}

TEST_CASE("two single files are states of one file, whatever their names and contents") {
  const DedupeReport report =
      compare({{{"a.bin", "abc"}}, {{"b.bin", "xyz"}}, {{"b.bin", "xyz"}}}, true);
  REQUIRE(report.versions[1].files.size() == 1);
  CHECK(report.versions[1].files[0].change == FileChange::kChanged);
  CHECK(report.versions[1].files[0].previous_path == "a.bin");
  CHECK(report.versions[2].files[0].change == FileChange::kUnchanged);
  CHECK(report.versions[2].files[0].previous_path.empty());
}

TEST_CASE("new bytes are told for each region, as far as they lie in it") {
  DedupeEstimator estimator;
  add_version(estimator, {{"f", "abcd"}});
  estimator.begin_version("v2");
  estimator.begin_file("f");
  estimator.add_chunks(chunks_of("aXcd"));  // new: [10,000, 30,000)
  ContentLayout layout;
  layout.format = ContentFormat::kGguf;
  layout.regions = {{RegionKind::kHeader, "header", "", {0, 5'000}},
                    {RegionKind::kTensor, "one", "", {5'000, 15'000}},
                    {RegionKind::kTensor, "two", "", {15'000, 16'000}},
                    {RegionKind::kTensor, "three", "", {29'999, 40'000}},
                    {RegionKind::kTensor, "four", "", {40'000, 50'000}}};
  layout.notes = {"a note"};
  layout.advice = {"an advice"};
  estimator.end_file(layout);
  estimator.end_version();
  const DedupeFile file = estimator.finish().versions[1].files[0];
  std::vector<std::uint64_t> new_bytes;
  for (const RegionReport& region : file.regions) new_bytes.push_back(region.new_bytes);
  CHECK(new_bytes == std::vector<std::uint64_t>{0, 5'000, 1'000, 1, 0});
  CHECK(file.format == ContentFormat::kGguf);
  CHECK(file.notes == layout.notes);
  CHECK(file.advice == layout.advice);
}

TEST_CASE("files of one upload do not see each other's chunks before a xorb is full") {
  const DedupeReport report = compare({{{"f", "abc"}, {"g", "abcx"}}, {{"h", "abcx"}}});
  const DedupeFile& second = file_of(report.versions[0], "g");
  CHECK(second.numbers.new_chunks == 1);                     // nobody had x
  CHECK(second.numbers.compressed == 20'000 + 4 * kHeader);  // but all are stored
  CHECK(report.versions[1].numbers.compressed == 0);
}

TEST_CASE("a scheme is chosen for 32 stored chunks, and again in each xorb and file") {
  DedupeEstimator estimator;
  estimator.begin_version("v");
  std::vector<Chunk> chunks;
  for (std::uint64_t i = 0; i < 8300; ++i) chunks.push_back(numbered(i));
  estimator.begin_file("f");
  std::vector<std::uint32_t> choosing;
  for (const StoredChunk& stored : estimator.add_chunks(chunks))
    if (stored.chooses) choosing.push_back(stored.index);
  std::vector<std::uint32_t> expected;
  for (std::uint32_t i = 0; i < 8192; i += 32) expected.push_back(i);
  for (std::uint32_t i = 8192; i < 8300; i += 32) expected.push_back(i);  // the next xorb
  CHECK(choosing == expected);
  estimator.end_file();
  estimator.begin_file("g");
  const Chunk other = numbered(9000);
  CHECK(estimator.add_chunks(std::span(&other, 1)).front().chooses);
  estimator.end_file();
  estimator.end_version();
  // Two xorbs: the 8192 chunks that fill one, and what is left of both files. The first file has a
  // range in each.
  CHECK(estimator.finish().versions[0].numbers.xet_upload ==
        8301 * (kHeader + kEntry) + (3 + 2 + (2 + 4) + (2 + 2)) * kEntry);
}

TEST_CASE("a file whose chunks lie in too many places stores some again") {
  DedupeEstimator estimator;
  std::vector<Chunk> chunks;
  for (std::uint64_t i = 0; i < 2000; ++i) chunks.push_back(numbered(i));
  estimator.begin_version("v1");
  add_file(estimator, "f", chunks);
  estimator.end_version();

  std::vector<Chunk> scattered;  // runs of one and of nine, each from elsewhere
  for (std::size_t i = 0; i < 1000; i += 10) {
    scattered.push_back(chunks[1999 - i]);
    for (std::size_t k = 0; k < 9; ++k) scattered.push_back(chunks[(i * 7 + k) % 1000]);
  }
  std::vector<Chunk> torn;  // runs of one
  for (std::size_t i = 0; i < 1000; ++i) torn.push_back(chunks[(i * 997) % 2000]);
  estimator.begin_version("v2");
  estimator.begin_file("g");
  CHECK(estimator.add_chunks(scattered).empty());
  estimator.end_file();
  estimator.begin_file("h");
  std::vector<Chunk> mixed = torn;
  mixed.insert(mixed.end(), scattered.begin(), scattered.end());
  // Runs of one are no shorter than the average as long as all are such.
  CHECK(estimator.add_chunks(mixed).size() > 20);
  estimator.end_file();
  estimator.end_version();
  const DedupeReport report = estimator.finish();
  CHECK(report.versions[1].numbers.new_chunks == 0);
}

TEST_CASE("going back to an earlier state stores nothing, whatever was stored again meanwhile") {
  std::vector<Chunk> first;
  for (std::uint64_t i = 0; i < 2000; ++i) first.push_back(numbered(i));
  std::vector<Chunk> scattered;  // runs of one and of three, each from elsewhere
  for (std::size_t i = 0; i < 500; ++i) {
    scattered.push_back(first[(i * 77 % 500) * 4 + 3]);
    for (std::size_t k = 0; k < 3; ++k) scattered.push_back(first[(i * 201 % 500) * 4 + k]);
  }
  DedupeEstimator estimator;
  for (const auto* chunks : {&first, &scattered, &first}) {
    estimator.begin_version("v");
    add_file(estimator, "f", *chunks);
    estimator.end_version();
  }
  const DedupeReport report = estimator.finish();
  CHECK(report.versions[1].numbers.compressed > 0);
  // A header, a sha256, and one range with its proof: the first upload's xorb, as a whole.
  CHECK(report.versions[2].numbers.xet_upload == (3 + 4) * kEntry);
}

TEST_CASE("empty files and versions") {
  const DedupeReport report = compare({{}, {{"e", ""}}, {{"f", ""}}});
  CHECK(report.versions[0].numbers.xet_upload == 0);
  CHECK(report.versions[1].numbers.size == 0);
  CHECK(report.versions[1].numbers.xet_upload == (3 + 2) * kEntry);
  CHECK(report.versions[1].files[0].file_hash == XetHash());
  CHECK(file_of(report.versions[2], "f").change == FileChange::kAdded);
  CHECK(file_of(report.versions[2], "e").change == FileChange::kRemoved);
}

TEST_CASE("new bytes and new ranges agree with a plain model, on random versions") {
  Random random(7);
  for (int round = 0; round < 30; ++round) {
    DedupeEstimator estimator;
    std::map<std::array<std::byte, 32>, int> known;
    std::vector<std::vector<ByteRange>> expected;
    for (int v = 0; v < 4; ++v) {
      estimator.begin_version("v");
      std::vector<Chunk> chunks;
      std::uint64_t offset = 0;
      expected.emplace_back();
      for (std::size_t i = random.index(300); i > 0; --i) {
        const std::uint64_t number = random.below(400);
        chunks.push_back(numbered(number, static_cast<std::uint32_t>(1 + number)));
        const ByteRange range{offset, offset + chunks.back().size};
        offset = range.end;
        if (known[chunks.back().hash.bytes]++ > 0) continue;
        auto& ranges = expected.back();
        if (!ranges.empty() && ranges.back().end == range.begin)
          ranges.back().end = range.end;
        else
          ranges.push_back(range);
      }
      add_file(estimator, "f", chunks);
      estimator.end_version();
    }
    const DedupeReport report = estimator.finish();
    for (std::size_t v = 0; v < expected.size(); ++v) {
      const DedupeFile& file = report.versions[v].files[0];
      CHECK(file.new_ranges == expected[v]);
      std::uint64_t bytes = 0;
      for (const ByteRange& range : expected[v]) bytes += range.size();
      CHECK(file.numbers.new_bytes == bytes);
    }
  }
}
