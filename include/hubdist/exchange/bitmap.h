// A fixed number of bits, with access to whole words for what must be quick.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace hubdist::exchange {

// Not thread-safe. Bits beyond size() in the last word are always 0.
class Bitmap {
 public:
  static constexpr std::size_t kWordBits = 64;

  Bitmap() = default;
  explicit Bitmap(std::size_t size) : words_((size + kWordBits - 1) / kWordBits), size_(size) {}
  std::size_t size() const { return size_; }
  std::size_t words() const { return words_.size(); }
  std::uint64_t word(std::size_t index) const { return words_[index]; }
  bool test(std::size_t i) const { return words_[i / kWordBits] >> (i % kWordBits) & 1; }
  void set(std::size_t i) { words_[i / kWordBits] |= std::uint64_t{1} << (i % kWordBits); }
  void reset(std::size_t i) { words_[i / kWordBits] &= ~(std::uint64_t{1} << (i % kWordBits)); }
  void assign(std::size_t i, bool value) { value ? set(i) : reset(i); }
  void clear() { words_.assign(words_.size(), 0); }
  std::size_t count() const {
    std::size_t total = 0;
    for (const std::uint64_t word : words_) total += static_cast<std::size_t>(std::popcount(word));
    return total;
  }
  bool none() const {
    for (const std::uint64_t word : words_)
      if (word) return false;
    return true;
  }

 private:
  std::vector<std::uint64_t> words_;
  std::size_t size_ = 0;
};

// Calls f(index) for each bit of `word`, the `index`-th word of a bitmap; stops when f says false.
template <typename F>
bool for_each_bit(std::uint64_t word, std::size_t word_index, F&& f) {
  while (word) {
    const auto bit = static_cast<std::size_t>(std::countr_zero(word));
    word &= word - 1;
    if (!f(word_index * Bitmap::kWordBits + bit)) return false;
  }
  return true;
}

// Calls f(first, last) for each run [first, last) of set bits, in order.
template <typename F>
void for_each_run(const Bitmap& bits, F&& f) {
  std::size_t first = 0;
  bool open = false;
  for (std::size_t i = 0; i < bits.size(); ++i) {
    if (i % Bitmap::kWordBits == 0 && !open && bits.word(i / Bitmap::kWordBits) == 0) {
      i += Bitmap::kWordBits - 1;
      continue;
    }
    const bool set = bits.test(i);
    if (set && !open) first = i;
    if (!set && open) f(first, i);
    open = set;
  }
  if (open) f(first, bits.size());
}

}  // namespace hubdist::exchange
