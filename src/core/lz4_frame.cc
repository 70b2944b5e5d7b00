#include "core/internal/lz4_frame.h"

#include <algorithm>

#include <lz4.h>

namespace hubdist::internal {
namespace {

constexpr std::uint32_t kMagic = 0x184D2204;
constexpr std::uint32_t kStoredBlock = 0x80000000;  // a block that is not compressed
constexpr std::size_t kChecksum = 4;

// The flags of a frame's first byte.
struct Flags {
  unsigned bits;
  bool known() const { return (bits & 0xc2) == 0x40; }  // version 1, no reserved bit
  bool linked() const { return (bits & 0x20) == 0; }    // blocks refer to what comes before them
  bool block_checksums() const { return (bits & 0x10) != 0; }
  bool content_size() const { return (bits & 0x08) != 0; }
  bool content_checksum() const { return (bits & 0x04) != 0; }
  bool dictionary() const { return (bits & 0x01) != 0; }
};

Status damaged(std::string_view cause) {
  return data_loss("a stored chunk is damaged: its LZ4 frame ", cause);
}

Result<Flags> read_head(ByteReader& reader) {
  HUBDIST_ASSIGN(const auto magic, reader.read<std::uint32_t>());
  HUBDIST_ASSIGN(const auto bits, reader.read<std::uint8_t>());
  const Flags flags{bits};
  if (magic != kMagic || !flags.known()) return damaged("does not begin as one");
  // The largest block that may come, then what is optional, then the head's checksum.
  const std::size_t rest = 1 + (flags.content_size() ? 8 : 0) + (flags.dictionary() ? 4 : 0) + 1;
  HUBDIST_TRY(reader.read_bytes(rest).status());
  return flags;
}

// Returns how many bytes the block adds to the `done` ones at the front of `out`.
Result<std::size_t> read_block(ByteView block, bool linked, MutableBytes out, std::size_t done) {
  const auto* from = reinterpret_cast<const char*>(block.data());
  auto* start = reinterpret_cast<char*>(out.data());
  const auto size = static_cast<int>(block.size());
  const auto room = static_cast<int>(out.size() - done);
  const int count = linked ? LZ4_decompress_safe_usingDict(from, start + done, size, room, start,
                                                           static_cast<int>(done))
                           : LZ4_decompress_safe(from, start + done, size, room);
  if (count < 0) return damaged("holds a wrong block, or more than the chunk has");
  return static_cast<std::size_t>(count);
}

Result<std::size_t> read_blocks(ByteReader& reader, Flags flags, MutableBytes out) {
  std::size_t done = 0;
  while (true) {
    HUBDIST_ASSIGN(const auto head, reader.read<std::uint32_t>());
    if (head == 0) return done;
    HUBDIST_ASSIGN(const ByteView block, reader.read_bytes(head & ~kStoredBlock));
    if (flags.block_checksums()) HUBDIST_TRY(reader.read_bytes(kChecksum).status());
    if ((head & kStoredBlock) == 0) {
      HUBDIST_ASSIGN(const std::size_t count, read_block(block, flags.linked(), out, done));
      done += count;
    } else {
      if (block.size() > out.size() - done) return damaged("holds more than the chunk has");
      std::copy(block.begin(), block.end(), out.begin() + static_cast<std::ptrdiff_t>(done));
      done += block.size();
    }
  }
}

}  // namespace

Status read_lz4_frame(ByteView stored, MutableBytes out) {
  ByteReader reader(stored);
  const Result<Flags> flags = read_head(reader);
  if (!flags.ok()) return damaged(message(flags.status()));
  const Result<std::size_t> done = read_blocks(reader, *flags, out);
  if (!done.ok()) return damaged(message(done.status()));
  const std::size_t after = flags->content_checksum() ? kChecksum : 0;
  if (*done != out.size() || reader.remaining() != after)
    return damaged(concat("holds ", *done, " bytes instead of ", out.size(), ", and ",
                          reader.remaining(), " follow it"));
  return {};
}

}  // namespace hubdist::internal
