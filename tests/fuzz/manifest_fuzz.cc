#include "tests/fuzz/fuzz.h"
#include <hubdist/core/manifest.h>

using namespace hubdist;
using hubdist::fuzz::fuzz_check;
using hubdist::fuzz::Input;

// A manifest as a stranger could make it: how its hash and size are stated, then its chunks.
FUZZ_TARGET(manifest, 3000) {
  Input draw(input);
  const std::uint8_t lies = draw.byte();
  Manifest manifest;
  while (!draw.done()) {
    Chunk chunk;
    chunk.size = static_cast<std::uint32_t>(draw.number(3));
    const ByteView hash = draw.take(chunk.hash.bytes.size());
    std::copy(hash.begin(), hash.end(), chunk.hash.bytes.begin());
    manifest.chunks.push_back(chunk);
  }
  const XetHash real = file_hash(manifest.chunks);
  manifest.file_hash = real;
  XetHash expected = real;
  if (lies & 1) manifest.file_hash.bytes[0] ^= std::byte{1};
  if (lies & 2) expected.bytes[31] ^= std::byte{1};
  const std::uint64_t size = manifest.size() + (lies & 4);

  const bool sizes_allowed =
      std::all_of(manifest.chunks.begin(), manifest.chunks.end(),
                  [](const Chunk& c) { return c.size > 0 && c.size <= kMaxChunkSize; });
  fuzz_check(check_manifest(manifest, expected, size).ok() == ((lies & 7) == 0 && sizes_allowed),
             "a manifest is believed, or refused, wrongly");
}
