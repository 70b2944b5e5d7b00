#include <algorithm>

#include "core/internal/gear.h"
#include <hubdist/core/chunker.h>

namespace hubdist {

// Three stretches of a chunk: bytes that no admissible hash depends on, bytes that only fill the
// hash's window, and bytes after which the chunk may end.
Chunker::Step Chunker::next(ByteView bytes) {
  constexpr std::size_t kFirstTest = kMinChunkSize - 1;  // bytes before the first that is tested
  constexpr std::size_t kSkip = kMinChunkSize - internal::kGearWindow;
  const auto part_until = [this](ByteView rest, std::size_t size) {
    return rest.first(std::min(rest.size(), size - std::min(size, chunk_size_)));
  };

  ByteView rest = bytes;
  const ByteView skipped = part_until(rest, kSkip);
  rest = rest.subspan(skipped.size());
  chunk_size_ += skipped.size();

  const ByteView untested = part_until(rest, kFirstTest);
  rest = rest.subspan(untested.size());
  chunk_size_ += untested.size();
  hash_ = internal::gear_roll(untested, hash_);

  const internal::GearScan scan = internal::gear_scan(part_until(rest, kMaxChunkSize), hash_);
  rest = rest.subspan(scan.taken);
  chunk_size_ += scan.taken;
  hash_ = scan.hash;

  const Step step{bytes.size() - rest.size(), scan.boundary || chunk_size_ == kMaxChunkSize};
  offset_ += step.taken;
  if (step.boundary) {
    chunk_size_ = 0;
    hash_ = 0;
  }
  return step;
}

void Chunker::update(ByteView bytes, std::vector<std::uint64_t>& ends) {
  while (!bytes.empty()) {
    const Step step = next(bytes);
    bytes = bytes.subspan(step.taken);
    if (step.boundary) ends.push_back(offset_);
  }
}

void Chunker::finish(std::vector<std::uint64_t>& ends) {
  if (chunk_size_ > 0) ends.push_back(offset_);
  *this = {};
}

std::vector<std::uint64_t> chunk_ends(ByteView content) {
  std::vector<std::uint64_t> ends;
  Chunker chunker;
  chunker.update(content, ends);
  chunker.finish(ends);
  return ends;
}

}  // namespace hubdist
