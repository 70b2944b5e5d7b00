// Fuzz targets that run in two ways: under libFuzzer, and inside the ordinary test suite.
//
//   FUZZ_TARGET(parse_uri, 3000) {          // in its own file, tests/fuzz/parse_uri_fuzz.cc
//     const auto uri = parse_uri(as_text(input));
//     if (uri.ok()) fuzz_check(..., "what would be wrong");
//   }
//
// With HUBDIST_BUILD_FUZZERS the file becomes a libFuzzer program of its own. In every build it is
// a test case too: it takes each file of tests/fuzz/seeds/<name>/ and then as many mutations of
// them as the target names, always the same ones. Inputs that once failed are kept among the seeds.
#pragma once

#include <algorithm>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

#include <hubdist/base/bytes.h>

namespace hubdist::fuzz {

// Ends the run, under libFuzzer as a crash, when a property does not hold.
inline void fuzz_check(bool holds, std::string_view property) {
  if (!holds) throw std::logic_error(std::string(property));
}

// Draws values from a fuzzer's input; zeros and empty texts after its end.
class Input {
 public:
  explicit Input(ByteView bytes) : bytes_(bytes) {}
  bool done() const { return bytes_.empty(); }
  std::uint64_t number(std::size_t width) {
    std::uint64_t value = 0;
    for (const std::byte b : take(width)) value = value << 8 | std::to_integer<std::uint64_t>(b);
    return value;
  }
  std::uint8_t byte() { return static_cast<std::uint8_t>(number(1)); }
  // A text after its length of one byte.
  std::string text() { return std::string(as_text(take(byte()))); }
  ByteView take(std::size_t count) {
    const ByteView taken = bytes_.first(std::min(count, bytes_.size()));
    bytes_ = bytes_.subspan(taken.size());
    return taken;
  }

 private:
  ByteView bytes_;
};

using Target = void (*)(ByteView input);

// Runs a target over its seeds and `mutations` changes of them (driver.cc).
void replay(std::string_view name, std::size_t mutations, Target target);

}  // namespace hubdist::fuzz

#ifdef HUBDIST_LIBFUZZER
#define FUZZ_TARGET(name, mutations)                                                  \
  static void fuzz_##name(::hubdist::ByteView input);                                 \
  extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) { \
    fuzz_##name(std::as_bytes(std::span(data, size)));                                \
    return 0;                                                                         \
  }                                                                                   \
  static void fuzz_##name([[maybe_unused]] ::hubdist::ByteView input)
#else
#include <doctest/doctest.h>
#define FUZZ_TARGET(name, mutations)                                                   \
  static void fuzz_##name(::hubdist::ByteView input);                                  \
  TEST_CASE("fuzz " #name) { ::hubdist::fuzz::replay(#name, mutations, fuzz_##name); } \
  static void fuzz_##name([[maybe_unused]] ::hubdist::ByteView input)
#endif
