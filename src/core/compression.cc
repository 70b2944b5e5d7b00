#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>

#include "core/internal/byte_groups.h"
#include "core/internal/lz4_block.h"
#include <hubdist/core/chunker.h>
#include <hubdist/core/compression.h>

namespace hubdist {
namespace {

constexpr std::size_t kFrameHeader = 7;  // magic number, flags, checksum of the flags
constexpr std::size_t kBlockHeader = 4;  // and as much again for the end mark
constexpr std::size_t kFrameOverhead = kFrameHeader + 2 * kBlockHeader;

// Of a frame whose blocks have at most 64 or 256 KiB. The last byte is a checksum of the two
// before.
constexpr std::uint8_t kSmallBlocks[kFrameHeader] = {0x04, 0x22, 0x4d, 0x18, 0x60, 0x40, 0x82};
constexpr std::uint8_t kLargeBlocks[kFrameHeader] = {0x04, 0x22, 0x4d, 0x18, 0x60, 0x50, 0xfb};

void put_le32(std::byte* at, std::size_t value) {
  for (int i = 0; i < 4; ++i) at[i] = static_cast<std::byte>(value >> (8 * i) & 0xff);
}

// How many of each byte value stand at one place of the words, by the bits that are set in them.
using BitCounts = std::array<std::uint32_t, 9>;

std::array<BitCounts, 4> count_bits(ByteView chunk) {
  std::array<std::array<std::uint32_t, 256>, 4> values{};
  const std::size_t words = chunk.size() / 4;
  for (std::size_t i = 0; i < words; ++i)
    for (std::size_t j = 0; j < 4; ++j) ++values[j][std::to_integer<std::size_t>(chunk[4 * i + j])];
  for (std::size_t i = 4 * words; i < chunk.size(); ++i)
    ++values[i % 4][std::to_integer<std::size_t>(chunk[i])];

  std::array<BitCounts, 4> counts{};
  for (std::size_t j = 0; j < 4; ++j)
    for (unsigned value = 0; value < 256; ++value)
      counts[j][static_cast<std::size_t>(std::popcount(value))] += values[j][value];
  return counts;
}

// How far the distribution of one byte place is from that of all (the Kullback-Leibler divergence).
// Where a count of bits does not occur the reference's formula has no value, and its choice counts
// such a place as no reason for grouping.
double divergence(const BitCounts& counts, const BitCounts& all, double all_total) {
  double total = 0;
  for (const std::uint32_t count : counts) total += count;
  double sum = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    if (counts[i] == 0) return 0;
    const double p = counts[i] / total;
    sum += p * std::log(p / ((all[i] + 1) / all_total));
  }
  return sum;
}

bool stays_raw(ByteView chunk, CompressionScheme scheme) {
  return scheme == CompressionScheme::kNone || chunk.empty() || chunk.size() > kMaxChunkSize;
}

}  // namespace

std::string_view name(CompressionScheme scheme) {
  switch (scheme) {
    case CompressionScheme::kNone:
      return "none";
    case CompressionScheme::kLz4:
      return "lz4";
    case CompressionScheme::kByteGroupedLz4:
      return "bg4-lz4";
  }
  return "";
}

CompressionScheme choose_compression(ByteView chunk) {
  constexpr double kWorthGrouping = 0.02;
  const std::array<BitCounts, 4> places = count_bits(chunk);
  BitCounts all{};
  for (const BitCounts& place : places)
    for (std::size_t i = 0; i < all.size(); ++i) all[i] += place[i];
  for (const BitCounts& place : places)
    if (divergence(place, all, static_cast<double>(chunk.size())) > kWorthGrouping)
      return CompressionScheme::kByteGroupedLz4;
  return CompressionScheme::kLz4;
}

struct ChunkCompressor::State {
  internal::Lz4Table table;
  Bytes grouped;
  Bytes frame;

  // The bytes that the frame holds: the chunk, or its bytes grouped.
  ByteView arrange(ByteView chunk, CompressionScheme scheme) {
    if (scheme != CompressionScheme::kByteGroupedLz4) return chunk;
    if (grouped.size() < chunk.size()) grouped.resize(chunk.size());
    internal::group_bytes(chunk, grouped.data());
    return ByteView(grouped).first(chunk.size());
  }
};

ChunkCompressor::ChunkCompressor() : state_(std::make_unique<State>()) {}
ChunkCompressor::~ChunkCompressor() = default;
ChunkCompressor::ChunkCompressor(ChunkCompressor&&) noexcept = default;
ChunkCompressor& ChunkCompressor::operator=(ChunkCompressor&&) noexcept = default;

ChunkCompressor::Stored ChunkCompressor::compress(ByteView chunk, CompressionScheme scheme) {
  const Stored raw{CompressionScheme::kNone, chunk};
  if (stays_raw(chunk, scheme)) return raw;
  const ByteView content = state_->arrange(chunk, scheme);
  Bytes& frame = state_->frame;
  frame.resize(kFrameOverhead + internal::lz4_block_bound(chunk.size()));
  std::byte* const block = frame.data() + kFrameHeader + kBlockHeader;
  const std::size_t size = internal::write_lz4_block(content, block, state_->table);
  if (size + kFrameOverhead >= chunk.size()) return raw;

  std::memcpy(frame.data(), chunk.size() <= 64 * kKiB ? kSmallBlocks : kLargeBlocks, kFrameHeader);
  put_le32(frame.data() + kFrameHeader, size);
  put_le32(block + size, 0);
  return {scheme, ByteView(frame).first(size + kFrameOverhead)};
}

std::size_t ChunkCompressor::stored_size(ByteView chunk, CompressionScheme scheme) {
  if (stays_raw(chunk, scheme)) return chunk.size();
  const std::size_t size =
      kFrameOverhead + internal::lz4_block_size(state_->arrange(chunk, scheme), state_->table);
  return std::min(size, chunk.size());
}

}  // namespace hubdist
