#include <doctest/doctest.h>
#include <simdjson.h>

#include <hubdist/base/json_writer.h>
#include <hubdist/base/strings.h>
#include <hubdist/core/dedupe_report.h>

namespace hubdist {
namespace {

using simdjson::dom::element;

constexpr std::string_view kHostile =
    "</script><img src=x onerror=alert(1)>\x1b[2J\xe2\x80\xae\"'&\xff";

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

std::size_t count(std::string_view text, std::string_view part) {
  std::size_t n = 0;
  for (std::size_t at = text.find(part); at != text.npos; at = text.find(part, at + 1)) ++n;
  return n;
}

DedupeFile file_of(std::string path, std::uint64_t size, std::vector<ByteRange> fresh) {
  DedupeFile file;
  file.path = std::move(path);
  file.change = FileChange::kChanged;
  file.numbers.size = size;
  file.numbers.chunks = size / 65536 + 1;
  for (const ByteRange& range : fresh) file.numbers.new_bytes += range.size();
  file.numbers.xet_upload = file.numbers.compressed = file.numbers.new_bytes;
  file.numbers.lfs_upload = size;
  file.new_ranges = std::move(fresh);
  return file;
}

DedupeReport report_of(std::vector<DedupeFile> files) {
  DedupeReport report;
  report.versions.resize(1);
  DedupeVersion& version = report.versions[0];
  version.name = "v2";
  for (const DedupeFile& file : files) version.numbers += file.numbers;
  version.files = std::move(files);
  return report;
}

DedupeReport hostile() {
  DedupeFile file = file_of(std::string(kHostile), 1000, {{10, 20}});
  file.previous_path = kHostile;
  file.format = ContentFormat::kGguf;
  file.regions = {
      {{RegionKind::kTensor, std::string(kHostile), std::string(kHostile), {0, 1000}}, 10}};
  file.notes = file.advice = {std::string(kHostile)};
  DedupeReport report = report_of({file, file});
  report.versions.push_back(report.versions[0]);
  report.versions[1].name = report.versions[1].commit = kHostile;
  report.assumptions = {std::string(kHostile)};
  return report;
}

void check_harmless(std::string_view text) {
  CHECK(is_utf8(text));
  CHECK_FALSE(contains(text, "<img"));
  CHECK_FALSE(contains(text, "\x1b"));
  CHECK_FALSE(contains(text, "\xe2\x80\xae"));
  CHECK(contains(text, "&lt;/script&gt;&lt;img src=x onerror=alert(1)&gt;"));
  CHECK(contains(text, "&lt;U+202E&gt;&quot;&#39;&amp;\xef\xbf\xbd"));
}

TEST_CASE("names cannot leave their place in a page or an image") {
  const DedupeReport report = hostile();
  for (const std::string& page : {to_html(report), to_html_fragment(report)}) {
    check_harmless(page);
    CHECK(count(page, "<script") == count(page, "</script>"));
    CHECK(count(page, "<script") == 2);
  }
  const std::string image = to_svg(report);
  CHECK_FALSE(contains(image, "<img"));
  CHECK_FALSE(contains(image, "\x1b"));
  CHECK_FALSE(contains(image, "<script"));
}

TEST_CASE("a page asks for nothing from outside") {
  const DedupeReport report = hostile();
  for (const std::string& page : {to_html(report), to_html_fragment(report)}) {
    for (const char* outside : {"http:", "https:", "//", "@import", "url(", "src="}) {
      // Comments of the script are the one place where "//" stands.
      if (std::string_view(outside) == "//") continue;
      if (std::string_view(outside) == "src=") {
        CHECK(count(page, outside) == count(page, "img src=x"));
        continue;
      }
      CHECK_MESSAGE(!contains(page, outside), outside);
    }
  }
  CHECK(contains(to_html(report), "default-src 'none'"));
}

TEST_CASE("the page reads in both schemes, with headings, labels and tables") {
  const std::string page = to_html(report_of({file_of("a.bin", 1'000'000, {{0, 70'000}})}));
  CHECK(contains(page, "prefers-color-scheme:dark"));
  CHECK(contains(page, "<h1><bdi>v2</bdi></h1>"));
  CHECK(contains(page, "aria-label=\"70.0 kB of 1.00 MB new, in 1 range\""));
  CHECK(contains(page, "<td>0</td><td>70,000</td><td>70.0 kB</td>"));
  CHECK(contains(page, "tabindex=\"0\""));
  CHECK(contains(page, "<html lang=\"en\">"));
}

TEST_CASE("an empty report and files without bytes have a page, an image and JSON") {
  DedupeFile removed = file_of("gone", 0, {});
  removed.change = FileChange::kRemoved;
  const std::vector<DedupeReport> reports = {{},
                                             report_of({}),
                                             report_of({file_of("e", 0, {})}),
                                             report_of({file_of("e", 0, {}), removed})};
  simdjson::dom::parser parser;
  for (const DedupeReport& report : reports) {
    CHECK(contains(to_html(report), "</html>"));
    CHECK(contains(to_html_fragment(report), "</div>"));
    CHECK(contains(to_svg(report), "</svg>"));
    CHECK(parser.parse(to_json(report)).error() == simdjson::SUCCESS);
    for (const std::string& text : {to_html(report), to_svg(report)}) {
      CHECK_FALSE(contains(text, "nan"));
      CHECK_FALSE(contains(text, "inf%"));
    }
  }
}

TEST_CASE("many ranges and files make no large page") {
  std::vector<ByteRange> ranges;
  for (std::uint64_t i = 0; i < 10'000; ++i) ranges.push_back({i * 300'000, i * 300'000 + 70'000});
  const DedupeReport one = report_of({file_of("a", 3'000'000'000, ranges)});
  CHECK(to_html(one).size() < 400'000);
  CHECK(to_svg(one).size() < 200'000);
  std::vector<DedupeFile> files;
  for (int i = 0; i < 1000; ++i)
    files.push_back(file_of(concat("shard-", i), 1'000'000, {{70'000, 140'000}}));
  const std::string page = to_html(report_of(std::move(files)));
  CHECK(page.size() < 1'000'000);
  CHECK(contains(page, "shard-999"));
  CHECK(contains(page, "of 1,000"));
}

TEST_CASE("an image draws the files with the most new bytes, and the others as one") {
  DedupeReport report;
  for (int v = 0; v < 2; ++v) {
    DedupeVersion version;
    for (std::uint64_t i = 0; i < 1000; ++i) {
      std::vector<ByteRange> ranges;
      for (std::uint64_t at = 0; at < i; ++at)
        ranges.push_back({at * 100'000, at * 100'000 + 40'000});
      version.files.push_back(file_of(concat("shard-", i), 100'000'000, std::move(ranges)));
    }
    report.versions.push_back(std::move(version));
  }
  const std::string image = to_svg(report);
  CHECK(image.size() < 1'600'000);
  CHECK(contains(image, ">shard-999<"));
  CHECK(contains(image, ">shard-970<"));
  CHECK_FALSE(contains(image, ">shard-969<"));
  CHECK(image.find(">shard-970<") < image.find(">shard-971<"));
  CHECK(count(image, ">and 970 more files<") == 2);
  CHECK(contains(image, " more</title>"));
}

TEST_CASE("more ranges than a page holds are told at the resolution of the picture") {
  std::vector<ByteRange> ranges;
  for (std::uint64_t i = 0; i < 100'000; ++i) ranges.push_back({i * 1000, i * 1000 + 500});
  const std::string page = to_html(report_of({file_of("a", 100'000'000, ranges)}));
  CHECK(contains(page, "\"exact\":false"));
  CHECK(contains(page, "The 50 largest of 100,000 new ranges"));
  CHECK(page.size() < 200'000);
}

TEST_CASE("the JSON form holds every number exactly") {
  DedupeFile file = file_of("a\xff/b", UINT64_MAX, {{1, 5}, {7, UINT64_MAX}});
  file.format = ContentFormat::kSafetensors;
  file.regions = {{{RegionKind::kTensor, "w", "bf16 [2]", {0, 4}}, 3}};
  DedupeReport report = report_of({file});
  report.versions[0].commit = "abc";
  report.seconds = 0.5;
  const std::string text = to_json(report);
  simdjson::dom::parser parser;
  element json = parser.parse(text);
  CHECK(std::int64_t(json["schema"]) == kDedupeSchemaVersion);
  element version = json["versions"].at(0);
  CHECK(std::string_view(version["commit"]) == "abc");
  element parsed = version["files"].at(0);
  CHECK(std::string_view(parsed["path"]) == "a\xef\xbf\xbd/b");
  CHECK(std::uint64_t(parsed["size"]) == UINT64_MAX);
  CHECK(std::uint64_t(parsed["new_ranges"].at(1).at(1)) == UINT64_MAX);
  CHECK(std::string_view(parsed["changes"]) == "1 of 1 tensor changed: w");
  CHECK(std::string_view(parsed["regions"].at(0)["detail"]) == "bf16 [2]");
  CHECK(std::uint64_t(parsed["regions"].at(0)["new_bytes"]) == 3);
  CHECK(std::string_view(parsed["file_hash"]).size() == 64);
  CHECK(double(json["seconds"]) == doctest::Approx(0.5));
}

TEST_CASE("the ratio of an upload that sends nothing is null, not a number") {
  simdjson::dom::parser parser;
  const std::string text = to_json(report_of({file_of("a", 100, {})}));
  element json = parser.parse(text);
  CHECK(json["total"]["ratio"].is_null());
}

TEST_CASE("an image names its ranges and the parts of the file") {
  DedupeFile file = file_of("m", 1'000'000, {{500'000, 600'000}});
  file.format = ContentFormat::kSafetensors;
  file.regions = {{{RegionKind::kTensor, "first", "", {0, 500'000}}, 0},
                  {{RegionKind::kTensor, "second", "", {500'000, 1'000'000}}, 100'000}};
  const std::string image = to_svg(report_of({file}));
  CHECK(contains(image, "<title>known, 500 kB, bytes 0 to 500,000, in first</title>"));
  CHECK(contains(image, "in second</title>"));
  CHECK(contains(image, "1 of 2 tensors changed: second"));
}

}  // namespace
}  // namespace hubdist
