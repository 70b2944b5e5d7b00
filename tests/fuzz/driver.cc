// Replays fuzz targets without libFuzzer.
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

#include <doctest/doctest.h>

#include "tests/fuzz/fuzz.h"
#include "tests/support/random.h"
#include <hubdist/base/hex.h>

namespace hubdist::fuzz {
namespace {

constexpr std::size_t kMaxInput = 4096;

std::vector<Bytes> read_seeds(std::string_view name) {
  std::vector<std::filesystem::path> paths;
  const auto folder = std::filesystem::path(HUBDIST_FUZZ_SEEDS) / name;
  REQUIRE_MESSAGE(std::filesystem::is_directory(folder), "no seeds in ", folder.native());
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    paths.push_back(entry.path());
  std::sort(paths.begin(), paths.end());
  std::vector<Bytes> seeds;
  for (const auto& path : paths) {
    std::ifstream file(path, std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    seeds.emplace_back(as_bytes(text).begin(), as_bytes(text).end());
  }
  REQUIRE_FALSE(seeds.empty());
  return seeds;
}

// A stretch of `bytes`, perhaps empty.
ByteRange stretch(const Bytes& bytes, testing::Random& random) {
  const std::uint64_t begin = random.below(bytes.size() + 1);
  return {begin, begin + random.below(std::min<std::uint64_t>(bytes.size() - begin, 32) + 1)};
}

ByteView part(const Bytes& bytes, ByteRange range) {
  return ByteView(bytes).subspan(static_cast<std::size_t>(range.begin),
                                 static_cast<std::size_t>(range.size()));
}

void replace(Bytes& bytes, ByteRange range, ByteView with) {
  const Bytes copy(with.begin(), with.end());
  const auto at = bytes.begin() + static_cast<std::ptrdiff_t>(range.begin);
  const auto after = bytes.erase(at, at + static_cast<std::ptrdiff_t>(range.size()));
  bytes.insert(after, copy.begin(), copy.end());
}

Bytes mutated(const std::vector<Bytes>& seeds, testing::Random& random) {
  Bytes bytes = random.pick(seeds);
  for (std::size_t changes = 1 + random.index(6); changes > 0; --changes) {
    const Bytes& other = random.pick(seeds);
    const std::byte value = static_cast<std::byte>(random.below(256));
    switch (random.below(6)) {
      case 0:
        if (!bytes.empty()) bytes[random.index(bytes.size())] = value;
        break;
      case 1:
        if (!bytes.empty()) bytes[random.index(bytes.size())] ^= std::byte{1} << random.below(8);
        break;
      case 2:
        replace(bytes, stretch(bytes, random), {});
        break;
      case 3:
        replace(bytes, stretch(bytes, random), Bytes(1 + random.index(20), value));
        break;
      case 4:
        replace(bytes, stretch(bytes, random), testing::random_bytes(random.next(), 8));
        break;
      default:
        replace(bytes, stretch(bytes, random), part(other, stretch(other, random)));
    }
  }
  bytes.resize(std::min(bytes.size(), kMaxInput));
  return bytes;
}

void run(Target target, const Bytes& input) {
  try {
    target(input);
  } catch (const std::exception& failure) {
    FAIL(failure.what(), ", input ", to_hex(input));
  }
}

}  // namespace

void replay(std::string_view name, std::size_t mutations, Target target) {
  const std::vector<Bytes> seeds = read_seeds(name);
  for (const Bytes& seed : seeds) run(target, seed);
  run(target, {});
  testing::Random random(mutations);
  for (std::size_t i = 0; i < mutations; ++i) run(target, mutated(seeds, random));
}

}  // namespace hubdist::fuzz
