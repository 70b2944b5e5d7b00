#include "core/internal/lz4_block.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

namespace hubdist::internal {
namespace {

constexpr std::size_t kMinMatch = 4;
constexpr std::size_t kLastMatch = 12;  // no match begins later than that before the end
constexpr std::size_t kTail = 6;        // bytes at the end that no match covers
constexpr std::size_t kMaxDistance = 65535;
constexpr std::size_t kNibble = 15;   // a length of a token that goes on in further bytes
constexpr std::size_t kPatience = 5;  // after 2^5 misses the search takes longer steps

std::uint64_t load(const std::byte* at) {
  std::uint64_t value;
  std::memcpy(&value, at, sizeof value);
  if constexpr (std::endian::native == std::endian::big) value = __builtin_bswap64(value);
  return value;
}

bool same_word(const std::byte* a, const std::byte* b) { return std::memcmp(a, b, kMinMatch) == 0; }

// Of the five bytes at `at`; reads eight.
std::size_t hash_five(const std::byte* at) {
  constexpr std::uint64_t kPrime = 889523592379;
  return (load(at) << 24) * kPrime >> 52;
}

// How many bytes from a and b on are equal, while a is before `end`.
std::size_t common_length(const std::byte* a, const std::byte* b, const std::byte* end) {
  const std::byte* const begin = a;
  for (; end - a >= 8; a += 8, b += 8) {
    const std::uint64_t differ = load(a) ^ load(b);
    if (differ != 0)
      return static_cast<std::size_t>(a - begin) +
             static_cast<std::size_t>(std::countr_zero(differ)) / 8;
  }
  while (a < end && *a == *b) ++a, ++b;
  return static_cast<std::size_t>(a - begin);
}

struct Match {
  std::size_t length;  // without kMinMatch
  std::size_t distance;
};

// Counts what a block takes.
class Counter {
 public:
  void sequence(ByteView literals, Match match) {
    size_ += 1 + more_bytes(literals.size()) + literals.size() + 2 + more_bytes(match.length);
  }
  void end(ByteView literals) { size_ += 1 + more_bytes(literals.size()) + literals.size(); }
  std::size_t size() const { return size_; }

 private:
  static std::size_t more_bytes(std::size_t length) {
    return length < kNibble ? 0 : (length - kNibble) / 255 + 1;
  }
  std::size_t size_ = 0;
};

class Writer {
 public:
  explicit Writer(std::byte* out) : begin_(out), out_(out) {}
  void sequence(ByteView literals, Match match) {
    put(token(literals.size()) | token(match.length) >> 4);
    put_literals(literals);
    put(match.distance & 0xff);
    put(match.distance >> 8);
    put_length(match.length);
  }
  void end(ByteView literals) {
    put(token(literals.size()));
    put_literals(literals);
  }
  std::size_t size() const { return static_cast<std::size_t>(out_ - begin_); }

 private:
  static std::size_t token(std::size_t length) { return std::min(length, kNibble) << 4; }
  void put(std::size_t byte) { *out_++ = static_cast<std::byte>(byte); }
  void put_length(std::size_t length) {
    if (length < kNibble) return;
    for (length -= kNibble; length >= 255; length -= 255) put(255);
    put(length);
  }
  void put_literals(ByteView literals) {
    put_length(literals.size());
    if (!literals.empty()) std::memcpy(out_, literals.data(), literals.size());
    out_ += literals.size();
  }
  std::byte* begin_;
  std::byte* out_;
};

template <typename Output>
std::size_t encode(ByteView input, Lz4Table& table, Output output) {
  const std::byte* const in = input.data();
  std::size_t literals = 0;  // where those begin that no sequence has
  std::size_t at = 1;
  table.fill(0);
  while (input.size() > kLastMatch) {
    std::size_t candidate = 0;
    std::size_t next = at;
    for (std::size_t tries = 1 << kPatience;; ++tries) {
      at = next;
      next += tries >> kPatience;
      if (at > input.size() - kLastMatch) break;
      std::uint32_t& seen = table[hash_five(in + at)];
      candidate = std::exchange(seen, static_cast<std::uint32_t>(at));
      if (at - candidate <= kMaxDistance && same_word(in + candidate, in + at)) break;
    }
    if (at > input.size() - kLastMatch) break;
    while (candidate > 0 && at > literals && in[at - 1] == in[candidate - 1]) --at, --candidate;

    const std::size_t length =
        common_length(in + at + kMinMatch, in + candidate + kMinMatch, in + input.size() - kTail);
    output.sequence(input.subspan(literals, at - literals), {length, at - candidate});
    at += kMinMatch + length;
    literals = at;
    table[hash_five(in + at - 2)] = static_cast<std::uint32_t>(at - 2);
  }
  output.end(input.subspan(literals));
  return output.size();
}

}  // namespace

std::size_t write_lz4_block(ByteView input, std::byte* out, Lz4Table& table) {
  return encode(input, table, Writer(out));
}

std::size_t lz4_block_size(ByteView input, Lz4Table& table) {
  return encode(input, table, Counter());
}

}  // namespace hubdist::internal
