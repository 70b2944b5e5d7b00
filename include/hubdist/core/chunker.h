// Content-defined chunking as the Xet protocol has it: boundaries that depend on the bytes around
// them alone, so that equal runs of bytes give equal chunks wherever they stand.
//
// A chunk ends after a byte where the upper 16 bits of a 64-byte rolling hash are zero, not before
// 8 KiB, at the latest after 128 KiB, or where the content ends.
//
// Source: the Xet protocol specification 1.1, "Chunking"
// (https://github.com/huggingface/hub-docs/tree/main/docs/xet).
#pragma once

#include <cstdint>
#include <vector>

#include <hubdist/base/bytes.h>

namespace hubdist {

inline constexpr std::size_t kMinChunkSize = 8 * kKiB;  // but for a content's last chunk
inline constexpr std::size_t kMaxChunkSize = 128 * kKiB;

// Finds the boundaries of one content that is given in pieces of any size. Keeps no bytes.
// Copyable; not thread-safe.
class Chunker {
 public:
  struct Step {
    std::size_t taken = 0;  // bytes of the piece that belong to the current chunk
    bool boundary = false;  // whether the current chunk ends with them
  };
  // Goes to the next boundary or the end of `bytes`, whichever comes first. The caller gives the
  // rest of `bytes` again.
  Step next(ByteView bytes);

  // Takes all of `bytes` and appends the ends of the chunks that end inside it, as offsets from the
  // beginning of the content.
  void update(ByteView bytes, std::vector<std::uint64_t>& ends);
  // The content ends here: appends the end of the last chunk, unless it was reported already. The
  // chunker is as new afterwards.
  void finish(std::vector<std::uint64_t>& ends);

 private:
  std::uint64_t offset_ = 0;    // of the next byte in the content
  std::size_t chunk_size_ = 0;  // bytes in the current chunk
  std::uint64_t hash_ = 0;
};

// Where each chunk of a whole content ends; nothing for an empty one.
std::vector<std::uint64_t> chunk_ends(ByteView content);

}  // namespace hubdist
