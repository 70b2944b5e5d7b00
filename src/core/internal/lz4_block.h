// LZ4's block format, written with the reference client's choice of matches.
#pragma once

#include <array>
#include <cstdint>

#include <hubdist/base/bytes.h>

namespace hubdist::internal {

// Where each hash of five bytes was seen last.
using Lz4Table = std::array<std::uint32_t, 4096>;

// The most bytes that a block of `size` bytes takes.
constexpr std::size_t lz4_block_bound(std::size_t size) { return size + size / 255 + 16; }

// Writes one block to `out`, which has room for lz4_block_bound(), and returns its size.
std::size_t write_lz4_block(ByteView input, std::byte* out, Lz4Table& table);
// That size alone.
std::size_t lz4_block_size(ByteView input, Lz4Table& table);

}  // namespace hubdist::internal
