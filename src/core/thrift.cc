#include "core/internal/thrift.h"

namespace hubdist::internal {
namespace {

constexpr int kMaxDepth = 32;

std::int64_t from_zigzag(std::uint64_t raw) {
  return static_cast<std::int64_t>(raw >> 1) ^ -static_cast<std::int64_t>(raw & 1);
}

Result<ThriftType> type_of(unsigned number) {
  if (number > static_cast<unsigned>(ThriftType::kStruct))
    return broken(concat("a value has the type ", number));
  return static_cast<ThriftType>(number);
}

}  // namespace

Result<std::uint8_t> ThriftReader::byte() {
  if (position_ == bytes_.size()) return broken("it ends too early");
  return std::to_integer<std::uint8_t>(bytes_[position_++]);
}

Result<std::uint64_t> ThriftReader::varint() {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    HUBDIST_ASSIGN(const std::uint8_t next, byte());
    value |= static_cast<std::uint64_t>(next & 0x7f) << shift;
    if (next < 0x80) return value;
  }
  return broken("a number is too long");
}

Result<std::int64_t> ThriftReader::read_integer() {
  HUBDIST_ASSIGN(const std::uint64_t raw, varint());
  return from_zigzag(raw);
}

Result<std::string_view> ThriftReader::read_text() {
  HUBDIST_ASSIGN(const std::uint64_t size, varint());
  const std::size_t begin = position_;
  HUBDIST_TRY(skip_bytes(size));
  return as_text(bytes_.subspan(begin, static_cast<std::size_t>(size)));
}

Result<ThriftType> ThriftReader::next_field(std::int16_t& id) {
  HUBDIST_ASSIGN(const std::uint8_t head, byte());
  HUBDIST_ASSIGN(const ThriftType type, type_of(head & 0x0f));
  if (type == ThriftType::kStop) return type;
  if (const int step = head >> 4; step > 0) {
    id = static_cast<std::int16_t>(id + step);
  } else {
    HUBDIST_ASSIGN(const std::int64_t stated, read_integer());
    id = static_cast<std::int16_t>(stated);
  }
  return type;
}

// Every element takes a byte at least, so a list cannot claim more than there are.
Result<ThriftReader::ListHeader> ThriftReader::list_header() {
  HUBDIST_ASSIGN(const std::uint8_t head, byte());
  HUBDIST_ASSIGN(const ThriftType element, type_of(head & 0x0f));
  std::uint64_t size = head >> 4;
  if (size == 15) {
    HUBDIST_ASSIGN(size, varint());
  }
  if (size > bytes_.size() - position_) return broken("a list is longer than the whole");
  return ListHeader{size, element};
}

Status ThriftReader::skip_bytes(std::uint64_t size) {
  if (size > bytes_.size() - position_) return broken("it ends too early");
  position_ += static_cast<std::size_t>(size);
  return {};
}

Status ThriftReader::skip_elements(std::uint64_t count, ThriftType type, int depth) {
  const bool boolean = type == ThriftType::kTrue || type == ThriftType::kFalse;
  if (boolean) return skip_bytes(count);  // in lists they have bytes of their own
  for (std::uint64_t i = 0; i < count; ++i) HUBDIST_TRY(skip(type, depth));
  return {};
}

Status ThriftReader::skip_map(int depth) {
  HUBDIST_ASSIGN(const std::uint64_t size, varint());
  if (size == 0) return {};
  if (size > bytes_.size() - position_) return broken("a map is longer than the whole");
  HUBDIST_ASSIGN(const std::uint8_t types, byte());
  HUBDIST_ASSIGN(const ThriftType key, type_of(types >> 4));
  HUBDIST_ASSIGN(const ThriftType value, type_of(types & 0x0f));
  for (std::uint64_t i = 0; i < size; ++i) {
    HUBDIST_TRY(skip_elements(1, key, depth));
    HUBDIST_TRY(skip_elements(1, value, depth));
  }
  return {};
}

Status ThriftReader::skip(ThriftType type, int depth) {
  if (depth > kMaxDepth) return broken("it is nested too deep");
  switch (type) {
    case ThriftType::kStop:
      return broken("a value without a type");
    case ThriftType::kTrue:
    case ThriftType::kFalse:
      return {};
    case ThriftType::kByte:
      return skip_bytes(1);
    case ThriftType::kI16:
    case ThriftType::kI32:
    case ThriftType::kI64:
      return varint().status();
    case ThriftType::kDouble:
      return skip_bytes(8);
    case ThriftType::kBinary:
      return read_text().status();
    case ThriftType::kList:
    case ThriftType::kSet: {
      HUBDIST_ASSIGN(const ListHeader header, list_header());
      return skip_elements(header.size, header.element, depth + 1);
    }
    case ThriftType::kMap:
      return skip_map(depth + 1);
    case ThriftType::kStruct:
      return read_struct([&](std::int16_t, ThriftType field) { return skip(field, depth + 1); });
  }
  return broken("a value of an unknown type");
}

}  // namespace hubdist::internal
