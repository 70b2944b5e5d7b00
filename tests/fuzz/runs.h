// Long contents out of a fuzzer's short input.
#pragma once

#include "tests/fuzz/fuzz.h"
#include "tests/support/hitting.h"
#include "tests/support/random.h"

namespace hubdist::fuzz {

// Four bytes of input make a run of up to 256 KiB: of one byte, random, or with a boundary at its
// end; at most `limit` bytes in all.
inline Bytes expand(Input& input, std::size_t limit) {
  Bytes content;
  while (!input.done() && content.size() < limit) {
    const auto size = static_cast<std::size_t>(input.number(2) * 4 + input.byte() % 4);
    const std::uint8_t kind = input.byte();
    if (kind % 4 == 1)
      append_bytes(content, testing::random_bytes(kind, size));
    else
      content.resize(content.size() + size, std::byte{kind});
    if (kind % 4 == 3 && content.size() >= internal::kGearWindow)
      testing::write_boundary(content, content.size(), kind);
  }
  content.resize(std::min(content.size(), limit));
  return content;
}

}  // namespace hubdist::fuzz
