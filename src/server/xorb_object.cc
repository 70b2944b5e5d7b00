#include "server/internal/xorb_object.h"

#include <algorithm>

namespace hubdist::internal {

namespace {

constexpr std::size_t kLength = 4;
constexpr std::size_t kCopyStep = 1 * kMiB;

Status damaged(const XorbHash& xorb, std::string_view problem) {
  return data_loss("the xorb ", xet_hex(xorb), " is damaged: ", problem);
}

Result<Bytes> read_footer(ObjectReader& object, const XorbHash& xorb, ReadCounter read_bytes) {
  if (object.size() < kLength) return damaged(xorb, "it is too short for a footer");
  Bytes length(kLength);
  HUBDIST_TRY(read_exactly(object, length, object.size() - kLength, read_bytes));
  const auto size = xorb_footer_size(length);
  if (!size.ok()) return damaged(xorb, message(size.status()));
  if (*size > object.size()) return damaged(xorb, "its footer is longer than it is");
  Bytes footer(*size - kLength);
  HUBDIST_TRY(read_exactly(object, footer, object.size() - *size, read_bytes));
  append_bytes(footer, length);
  return footer;
}

Status read_raw_sizes(ObjectReader& object, XorbIndex& index, ReadCounter read_bytes) {
  std::vector<ChunkHeader> headers;
  Bytes bytes(kChunkHeaderSize);
  for (std::uint32_t i = 0; i < index.chunk_count(); ++i) {
    HUBDIST_TRY(read_exactly(object, bytes, index.packed_range(i).begin, read_bytes));
    HUBDIST_ASSIGN(headers.emplace_back(), parse_chunk_header(bytes));
  }
  return add_raw_sizes(index, headers);
}

XorbHash hash_of(const XorbIndex& index) {
  MerkleHasher tree;
  for (std::uint32_t i = 0; i < index.chunk_count(); ++i) tree.update(index.chunk(i));
  return tree.xorb_hash();
}

}  // namespace

Status read_exactly(ObjectReader& object, MutableBytes out, std::uint64_t offset,
                    ReadCounter read_bytes) {
  for (std::size_t done = 0; done < out.size();) {
    HUBDIST_ASSIGN(const std::size_t count, object.read(out.subspan(done), offset + done));
    if (count == 0) return data_loss("a stored object ends early");
    done += count;
  }
  if (read_bytes != nullptr) *read_bytes += out.size();
  return {};
}

Result<StoredIndex> read_index(ObjectReader& object, const XorbHash& xorb, ReadCounter read_bytes) {
  HUBDIST_ASSIGN(const Bytes footer, read_footer(object, xorb, read_bytes));
  auto parsed = parse_xorb_footer(footer, object.size());
  if (!parsed.ok()) return damaged(xorb, message(parsed.status()));
  StoredIndex found{*std::move(parsed), false};
  if (!found.index.has_raw_sizes()) {
    found.old = true;
    const Status sizes = read_raw_sizes(object, found.index, read_bytes);
    if (sizes.code() == StatusCode::kInvalidArgument) return damaged(xorb, message(sizes));
    HUBDIST_TRY(sizes);
  }
  if (found.index.hash != xorb || hash_of(found.index) != xorb)
    return damaged(xorb, "its footer is that of another");
  return found;
}

Status replace_footer(ObjectStore& store, ObjectReader& object, const XorbIndex& index,
                      ReadCounter read_bytes) {
  HUBDIST_ASSIGN(const auto writer, store.create(xorb_key(index.hash)));
  Bytes buffer(kCopyStep);
  for (std::uint64_t offset = 0; offset < index.packed_size();) {
    const MutableBytes step = MutableBytes(buffer).first(static_cast<std::size_t>(
        std::min<std::uint64_t>(buffer.size(), index.packed_size() - offset)));
    HUBDIST_TRY(read_exactly(object, step, offset, read_bytes));
    HUBDIST_TRY(writer->write(step));
    offset += step.size();
  }
  Bytes footer;
  append_xorb_footer(footer, index);
  HUBDIST_TRY(writer->write(footer));
  return writer->finish();
}

}  // namespace hubdist::internal
