#include <algorithm>

#include "core/internal/content_cursor.h"
#include "core/internal/layouts.h"

namespace hubdist::internal {
namespace {

constexpr std::uint64_t kEndRecord = 22;  // without its comment
constexpr std::uint64_t kMaxComment = 65535;
constexpr std::uint64_t kMaxDirectory = 64 * kMiB;
constexpr std::uint32_t kEntrySignature = 0x02014b50;

struct Totals {
  std::uint64_t stored = 0;
  std::uint64_t compressed = 0;
};

// Where the central directory lies; empty without one (or in the form for more than 4 GiB).
Result<ByteRange> find_directory(const ContentReader& content) {
  const std::uint64_t size = content.size();
  const std::uint64_t begin = size - std::min(size, kEndRecord + kMaxComment);
  HUBDIST_ASSIGN(const Bytes tail, read_part(content, {begin, size}));
  const std::size_t found = as_text(tail).rfind("PK\x05\x06");
  if (found == std::string_view::npos || tail.size() - found < kEndRecord) return ByteRange{};
  ByteReader record(ByteView(tail).subspan(found + 12));
  const std::uint64_t length = *record.read<std::uint32_t>();
  const std::uint64_t offset = *record.read<std::uint32_t>();
  if (offset > size || length > size - offset || length > kMaxDirectory) return ByteRange{};
  return ByteRange{offset, offset + length};
}

Status count_entry(ContentCursor& cursor, Totals& totals) {
  HUBDIST_ASSIGN(const auto signature, cursor.read<std::uint32_t>());
  if (signature != kEntrySignature) return broken("an entry is damaged");
  HUBDIST_TRY(cursor.skip(6));
  HUBDIST_ASSIGN(const auto method, cursor.read<std::uint16_t>());
  HUBDIST_TRY(cursor.skip(8));
  HUBDIST_ASSIGN(const auto size, cursor.read<std::uint32_t>());
  HUBDIST_TRY(cursor.skip(4));
  std::uint64_t further = 12;
  for (int i = 0; i < 3; ++i) {  // name, extra fields, comment
    HUBDIST_ASSIGN(const auto length, cursor.read<std::uint16_t>());
    further += length;
  }
  (method == 0 ? totals.stored : totals.compressed) += size;
  return cursor.skip(further);
}

}  // namespace

Result<bool> is_compressed_zip(const ContentReader& content) {
  HUBDIST_ASSIGN(const ByteRange directory, find_directory(content));
  ContentCursor cursor(content, directory.begin, directory.end);
  Totals totals;
  while (cursor.remaining() > 0) {
    const Status status = count_entry(cursor, totals);
    if (is_broken(status)) break;
    HUBDIST_TRY(status);
  }
  return totals.compressed > totals.stored;
}

}  // namespace hubdist::internal
