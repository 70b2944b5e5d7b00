#include <utility>

#include <hubdist/core/fixed_boundary.h>

namespace hubdist {

bool FixedBoundaryFinder::update(ByteView bytes) {
  while (!bytes.empty()) {
    const Chunker::Step step = chunker_.next(bytes);
    bytes = bytes.subspan(step.taken);
    position_ += step.taken;
    chunk_size_ += step.taken;
    if (!step.boundary) continue;
    const std::size_t size = std::exchange(chunk_size_, 0);
    const bool fits = size >= 2 * kMinChunkSize && size < kMaxChunkSize - kMinChunkSize;
    if (std::exchange(last_fits_, fits) && fits) return true;
  }
  return false;
}

}  // namespace hubdist
