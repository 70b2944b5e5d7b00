#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/runs.h"
#include <hubdist/core/manifest.h>

using namespace hubdist;
using hubdist::fuzz::fuzz_check;
using hubdist::fuzz::Input;

// The first two bytes are the size of the pieces in which the content comes.
FUZZ_TARGET(chunker, 30) {
  Input draw(input);
  const std::size_t piece = 1 + static_cast<std::size_t>(draw.number(2));
  const Bytes content = fuzz::expand(draw, 600'000);
  const std::vector<std::uint64_t> whole = chunk_ends(content);

  std::vector<std::uint64_t> pieced;
  Chunker chunker;
  ManifestBuilder builder;
  testing::feed(content, piece, [&](ByteView part) {
    chunker.update(part, pieced);
    builder.update(part);
  });
  chunker.finish(pieced);
  fuzz_check(whole == pieced, "pieces give other boundaries than the whole");

  const Manifest manifest = builder.finish();
  fuzz_check(manifest.chunks.size() == whole.size(), "a manifest has other chunks");
  fuzz_check(check_manifest(manifest, manifest.file_hash, content.size()).ok(),
             "a manifest is none");
  std::uint64_t begin = 0;
  for (std::size_t i = 0; i < whole.size(); ++i) {
    const std::uint64_t size = whole[i] - begin;
    fuzz_check(size == manifest.chunks[i].size, "a chunk has another size");
    fuzz_check(size <= kMaxChunkSize, "a chunk is too long");
    fuzz_check(size >= kMinChunkSize || i + 1 == whole.size(), "a chunk is too short");
    begin = whole[i];
  }
  fuzz_check(begin == content.size(), "the chunks do not cover the content");
}
