// Contents that compress in different ways, the same on every platform.
#pragma once

#include <bit>
#include <cmath>
#include <string>

#include "tests/support/random.h"

namespace hubdist::testing {

// Weights as bfloat16: sums of uniform numbers, near enough to a normal distribution.
inline Bytes bf16_weights(std::uint64_t seed, std::size_t size) {
  Random random(seed);
  Bytes out;
  out.reserve(size + 2);
  while (out.size() < size) {
    double sum = 0;
    for (int i = 0; i < 12; ++i) sum += static_cast<double>(random.next() >> 11) * 0x1p-53;
    const auto bits = std::bit_cast<std::uint32_t>(static_cast<float>((sum - 6) * 0.02));
    append_le(out, static_cast<std::uint16_t>(bits >> 16));
  }
  out.resize(size);
  return out;
}

// Words of a small vocabulary, the frequent ones often.
inline Bytes words(std::uint64_t seed, std::size_t size) {
  Random random(seed);
  std::vector<std::string> vocabulary;
  for (int i = 0; i < 2000; ++i)
    vocabulary.push_back(random.text("abcdefghijklmnopqrstuvwxyz", 2, 9) + " ");
  std::string out;
  while (out.size() < size) out += vocabulary[random.index(1 + random.index(vocabulary.size()))];
  out.resize(size);
  const ByteView bytes = as_bytes(out);
  return Bytes(bytes.begin(), bytes.end());
}

// A short random text again and again.
inline Bytes periodic(std::uint64_t seed, std::size_t size, std::size_t period) {
  const Bytes once = random_bytes(seed, period);
  Bytes out(size);
  for (std::size_t i = 0; i < size; ++i) out[i] = once[i % period];
  return out;
}

}  // namespace hubdist::testing
