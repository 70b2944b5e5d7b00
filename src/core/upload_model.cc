#include "core/internal/upload_model.h"

#include <algorithm>
#include <utility>

#include <hubdist/core/compression.h>

namespace hubdist::internal {

void UploadModel::begin_file() {
  fragmentation_ = {};
  ranges_ = 0;
}

Place UploadModel::in_xorb(std::uint32_t number) {
  const auto again = stored_again_.find(number);
  return again != stored_again_.end() ? again->second : index_[number].place;
}

Place UploadModel::in_part(std::uint32_t number) const {
  const auto found = part_index_.find(number);
  return found != part_index_.end() ? Place{kPending, found->second} : Place{};
}

UploadModel::Run UploadModel::run_in_xorb(std::span<const std::uint32_t> numbers) {
  const Place begin = in_xorb(numbers.front());
  if (!begin.known()) return {};
  const auto in_row = std::span(xorbs_[begin.xorb]).subspan(begin.index);
  const auto different = std::ranges::mismatch(in_row, numbers);
  return {begin, static_cast<std::uint32_t>(different.in1 - in_row.begin())};
}

UploadModel::Run UploadModel::run_in_part(std::span<const std::uint32_t> numbers) const {
  Run run{in_part(numbers.front())};
  if (!run.begin.known()) return {};
  for (Place expected = run.begin; run.length < numbers.size(); ++run.length, ++expected.index)
    if (in_part(numbers[run.length]) != expected) break;
  return run;
}

void UploadModel::refer(Place to, std::uint32_t chunks) {
  if (ranges_ > 0 && next_ == to) {
    fragmentation_.extend_range(chunks);
  } else {
    fragmentation_.begin_range(chunks);
    ++ranges_;
  }
  next_ = {to.xorb, to.index + chunks};
}

void UploadModel::store(std::uint32_t number, std::uint32_t size) {
  if (part_.size + size > kMaxXorbSize || part_.chunks.size() + 1 > kMaxXorbChunks) {
    make_xorb(part_);
    part_index_.clear();
    if (ranges_ > 0 && next_.xorb == kPending)
      next_.xorb = static_cast<std::uint32_t>(xorbs_.size() - 1);
  }
  const auto index = static_cast<std::uint32_t>(part_.chunks.size());
  refer({kPending, index}, 1);
  part_.chunks.push_back(number);
  part_.size += size;
  part_index_[number] = index;
}

// The client asks first which chunks lie in xorbs, for all of them, and then goes through them.
void UploadModel::add(std::span<const Chunk> chunks, std::span<const std::uint32_t> numbers,
                      std::vector<StoredChunk>& stored) {
  runs_.assign(chunks.size(), {});
  for (std::size_t i = 0; i < chunks.size(); i += std::max(runs_[i].length, 1u))
    runs_[i] = run_in_xorb(numbers.subspan(i));

  for (std::size_t i = 0; i < chunks.size();) {
    const Run run = runs_[i].length > 0 ? runs_[i] : run_in_part(numbers.subspan(i));
    if (run.length > 0 &&
        ((ranges_ > 0 && next_ == run.begin) || fragmentation_.allows_range(run.length))) {
      refer(run.begin, run.length);
      i += run.length;
      continue;
    }
    store(numbers[i], chunks[i].size);
    stored.push_back(
        {static_cast<std::uint32_t>(i), (part_.chunks.size() - 1) % kChunksPerScheme == 0});
    ++i;
  }
}

std::uint64_t UploadModel::end_file() {
  if (rest_.size + part_.size > kMaxXorbSize ||
      rest_.chunks.size() + part_.chunks.size() > kMaxXorbChunks) {
    if (rest_.size > part_.size) std::swap(rest_, part_);
    make_xorb(part_);
  } else {
    rest_.chunks.insert(rest_.chunks.end(), part_.chunks.begin(), part_.chunks.end());
    rest_.size += part_.size;
  }
  part_ = {};
  part_index_.clear();
  // A header and a sha256, and for each range where it lies and its proof.
  return (2 + 2 * ranges_) * kShardEntry;
}

std::uint32_t UploadModel::end_version() {
  make_xorb(rest_);
  stored_again_.clear();
  const std::size_t before = std::exchange(first_xorb_, xorbs_.size());
  return static_cast<std::uint32_t>(xorbs_.size() - before);
}

void UploadModel::make_xorb(Pending& pending) {
  if (pending.chunks.empty()) return;
  const auto xorb = static_cast<std::uint32_t>(xorbs_.size());
  for (std::uint32_t i = 0; i < pending.chunks.size(); ++i) {
    const std::uint32_t number = pending.chunks[i];
    Place& place = index_[number].place;
    const bool earlier = place.known() && place.xorb < first_xorb_;
    (earlier ? stored_again_[number] : place) = {xorb, i};
  }
  xorbs_.emplace_back(pending.chunks.begin(), pending.chunks.end());  // without room to grow
  pending = {};
}

}  // namespace hubdist::internal
