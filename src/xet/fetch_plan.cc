#include "xet/internal/fetch_plan.h"

#include <algorithm>

namespace hubdist::internal {

FetchUnit* FetchPlan::find(const XorbHash& xorb, ChunkRange chunks) const {
  const auto units = by_xorb_.find(xorb);
  if (units == by_xorb_.end()) return nullptr;
  const auto found =
      std::find_if(units->second.begin(), units->second.end(),
                   [&](const FetchUnit* unit) { return unit->range.chunks.contains(chunks); });
  return found == units->second.end() ? nullptr : *found;
}

// The first of the waiting units takes the place of those that the new one holds.
void FetchPlan::append(FetchUnit unit) {
  auto& others = by_xorb_[unit.xorb];
  FetchUnit* first = nullptr;
  std::vector<FetchUnit*> gone;
  for (FetchUnit* other : others) {
    if (!unit.range.chunks.contains(other->range.chunks)) continue;
    unit.targets.insert(unit.targets.end(), other->targets.begin(), other->targets.end());
    bytes_ -= other->range.bytes.size();
    if (first) gone.push_back(other);
    if (!first) first = other;
  }
  bytes_ += unit.range.bytes.size();
  if (first) {
    *first = std::move(unit);
  } else {
    waiting_.push_back(std::make_unique<FetchUnit>(std::move(unit)));
    others.push_back(waiting_.back().get());
  }
  for (FetchUnit* other : gone) {
    std::erase(others, other);
    std::erase_if(waiting_, [&](const auto& waiting) { return waiting.get() == other; });
  }
}

Result<std::uint64_t> FetchPlan::add(std::size_t file, std::uint64_t size, ByteRange wanted,
                                     const Reconstruction& answer) {
  if (answer.offset_into_first_range > wanted.begin)
    return data_loss("the first chunk would begin before the file");
  std::uint64_t at = wanted.begin - answer.offset_into_first_range;
  for (const Term& term : answer.terms) {
    if (term.raw_size > size - at)
      return data_loss("its terms go on behind the end of the file at ", size);
    const FetchTarget target{file, term.chunks, {at, at + term.raw_size}};
    at += term.raw_size;
    if (FetchUnit* unit = find(term.xorb, term.chunks)) {
      unit->targets.push_back(target);
      continue;
    }
    const Reconstruction::Place place = answer.find(term);
    if (!place.range) return data_loss("a term has no bytes to be read");
    append({term.xorb, *place.range, place.fetch->url, {target}});
  }
  if (at <= wanted.begin) return data_loss("it has no term for the offset ", wanted.begin);
  return at;
}

std::unique_ptr<FetchUnit> FetchPlan::take() {
  std::unique_ptr<FetchUnit> unit = std::move(waiting_.front());
  waiting_.pop_front();
  bytes_ -= unit->range.bytes.size();
  const auto units = by_xorb_.find(unit->xorb);
  std::erase(units->second, unit.get());
  if (units->second.empty()) by_xorb_.erase(units);
  return unit;
}

}  // namespace hubdist::internal
