// Reproducible randomness: SplitMix64 (Steele, Lea, Flood 2014), the same on every platform.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <hubdist/base/bytes.h>

namespace hubdist::testing {

class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next() {
    state_ += 0x9E3779B97F4A7C15;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
    return z ^ (z >> 31);
  }
  // From 0 to bound - 1.
  std::uint64_t below(std::uint64_t bound) { return next() % bound; }
  std::size_t index(std::size_t bound) { return static_cast<std::size_t>(below(bound)); }
  bool chance(std::uint64_t one_in) { return below(one_in) == 0; }
  template <typename T>
  const T& pick(const std::vector<T>& choices) {
    return choices[index(choices.size())];
  }
  // Characters of `alphabet`, from `least` to `most` of them.
  std::string text(std::string_view alphabet, std::size_t least, std::size_t most) {
    std::string out(least + index(most - least + 1), ' ');
    for (char& c : out) c = alphabet[index(alphabet.size())];
    return out;
  }

 private:
  std::uint64_t state_;
};

// Each number of the sequence as 8 bytes, little-endian; the last one cut to length.
inline Bytes random_bytes(std::uint64_t seed, std::size_t size) {
  Random random(seed);
  Bytes out;
  out.reserve(size + sizeof(std::uint64_t));
  while (out.size() < size) append_le(out, random.next());
  out.resize(size);
  return out;
}

// Gives `content` to `take` in pieces of `piece` bytes.
template <typename F>
void feed(ByteView content, std::size_t piece, F&& take) {
  while (!content.empty()) {
    const ByteView part = content.first(std::min(piece, content.size()));
    take(part);
    content = content.subspan(part.size());
  }
}

}  // namespace hubdist::testing
