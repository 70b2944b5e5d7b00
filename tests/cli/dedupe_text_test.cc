#include "cli/dedupe_text.h"

#include <sstream>

#include <doctest/doctest.h>

#include <hubdist/base/strings.h>

namespace hubdist::cli {
namespace {

constexpr TextStyle kPlain{};
constexpr TextStyle kFine{true, true, 100};

DedupeFile file_of(std::string path, std::uint64_t size, std::vector<ByteRange> fresh) {
  DedupeFile file;
  file.path = std::move(path);
  file.change = fresh.empty() ? FileChange::kUnchanged : FileChange::kChanged;
  file.numbers.size = size;
  for (const ByteRange& range : fresh) file.numbers.new_bytes += range.size();
  file.numbers.xet_upload = file.numbers.new_bytes;
  file.new_ranges = std::move(fresh);
  return file;
}

DedupeReport report_of(std::vector<DedupeFile> files) {
  DedupeReport report;
  report.versions.resize(2);
  report.versions[0].name = "v1";
  report.versions[0].files = {file_of("x", 100, {{0, 100}})};
  report.versions[1].name = "v2";
  for (const DedupeFile& file : files) report.versions[1].numbers += file.numbers;
  report.versions[1].files = std::move(files);
  return report;
}

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != text.npos;
}

TEST_CASE("a bar shows where new bytes lie, in ASCII and in blocks") {
  const DedupeFile file = file_of("a", 1000, {{0, 200}, {500, 550}});
  CHECK(dedupe_bar(file, 10, kPlain) == "[##...#....]");
  CHECK(dedupe_bar(file, 10, {false, true, 0}) == "██···█····");
  CHECK(dedupe_bar(file, 10, kFine) == "\x1b[38;5;208;48;5;240m██   █    \x1b[0m");
  const DedupeFile half = file_of("a", 1000, {{0, 50}, {100, 150}, {200, 250}, {300, 350}});
  CHECK(dedupe_bar(half, 10, {false, true, 0}) == "▄▄▄▄······");
  CHECK(dedupe_bar(half, 10, kPlain) == "[++++......]");
}

TEST_CASE("numbers stand beside names, or under them where the terminal is narrow") {
  const DedupeReport report = report_of({file_of("model.bin", 123'000, {{0, 1000}})});
  const std::string wide = dedupe_text(report, kPlain);
  CHECK(contains(wide,
                 "v2            123 kB       0  1.00 kB         0 B  1.00 kB     0 B   123x\n"));
  DedupeReport named = report;
  named.versions[1].name = std::string(60, 'n');
  const std::string narrow = dedupe_text(named, {false, true, 80});
  CHECK(contains(narrow, std::string(60, 'n') + "\n"));
  std::istringstream lines(narrow);
  for (std::string line; std::getline(lines, line);) CHECK(display_width(line) <= 80);
}

TEST_CASE("what changed stands under a file") {
  DedupeFile file = file_of("m", 1000, {{0, 10}});
  file.format = ContentFormat::kSafetensors;
  file.regions = {{{RegionKind::kTensor, "head\x1b[2J", "", {0, 1000}}, 10}};
  file.advice = {"Pad the header."};
  file.notes = {"A note."};
  DedupeFile moved = file_of("b", 10, {});
  moved.change = FileChange::kRenamed;
  moved.previous_path = "a";
  DedupeFile removed = file_of("old", 10, {});
  removed.change = FileChange::kRemoved;
  DedupeReport report = report_of({moved, file, removed});
  report.assumptions = {"The hub knows the versions before."};
  const std::string text = dedupe_text(report, kPlain);
  CHECK(contains(text, "    1 of 1 tensor changed: head?[2J\n"));
  CHECK(contains(text, "    was a\n"));
  CHECK(contains(text, "  old  removed\n"));
  CHECK(contains(text, "  advice: Pad the header.\n  note: A note.\n"));
  CHECK(contains(text, "assumed:\n  - The hub knows the versions before.\n"));
  CHECK_FALSE(contains(text, "\x1b"));
  CHECK(contains(dedupe_text(report, kFine), "\x1b[1mv2\x1b[0m"));
}

TEST_CASE("many unchanged files are one line, and one advice for all files is given once") {
  std::vector<DedupeFile> files(100, file_of("same", 10, {}));
  files.push_back(file_of("new", 10, {{0, 5}}));
  for (DedupeFile& file : files) file.advice = {"Do better."};
  const std::string text = dedupe_text(report_of(files), kPlain);
  CHECK(contains(text, "  and 100 files unchanged\n"));
  CHECK_FALSE(contains(text, "  same "));
  CHECK(contains(text, "  advice: Do better. (101 files)\n"));
}

TEST_CASE("reports without versions, files or bytes") {
  CHECK(dedupe_text({}, kPlain) == "nothing was compared\n");
  CHECK(contains(dedupe_text(report_of({}), kFine), "v2"));
  CHECK(contains(dedupe_text(report_of({file_of("empty", 0, {})}), kFine), "0 B"));
  for (std::size_t width = 1; width < 120; ++width)
    CHECK(
        contains(dedupe_text(report_of({file_of("a", 100, {{1, 2}})}), {true, true, width}), "v2"));
}

TEST_CASE("columns that text takes") {
  CHECK(display_width("") == 0);
  CHECK(display_width("abc") == 3);
  CHECK(display_width("模型") == 4);
  CHECK(display_width("e\u0301") == 1);
  CHECK(display_width("\U0001f600") == 2);
}

TEST_CASE("text is broken at spaces") {
  CHECK(wrapped("a bb ccc", 2, 6) == "  a bb\n  ccc\n");
  CHECK(wrapped("a bb ccc", 2, 0) == "  a bb ccc\n");
  CHECK(wrapped("longerthanthat b", 1, 4) == " longerthanthat\n b\n");
  CHECK(wrapped("", 3, 10).empty());
}

}  // namespace
}  // namespace hubdist::cli
