#include <algorithm>
#include <utility>

#include <hubdist/core/xorb_builder.h>

namespace hubdist {

bool XorbBuilder::fits(std::size_t raw_size) const {
  return chunk_count() < kMaxXorbChunks && raw_size <= kMaxXorbRawSize - index_.raw_size();
}

Status XorbBuilder::check_fits(std::size_t raw_size) const {
  if (raw_size == 0 || raw_size > kMaxChunkSize)
    return invalid_argument("a chunk has ", raw_size, " bytes, allowed are 1 to ", kMaxChunkSize);
  if (!fits(raw_size))
    return failed_precondition("a chunk of ", raw_size, " bytes does not fit into a xorb that has ",
                               chunk_count(), " chunks and ", index_.raw_size(),
                               " bytes: finish it first");
  return {};
}

Result<std::uint32_t> XorbBuilder::record(const ChunkHash& hash, std::size_t raw_size) {
  tree_.update({hash, static_cast<std::uint32_t>(raw_size)});
  index_.hashes.push_back(hash);
  index_.packed_ends.push_back(static_cast<std::uint32_t>(bytes_.size()));
  index_.raw_ends.push_back(static_cast<std::uint32_t>(tree_.size()));
  return chunk_count() - 1;
}

Result<std::uint32_t> XorbBuilder::add(const ChunkHash& hash, ByteView raw,
                                       CompressionScheme scheme) {
  HUBDIST_TRY(check_fits(raw.size()));
  append_packed_chunk(bytes_, raw, scheme, compressor_);
  return record(hash, raw.size());
}

Result<std::uint32_t> XorbBuilder::add_packed(const ChunkHash& hash, ByteView packed) {
  HUBDIST_ASSIGN(const ChunkHeader header,
                 parse_chunk_header(packed.first(std::min(packed.size(), kChunkHeaderSize))));
  if (packed.size() != kChunkHeaderSize + header.packed_size)
    return invalid_argument("a packed chunk has ", packed.size(), " bytes, its header says ",
                            kChunkHeaderSize + header.packed_size);
  HUBDIST_TRY(check_fits(header.raw_size));
  if (packed.size() > kMaxXorbPackedSize - bytes_.size())
    return failed_precondition("a packed chunk of ", packed.size(),
                               " bytes does not fit into a xorb of ", bytes_.size(),
                               " bytes: finish it first");
  append_bytes(bytes_, packed);
  return record(hash, header.raw_size);
}

Result<BuiltXorb> XorbBuilder::finish() {
  if (empty()) return failed_precondition("a xorb needs at least one chunk");
  index_.hash = std::exchange(tree_, {}).xorb_hash();
  return BuiltXorb{std::exchange(bytes_, {}), std::exchange(index_, {})};
}

}  // namespace hubdist
