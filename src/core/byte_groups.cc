#include "core/internal/byte_groups.h"

#include <array>

// The loop's stores do not touch what it loads. (clang sees that for itself and knows no such
// pragma.)
#if defined(__GNUC__) && !defined(__clang__)
#define HUBDIST_IVDEP _Pragma("GCC ivdep")
#else
#define HUBDIST_IVDEP
#endif

namespace hubdist::internal {
namespace {

// Where the four groups of `size` bytes begin.
std::array<std::size_t, 4> group_starts(std::size_t size) {
  std::array<std::size_t, 4> starts{};
  for (std::size_t i = 1; i < 4; ++i) starts[i] = starts[i - 1] + size / 4 + (size % 4 >= i);
  return starts;
}

}  // namespace

// The loops over whole words are what compilers turn into vector code.
void group_bytes(ByteView in, std::byte* __restrict out) {
  const std::array<std::size_t, 4> starts = group_starts(in.size());
  const std::byte* __restrict from = in.data();
  std::byte* const a = out + starts[0];
  std::byte* const b = out + starts[1];
  std::byte* const c = out + starts[2];
  std::byte* const d = out + starts[3];
  const std::size_t words = in.size() / 4;
  HUBDIST_IVDEP
  for (std::size_t i = 0; i < words; ++i) {
    a[i] = from[4 * i];
    b[i] = from[4 * i + 1];
    c[i] = from[4 * i + 2];
    d[i] = from[4 * i + 3];
  }
  for (std::size_t i = 0; i < in.size() % 4; ++i) out[starts[i] + words] = from[4 * words + i];
}

void ungroup_bytes(ByteView in, std::byte* __restrict out) {
  const std::array<std::size_t, 4> starts = group_starts(in.size());
  const std::byte* const from = in.data();
  const std::size_t words = in.size() / 4;
  HUBDIST_IVDEP
  for (std::size_t i = 0; i < words; ++i) {
    out[4 * i] = from[starts[0] + i];
    out[4 * i + 1] = from[starts[1] + i];
    out[4 * i + 2] = from[starts[2] + i];
    out[4 * i + 3] = from[starts[3] + i];
  }
  for (std::size_t i = 0; i < in.size() % 4; ++i) out[4 * words + i] = from[starts[i] + words];
}

}  // namespace hubdist::internal
