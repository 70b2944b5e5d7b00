// Thrift's compact protocol, as far as Parquet's footers and page headers need it: a reader that a
// visitor steers, and that skips what nobody asks for.
//
// Source: https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md
#pragma once

#include <cstdint>
#include <string_view>

#include "core/internal/content_cursor.h"

namespace hubdist::internal {

enum class ThriftType : std::uint8_t {
  kStop = 0,
  kTrue = 1,
  kFalse = 2,
  kByte = 3,
  kI16 = 4,
  kI32 = 5,
  kI64 = 6,
  kDouble = 7,
  kBinary = 8,
  kList = 9,
  kSet = 10,
  kMap = 11,
  kStruct = 12,
};

// Borrows the bytes; not thread-safe. What is malformed is broken() (content_cursor.h).
class ThriftReader {
 public:
  explicit ThriftReader(ByteView bytes) : bytes_(bytes) {}
  std::size_t position() const { return position_; }

  // Calls visit(id, type) for each field of a struct; it must read the field's value, or skip() it.
  template <typename F>
  Status read_struct(F&& visit) {
    std::int16_t id = 0;
    while (true) {
      HUBDIST_ASSIGN(const ThriftType type, next_field(id));
      if (type == ThriftType::kStop) return {};
      HUBDIST_TRY(visit(id, type));
    }
  }
  // Calls visit() for each of a list's elements, which must be of type `element`.
  template <typename F>
  Status read_list(ThriftType element, F&& visit) {
    HUBDIST_ASSIGN(const ListHeader header, list_header());
    if (header.size > 0 && header.element != element) return broken("a list has another type");
    for (std::uint64_t i = 0; i < header.size; ++i) HUBDIST_TRY(visit());
    return {};
  }
  Result<std::int64_t> read_integer();
  Result<std::string_view> read_text();
  Status skip(ThriftType type) { return skip(type, 0); }

 private:
  struct ListHeader {
    std::uint64_t size;
    ThriftType element;
  };
  Result<std::uint8_t> byte();
  Result<std::uint64_t> varint();
  Result<ThriftType> next_field(std::int16_t& id);
  Result<ListHeader> list_header();
  Status skip(ThriftType type, int depth);
  Status skip_bytes(std::uint64_t size);
  Status skip_elements(std::uint64_t count, ThriftType type, int depth);
  Status skip_map(int depth);

  ByteView bytes_;
  std::size_t position_ = 0;
};

}  // namespace hubdist::internal
