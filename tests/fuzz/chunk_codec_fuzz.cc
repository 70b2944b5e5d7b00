#include <algorithm>

#include "tests/fuzz/fuzz.h"
#include <hubdist/core/chunker.h>
#include <hubdist/core/compression.h>

using namespace hubdist;
using hubdist::fuzz::fuzz_check;
using hubdist::fuzz::Input;

// The first byte says the scheme, the next three the size that a stranger states; the rest is taken
// for a stored chunk, and for a chunk to store.
FUZZ_TARGET(chunk_codec, 3000) {
  Input draw(input);
  const unsigned number = draw.byte();
  const auto scheme = static_cast<CompressionScheme>(number % 3);
  const auto stated = static_cast<std::size_t>(draw.number(3));
  const ByteView rest = draw.take(kMaxChunkSize);

  const auto found = decompress_chunk(static_cast<CompressionScheme>(number % 4), rest, stated);
  if (found.ok()) fuzz_check(found->size() == stated, "a chunk has another size than it states");
  ChunkDecompressor decompressor;
  Bytes out(std::min<std::size_t>(stated, kMaxChunkSize));
  const Status quick =
      decompressor.decompress(static_cast<CompressionScheme>(number % 4), rest, out);
  if (found.ok()) fuzz_check(quick.ok() && out == *found, "two ways to decompress a chunk differ");
  if (rest.empty()) return;

  ChunkCompressor compressor;
  const std::size_t size = compressor.stored_size(rest, scheme);
  const ChunkCompressor::Stored stored = compressor.compress(rest, scheme);
  fuzz_check(stored.bytes.size() == size, "a chunk takes another size than foretold");
  const auto back = decompress_chunk(stored.scheme, stored.bytes, rest.size());
  fuzz_check(back.ok() && std::equal(back->begin(), back->end(), rest.begin(), rest.end()),
             "a chunk does not come back");
}
