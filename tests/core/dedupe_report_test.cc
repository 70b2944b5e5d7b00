#include <algorithm>
#include <cmath>

#include <doctest/doctest.h>

#include <hubdist/core/dedupe_report.h>
#include <hubdist/core/dedupe_strip.h>

namespace hubdist {
namespace {

RegionReport region(RegionKind kind, std::string name, ByteRange range, std::uint64_t fresh) {
  return {{kind, std::move(name), "", range}, fresh};
}

DedupeFile tensors() {
  DedupeFile file;
  file.format = ContentFormat::kSafetensors;
  file.regions = {region(RegionKind::kHeader, "header", {0, 10}, 0),
                  region(RegionKind::kTensor, "a", {10, 20}, 3),
                  region(RegionKind::kTensor, "b", {20, 30}, 0),
                  region(RegionKind::kTensor, "c", {30, 40}, 9)};
  return file;
}

TEST_CASE("changes are told with the most changed first") {
  DedupeFile file = tensors();
  CHECK(file.changed_regions() == 2);
  CHECK(describe_changes(file) == "2 of 3 tensors changed: c, a");
  CHECK(describe_changes(file, 1) == "2 of 3 tensors changed: c, ...");
  CHECK(describe_changes(file, 0) == "2 of 3 tensors changed");
  file.regions[0].new_bytes = 1;
  CHECK(describe_changes(file) == "2 of 3 tensors changed: c, a; and the header");
}

TEST_CASE("changes beside the tensors, and none at all") {
  DedupeFile file = tensors();
  for (RegionReport& report : file.regions) report.new_bytes = 0;
  CHECK(describe_changes(file).empty());
  file.regions[0].new_bytes = 10;
  CHECK(describe_changes(file) == "header changed, none of 3 tensors");
  CHECK(describe_changes(DedupeFile()).empty());
}

TEST_CASE("the parts of other formats have their own names") {
  DedupeFile file;
  file.format = ContentFormat::kParquet;
  file.regions = {region(RegionKind::kColumn, "row group 0, text", {0, 5}, 5),
                  region(RegionKind::kMetadata, "footer", {5, 9}, 4)};
  CHECK(describe_changes(file) ==
        "1 of 1 column chunk changed: row group 0, text; and the metadata");
  file.format = ContentFormat::kSqlite;
  file.regions = {region(RegionKind::kTable, "users", {0, 5}, 5)};
  CHECK(describe_changes(file) == "1 of 1 table changed: users");
}

TEST_CASE("numbers add up, and the ratio of nothing sent is 0") {
  DedupeNumbers numbers{10, 1, 2, 3, 4, 5, 6};
  numbers += numbers;
  CHECK(numbers.size == 20);
  CHECK(numbers.lfs_upload == 12);
  CHECK(numbers.ratio() == doctest::Approx(2));
  CHECK(DedupeNumbers{}.ratio() == 0);
}

TEST_CASE("shares of new bytes in the columns of a strip") {
  CHECK(new_shares({{0, 50}}, 100, 4) == std::vector<double>{1, 1, 0, 0});
  CHECK(new_shares({{10, 20}, {70, 100}}, 100, 2)[0] == doctest::Approx(0.2));
  CHECK(new_shares({{10, 20}, {70, 100}}, 100, 2)[1] == doctest::Approx(0.6));
  CHECK(new_shares({}, 0, 3) == std::vector<double>(3, 0));
  CHECK(new_shares({{0, 1}}, 1, 0).empty());
  // A file of fewer bytes than columns, and the largest there is.
  CHECK(new_shares({{1, 2}}, 2, 4) == std::vector<double>{0, 0, 1, 1});
  const std::vector<double> large = new_shares({{UINT64_MAX - 1, UINT64_MAX}}, UINT64_MAX, 10);
  CHECK(large[9] > 0);
  CHECK(std::all_of(large.begin(), large.end() - 1, [](double share) { return share == 0; }));
}

TEST_CASE("a single byte of a terabyte is seen at its full height") {
  const std::uint64_t size = 1'000'000'000'000;
  const auto parts = strip_parts(new_shares({{size / 2 + 1, size / 2 + 2}}, size, 100));
  CHECK(parts == std::vector<StripPart>{{0, 50, 0}, {50, 51, kStripLevels}, {51, 100, 0}});
}

TEST_CASE("ranges finer than a column are drawn together, by their share") {
  std::vector<ByteRange> ranges;
  for (std::uint64_t i = 0; i < 10'000; ++i) ranges.push_back({i * 1000, i * 1000 + 250});
  const auto parts = strip_parts(new_shares(ranges, 10'000'000, 500));
  CHECK(parts == std::vector<StripPart>{{0, 500, kStripLevels / 4}});
}

TEST_CASE("the parts of a strip cover it and neighbours differ") {
  for (std::uint64_t seed = 1; seed < 200; ++seed) {
    std::vector<double> shares(1 + seed % 40);
    for (std::size_t c = 0; c < shares.size(); ++c)
      shares[c] = std::max(0.0, std::sin(static_cast<double>(seed * 31 + c * 7)));
    const auto parts = strip_parts(shares);
    std::size_t at = 0;
    int before = -1;
    for (const StripPart& part : parts) {
      CHECK(part.begin == at);
      CHECK(part.end > part.begin);
      CHECK(part.level != before);
      for (std::size_t c = part.begin; c < part.end; ++c)
        CHECK((part.level > 0) == (shares[c] > 0));
      at = part.end;
      before = part.level;
    }
    CHECK(at == shares.size());
  }
  CHECK(strip_parts({}).empty());
}

}  // namespace
}  // namespace hubdist
