#include "src/core/internal/gear.h"

#include <array>

#include <doctest/doctest.h>

#include "tests/support/hitting.h"
#include "tests/support/random.h"

using namespace hubdist;
using hubdist::internal::gear_kernels;
using hubdist::internal::gear_roll;
using hubdist::internal::gear_scan_reference;
using hubdist::internal::GearKernel;
using hubdist::internal::GearScan;
using hubdist::testing::Random;
using hubdist::testing::random_bytes;
using hubdist::testing::write_boundary;

namespace {

void check_scan(const GearKernel& kernel, ByteView bytes, std::uint64_t hash) {
  const GearScan expected = gear_scan_reference(bytes, hash);
  const GearScan found = kernel.scan(bytes, hash);
  CAPTURE(kernel.name);
  CAPTURE(bytes.size());
  CHECK(found.taken == expected.taken);
  CHECK(found.boundary == expected.boundary);
  CHECK(found.hash == expected.hash);
}

// All boundaries, each scan going on behind the last: many starts at many alignments.
void check_all(ByteView bytes) {
  for (const GearKernel& kernel : gear_kernels()) {
    std::uint64_t hash = 0;
    for (ByteView rest = bytes; !rest.empty();) {
      check_scan(kernel, rest, hash);
      const GearScan scan = gear_scan_reference(rest, hash);
      rest = rest.subspan(scan.taken);
      hash = scan.hash;
    }
  }
}

}  // namespace

TEST_CASE("the reference is the first kernel, and every processor runs another") {
  CHECK(gear_kernels().front().name == "reference");
  CHECK(gear_kernels().size() >= 2);
}

TEST_CASE("every kernel finds the reference's boundaries in random, constant and periodic bytes") {
  check_all(random_bytes(21, 3'000'000));
  for (const int value : {0, 59, 255}) check_all(Bytes(300'000, static_cast<std::byte>(value)));
  Bytes periodic;
  const Bytes period = random_bytes(22, 7001);
  for (int i = 0; i < 40; ++i) append_bytes(periodic, period);
  check_all(periodic);
}

TEST_CASE("every kernel takes any length and any hash to begin with") {
  Random random(23);
  const Bytes content = random_bytes(24, 60'000);
  for (std::size_t size = 0; size < 300; ++size)
    for (const GearKernel& kernel : gear_kernels())
      check_scan(kernel, ByteView(content).subspan(size, size), random.next());
  for (int i = 0; i < 300; ++i) {
    const std::size_t begin = random.index(content.size());
    const std::size_t size = random.index(content.size() - begin + 1);
    for (const GearKernel& kernel : gear_kernels())
      check_scan(kernel, ByteView(content).subspan(begin, size), random.next());
  }
}

TEST_CASE("every kernel finds a lone boundary wherever it lies") {
  // Around the ends of the stretches that the kernels scan at a time, and of their parts.
  std::vector<std::size_t> places;
  for (const std::size_t unit :
       {std::size_t{64}, std::size_t{704}, std::size_t{1024}, std::size_t{2048}, std::size_t{5632}})
    for (std::size_t i = 1; i <= 9; ++i)
      for (const int around : {-2, -1, 0, 1, 2, 63, 64, 65})
        places.push_back(unit * i + 64 + static_cast<std::size_t>(around));
  for (const std::size_t place : places) {
    Bytes content(60'000);
    write_boundary(content, place, place);
    for (const GearKernel& kernel : gear_kernels()) {
      check_scan(kernel, content, 0);
      check_scan(kernel, ByteView(content).first(place), 0);
      check_scan(kernel, ByteView(content).first(place - 1), 0);
    }
  }
}

TEST_CASE("of several boundaries every kernel takes the first") {
  Random random(25);
  for (int round = 0; round < 200; ++round) {
    Bytes content(30'000);
    for (std::size_t count = 1 + random.index(5); count > 0; --count)
      write_boundary(content, 64 + random.index(content.size() - 64), random.next());
    for (const GearKernel& kernel : gear_kernels()) check_scan(kernel, content, random.next());
  }
}
