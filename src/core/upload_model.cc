#include "core/internal/upload_model.h"

#include <utility>

#include <hubdist/core/compression.h>

namespace hubdist::internal {

void UploadModel::begin_file() {
  fragmentation_ = {};
  ranges_ = 0;
}

bool UploadModel::in_xorb(std::uint32_t number) const {
  const std::uint32_t part = index_[number].place.part;
  return part != Place::kNowhere && parts_[part].xorb != kPending;
}

bool UploadModel::in_part(std::uint32_t number) const {
  return !file_.parts.empty() && index_[number].place.part == file_.parts.front();
}

UploadModel::Position UploadModel::position(std::uint32_t number) const {
  const Place place = index_[number].place;
  const Part& part = parts_[place.part];
  return {part.xorb, part.base + place.index};
}

template <typename F>
std::uint32_t UploadModel::run(std::span<const std::uint32_t> numbers, F&& usable) const {
  if (!usable(numbers.front())) return 0;
  Position expected = position(numbers.front());
  std::uint32_t length = 1;
  for (; length < numbers.size(); ++length) {
    ++expected.index;
    const std::uint32_t number = numbers[length];
    if (!usable(number) || position(number) != expected) break;
  }
  return length;
}

void UploadModel::refer(Position to, std::uint32_t chunks) {
  if (ranges_ > 0 && next_ == to) {
    fragmentation_.extend_range(chunks);
  } else {
    fragmentation_.begin_range(chunks);
    ++ranges_;
  }
  next_ = {to.xorb, to.index + chunks};
}

void UploadModel::store(std::uint32_t number, std::uint32_t size) {
  if (file_.size + size > kMaxXorbSize || file_.chunks + 1 > kMaxXorbChunks) {
    make_xorb(file_);
    if (ranges_ > 0 && next_.xorb == kPending) next_.xorb = xorbs_ - 1;
  }
  if (file_.parts.empty()) {
    file_.parts.push_back(static_cast<std::uint32_t>(parts_.size()));
    parts_.push_back({});
  }
  const Place place{file_.parts.front(), file_.chunks};
  if (in_xorb(number))
    file_.moves.push_back({number, place});
  else
    index_[number].place = place;
  refer({kPending, place.index}, 1);
  file_.size += size;
  ++file_.chunks;
}

// The client asks first which chunks lie in xorbs, for all of them, and then goes through them.
void UploadModel::add(std::span<const Chunk> chunks, std::span<const std::uint32_t> numbers,
                      std::vector<StoredChunk>& stored) {
  runs_.assign(chunks.size(), 0);
  for (std::size_t i = 0; i < chunks.size(); i += std::max(runs_[i], 1u))
    runs_[i] = run(numbers.subspan(i), [this](std::uint32_t n) { return in_xorb(n); });

  for (std::size_t i = 0; i < chunks.size();) {
    std::uint32_t length = runs_[i];
    if (length == 0)
      length = run(numbers.subspan(i), [this](std::uint32_t n) { return in_part(n); });
    if (length > 0) {
      const Position to = position(numbers[i]);
      if ((ranges_ > 0 && next_ == to) || fragmentation_.allows_range(length)) {
        refer(to, length);
        i += length;
        continue;
      }
    }
    store(numbers[i], chunks[i].size);
    stored.push_back({static_cast<std::uint32_t>(i), (file_.chunks - 1) % kChunksPerScheme == 0});
    ++i;
  }
}

std::uint64_t UploadModel::end_file() {
  if (rest_.size + file_.size > kMaxXorbSize || rest_.chunks + file_.chunks > kMaxXorbChunks) {
    if (rest_.size > file_.size) std::swap(rest_, file_);
    make_xorb(file_);
  } else {
    for (const std::uint32_t part : file_.parts) {
      parts_[part].base = rest_.chunks;
      rest_.parts.push_back(part);
    }
    rest_.moves.insert(rest_.moves.end(), file_.moves.begin(), file_.moves.end());
    rest_.size += file_.size;
    rest_.chunks += file_.chunks;
  }
  file_ = {};
  // A header and a sha256, and for each range where it lies and its proof.
  return (2 + 2 * ranges_) * kShardEntry;
}

std::uint32_t UploadModel::end_version() {
  make_xorb(rest_);
  return std::exchange(version_xorbs_, 0);
}

void UploadModel::make_xorb(Pending& pending) {
  if (pending.chunks > 0) {
    for (const std::uint32_t part : pending.parts) parts_[part].xorb = xorbs_;
    for (const Move& move : pending.moves) index_[move.number].place = move.place;
    ++xorbs_;
    ++version_xorbs_;
  }
  pending = {};
}

}  // namespace hubdist::internal
