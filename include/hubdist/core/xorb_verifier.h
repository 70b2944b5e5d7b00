// Proves a xorb while it comes in, in little memory: structure, sizes, and the hash of everything.
#pragma once

#include <cstdint>
#include <optional>

#include <hubdist/core/xorb.h>

namespace hubdist {

// Cuts a serialized xorb, or a run of its chunks, into chunks. The bytes come in pieces of any
// size; memory for one chunk is kept at most. Not thread-safe. After an error it is of no use.
class ChunkSplitter {
 public:
  struct Step {
    std::size_t taken = 0;  // bytes of the piece that were used
    // The chunk that is whole with them. Valid until the next call, and while the piece is.
    std::optional<PackedChunk> chunk;
    // Instead of a chunk there is a footer: kFooterStart and the version were used.
    bool footer = false;
    std::uint8_t footer_version = 0;
  };
  static constexpr std::string_view kFooterStart = "XETBLOB";

  // Goes to the end of the current chunk or of `bytes`, whichever comes first. The caller gives the
  // rest of `bytes` again. InvalidArgument for a wrong header (parse_chunk_header()).
  Result<Step> next(ByteView bytes);
  // Whether the bytes so far end where a chunk ends.
  bool at_boundary() const { return held_.empty() || whole_; }

 private:
  Bytes held_;          // of the current chunk, header included, when it came in several pieces
  bool whole_ = false;  // held_ is a chunk that was given out: it goes with the next call
};

// Verifies a whole xorb, with or without a footer. Memory: one chunk, packed and unpacked, 40 bytes
// for each chunk and the footer. Not thread-safe.
class XorbVerifier {
 public:
  // Takes the next bytes. InvalidArgument for a wrong header and for more chunks or bytes than a
  // xorb may have, DataLoss for a chunk that does not decompress to its stated size. After an error
  // the verifier is of no use.
  Status update(ByteView bytes);
  // The xorb ends here. InvalidArgument when it has no chunk, ends inside one, or has a footer that
  // does not describe the chunks; DataLoss when it is not the xorb that `expected` names. Returns
  // the index that the bytes prove, whether or not there was a footer.
  Result<XorbIndex> finish(const XorbHash& expected);

 private:
  Status add(const PackedChunk& chunk);
  Status take_footer(ByteView bytes);

  ChunkSplitter splitter_;
  XorbIndex index_;
  MerkleHasher tree_;
  Bytes unpacked_;
  Bytes footer_;
};

// Verifies a xorb that lies in memory or is mapped; errors as XorbVerifier has them.
Result<XorbIndex> verify_xorb(ByteView xorb, const XorbHash& expected);

}  // namespace hubdist
