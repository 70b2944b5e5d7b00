#include "tests/fuzz/layout_check.h"

using namespace hubdist;
using namespace hubdist::fuzz;

FUZZ_TARGET(safetensors_layout, 3000) {
  Bytes content = with_magic(input, "");
  if (content.size() > 8) content[8] = std::byte{'{'};
  // The length that is stated is that of the text, or whatever the first bytes say.
  if (content.size() > 10 && content[0] < std::byte{0x80}) {
    const std::uint64_t length = as_text(content).rfind('}') - 7;
    for (std::size_t i = 0; i < 8; ++i)
      content[i] = static_cast<std::byte>(length >> (8 * i) & 0xff);
  }
  check_layout(content);
}
