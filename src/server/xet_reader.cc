#include "server/internal/xet_reader.h"

#include <algorithm>

#include "server/internal/xorb_object.h"

namespace hubdist::internal {

namespace {

// Bytes of chunks that are read in one go.
constexpr std::uint64_t kMaxRun = 1 * kMiB;

// The front of `chunks` that takes at most kMaxRun bytes, but one chunk at least.
ChunkRange first_run(const XorbIndex& index, ChunkRange chunks) {
  const std::uint64_t begin = index.packed_range(chunks.begin).begin;
  const auto first = index.packed_ends.begin() + chunks.begin;
  const auto end = std::upper_bound(first, index.packed_ends.begin() + chunks.end, begin + kMaxRun);
  const auto count = std::max<std::ptrdiff_t>(end - first, 1);
  return {chunks.begin, chunks.begin + static_cast<std::uint32_t>(count)};
}

std::size_t copy_front(ByteView from, MutableBytes out) {
  const std::size_t count = std::min(from.size(), out.size());
  std::copy_n(from.begin(), count, out.begin());
  return count;
}

}  // namespace

Result<std::size_t> XetReader::read(MutableBytes out, std::uint64_t offset) {
  if (offset >= file_->size) return 0;
  const std::lock_guard lock(mutex_);
  out = out.first(
      static_cast<std::size_t>(std::min<std::uint64_t>(out.size(), file_->size - offset)));
  std::size_t done = 0;
  while (done < out.size()) {
    HUBDIST_ASSIGN(const std::size_t count, read_some(out.subspan(done), offset + done));
    done += count;
  }
  return done;
}

Result<std::size_t> XetReader::read_some(MutableBytes out, std::uint64_t offset) {
  if (offset >= chunk_begin_ && offset - chunk_begin_ < chunk_.size())
    return copy_front(ByteView(chunk_).subspan(static_cast<std::size_t>(offset - chunk_begin_)),
                      out);
  find_term(offset);
  HUBDIST_TRY(open_term());
  const std::uint64_t begin = offset - term_begin_;
  const std::uint64_t end = std::min<std::uint64_t>(begin + out.size(), term().raw_size);
  HUBDIST_ASSIGN(const ChunkRange chunks, index_->chunks_holding(term().chunks, {begin, end}));
  return read_chunks(first_run(*index_, chunks), out, begin);
}

void XetReader::find_term(std::uint64_t offset) {
  if (offset < term_begin_) {
    term_ = 0;
    term_begin_ = 0;
    open_ = false;
  }
  while (offset - term_begin_ >= term().raw_size) {
    term_begin_ += term().raw_size;
    ++term_;
    open_ = false;
  }
}

Status XetReader::open_term() {
  if (open_) return {};
  if (index_ == nullptr || index_->hash != term().xorb) {
    index_.reset();
    xorb_.reset();
    auto index = store_.index(term().xorb, read_bytes_);
    auto xorb = store_.open_xorb(term().xorb);
    for (const Status& status : {index.status(), xorb.status()})
      if (status.code() == StatusCode::kNotFound) return damaged(message(status));
    HUBDIST_TRY(index.status());
    HUBDIST_TRY(xorb.status());
    index_ = *std::move(index);
    xorb_ = *std::move(xorb);
  }
  const auto size = index_->raw_size_of(term().chunks);
  if (!size.ok() || *size != term().raw_size ||
      range_hash(std::span(index_->hashes).subspan(term().chunks.begin, term().chunks.size())) !=
          file_->range_hashes[term_])
    return damaged(concat("its term ", term_, " does not fit the xorb ", xet_hex(term().xorb)));
  open_ = true;
  return {};
}

Result<std::size_t> XetReader::read_chunks(ChunkRange chunks, MutableBytes out,
                                           std::uint64_t begin) {
  HUBDIST_ASSIGN(const ByteRange place, index_->bytes_of(chunks));
  packed_.resize(static_cast<std::size_t>(place.size()));
  HUBDIST_TRY(read_exactly(*xorb_, packed_, place.begin, read_bytes_));
  const std::uint64_t term_start = index_->raw_begin(term().chunks.begin);
  std::size_t done = 0;
  for (std::uint32_t i = chunks.begin; i < chunks.end; ++i) {
    const ByteRange in_xorb = index_->packed_range(i);
    const ByteView packed =
        ByteView(packed_).subspan(static_cast<std::size_t>(in_xorb.begin - place.begin),
                                  static_cast<std::size_t>(in_xorb.size()));
    const std::size_t size = index_->chunk(i).size;
    const std::uint64_t at = index_->raw_begin(i) - term_start;  // in the term
    if (at == begin + done && size <= out.size() - done) {
      HUBDIST_TRY(unpack(i, packed, out.subspan(done, size)));
      done += size;
      continue;
    }
    chunk_.clear();  // nothing half made is ever taken for a chunk
    Bytes whole(size);
    HUBDIST_TRY(unpack(i, packed, whole));
    chunk_ = std::move(whole);
    chunk_begin_ = term_begin_ + at;
    const std::size_t skipped = static_cast<std::size_t>(begin + done - at);
    done += copy_front(ByteView(chunk_).subspan(skipped), out.subspan(done));
  }
  return done;
}

Status XetReader::unpack(std::uint32_t chunk, ByteView packed, MutableBytes out) {
  const auto header = parse_chunk_header(packed.first(kChunkHeaderSize));
  const ByteView stored = packed.subspan(kChunkHeaderSize);
  const bool fits =
      header.ok() && header->packed_size == stored.size() && header->raw_size == out.size();
  if (!fits || !decompressor_.decompress(header->scheme, stored, out).ok() ||
      chunk_hash(out) != index_->hashes[chunk])
    return damaged(concat("chunk ", chunk, " of the xorb ", xet_hex(index_->hash),
                          " is not what its hash says"));
  return {};
}

Status XetReader::damaged(std::string_view problem) const {
  return data_loss("the Xet file ", xet_hex(file_->hash), " cannot be read: ", problem);
}

}  // namespace hubdist::internal
