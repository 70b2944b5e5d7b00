#include <algorithm>

#include <hubdist/core/xorb_verifier.h>

namespace hubdist {

Result<ChunkSplitter::Step> ChunkSplitter::next(ByteView bytes) {
  Step step;
  // Adds to held_ until it has `size` bytes; false when the piece ends before.
  const auto hold = [&](std::size_t size) {
    const ByteView more =
        bytes.subspan(step.taken)
            .first(std::min(size - std::min(size, held_.size()), bytes.size() - step.taken));
    append_bytes(held_, more);
    step.taken += more.size();
    return held_.size() >= size;
  };
  // A chunk that was whole before stays in held_ until it is asked for the next one.
  if (whole_) held_.clear();
  whole_ = false;
  const bool in_place = held_.empty() && bytes.size() >= kChunkHeaderSize;
  if (!in_place && !hold(kChunkHeaderSize)) return step;
  const ByteView start =
      in_place ? bytes.first(kChunkHeaderSize) : ByteView(held_).first(kChunkHeaderSize);
  if (as_text(start.first(kFooterStart.size())) == kFooterStart) {
    step.footer = true;
    step.footer_version = std::to_integer<std::uint8_t>(start[kFooterStart.size()]);
    step.taken = in_place ? kChunkHeaderSize : step.taken;
    held_.clear();
    return step;
  }
  HUBDIST_ASSIGN(const ChunkHeader header, parse_chunk_header(start));
  const std::size_t size = kChunkHeaderSize + header.packed_size;
  if (in_place && bytes.size() >= size) {
    step.taken = size;
    step.chunk = {header, bytes.subspan(kChunkHeaderSize, header.packed_size)};
    return step;
  }
  held_.reserve(size);
  if (!hold(size)) return step;
  whole_ = true;
  step.chunk = {header, ByteView(held_).subspan(kChunkHeaderSize)};
  return step;
}

Status XorbVerifier::add(const PackedChunk& chunk) {
  if (index_.hashes.size() == kMaxXorbChunks)
    return invalid_argument("a xorb has more than ", kMaxXorbChunks, " chunks");
  const std::uint64_t end = index_.packed_size() + kChunkHeaderSize + chunk.header.packed_size;
  if (end > kMaxXorbPackedSize)
    return invalid_argument("a xorb has more than ", kMaxXorbPackedSize, " bytes");
  const auto raw = unpack_chunk(chunk, unpacked_);
  if (!raw.ok())
    return with_context(raw.status(), concat("chunk ", index_.hashes.size(), " of a xorb"));
  const Chunk found{chunk_hash(*raw), chunk.header.raw_size};
  tree_.update(found);
  index_.hashes.push_back(found.hash);
  index_.packed_ends.push_back(static_cast<std::uint32_t>(end));
  index_.raw_ends.push_back(static_cast<std::uint32_t>(tree_.size()));
  return {};
}

Status XorbVerifier::take_footer(ByteView bytes) {
  if (bytes.size() > kMaxXorbFooterSize - footer_.size())
    return invalid_argument("the footer of a xorb has more than ", kMaxXorbFooterSize, " bytes");
  append_bytes(footer_, bytes);
  return {};
}

Status XorbVerifier::update(ByteView bytes) {
  while (!bytes.empty()) {
    if (!footer_.empty()) return take_footer(bytes);
    HUBDIST_ASSIGN(const ChunkSplitter::Step step, splitter_.next(bytes));
    if (step.chunk) HUBDIST_TRY(add(*step.chunk));
    if (step.footer) {
      append_bytes(footer_, as_bytes(ChunkSplitter::kFooterStart));
      append_le(footer_, step.footer_version);
    }
    bytes = bytes.subspan(step.taken);
  }
  return {};
}

Result<XorbIndex> XorbVerifier::finish(const XorbHash& expected) {
  if (!splitter_.at_boundary()) return invalid_argument("a xorb ends inside a chunk");
  if (index_.hashes.empty()) return invalid_argument("a xorb has no chunk");
  index_.hash = tree_.xorb_hash();
  if (!footer_.empty()) {
    HUBDIST_ASSIGN(XorbIndex stated,
                   parse_xorb_footer(footer_, index_.packed_size() + footer_.size()));
    if (!stated.has_raw_sizes()) stated.raw_ends = index_.raw_ends;
    if (stated != index_)
      return invalid_argument("the footer of xorb ", xet_hex(index_.hash),
                              " does not describe its chunks");
  }
  if (index_.hash != expected)
    return data_loss("the bytes of a xorb are not the ones of ", xet_hex(expected), ", they make ",
                     xet_hex(index_.hash));
  return std::move(index_);
}

Result<XorbIndex> verify_xorb(ByteView xorb, const XorbHash& expected) {
  XorbVerifier verifier;
  HUBDIST_TRY(verifier.update(xorb));
  return verifier.finish(expected);
}

}  // namespace hubdist
