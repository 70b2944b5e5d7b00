#include "tests/fuzz/fuzz.h"
#include "tests/support/random.h"
#include <hubdist/core/manifest.h>

using namespace hubdist;
using hubdist::fuzz::fuzz_check;
using hubdist::fuzz::Input;

namespace {

constexpr std::size_t kMaxContent = 600'000;

// Four bytes of input make a run of up to 256 KiB: of one byte, or random.
Bytes expand(Input& input) {
  Bytes content;
  while (!input.done() && content.size() < kMaxContent) {
    const std::uint64_t size = input.number(2) * 4 + input.byte() % 4;
    const std::uint8_t kind = input.byte();
    if (kind % 2 == 0)
      content.insert(content.end(), static_cast<std::size_t>(size), std::byte{kind});
    else
      append_bytes(content, testing::random_bytes(kind, static_cast<std::size_t>(size)));
  }
  content.resize(std::min(content.size(), kMaxContent));
  return content;
}

}  // namespace

// The first two bytes are the size of the pieces in which the content comes.
FUZZ_TARGET(chunker, 30) {
  Input draw(input);
  const std::size_t piece = 1 + static_cast<std::size_t>(draw.number(2));
  const Bytes content = expand(draw);
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
