#include "client/internal/exchange_content.h"

#include <algorithm>

namespace hubdist::internal {

namespace {
Status not_served(std::string_view unit) { return not_found(unit, " is not served here"); }
}  // namespace

ExchangeContent::Member* ExchangeContent::UnitState::at(std::uint64_t offset) {
  auto after = std::upper_bound(members.begin(), members.end(), offset,
                                [](std::uint64_t o, const Member& m) { return o < m.offset; });
  if (after == members.begin()) return nullptr;
  Member& member = *--after;
  return member.range().contains(offset) ? &member : nullptr;
}

std::shared_ptr<ExchangeContent::UnitState> ExchangeContent::find(std::string_view unit) const {
  const std::lock_guard lock(mutex_);
  const auto found = units_.find(unit);
  return found == units_.end() ? nullptr : found->second;
}

void ExchangeContent::know(const Unit& unit, const Snapshot& snapshot, const Origin& origin) {
  std::shared_ptr<UnitState> state;
  bool added = false;
  {
    const std::lock_guard lock(mutex_);
    auto& slot = units_[unit.layout.id];
    added = slot == nullptr;
    if (added) slot = std::make_shared<UnitState>();
    state = slot;
    if (added)
      for (const UnitMember& member : unit.members) {
        Member known;
        known.offset = member.offset;
        known.file = snapshot.files[member.file];
        state->members.push_back(std::move(known));
      }
  }
  const std::unique_lock lock(state->mutex);
  state->origin = origin;
  // Another repository may call the same content by another path.
  for (std::size_t i = 0; i < state->members.size(); ++i)
    state->members[i].file = snapshot.files[unit.members[i].file];
}

void ExchangeContent::receive(std::string_view unit, std::size_t member,
                              const std::shared_ptr<ContentDownload>& download) {
  const auto state = find(unit);
  if (!state) return;
  const std::unique_lock lock(state->mutex);
  Member& target = state->members[member];
  target.download = download;
  target.partial = download->share_partial();
  target.served.reset();
}

void ExchangeContent::stop_receiving(std::string_view unit, std::size_t member) {
  const auto state = find(unit);
  if (!state) return;
  const std::unique_lock lock(state->mutex);
  state->members[member].download.reset();
}

void ExchangeContent::serve_file(std::string_view unit, std::size_t member, Path path,
                                 const FileInfo& info) {
  const auto state = find(unit);
  if (!state) return;
  const std::unique_lock lock(state->mutex);
  Member& target = state->members[member];
  target.partial.reset();
  target.served = ServedFile{std::move(path), info};
}

std::optional<ExchangeContent::ServedFile> ExchangeContent::file_of(std::string_view unit,
                                                                    std::size_t member) const {
  const auto state = find(unit);
  if (!state) return std::nullopt;
  const std::shared_lock lock(state->mutex);
  return state->members[member].served;
}

RangeSet ExchangeContent::files_of(std::string_view unit) const {
  RangeSet held;
  const auto state = find(unit);
  if (!state) return held;
  const std::shared_lock lock(state->mutex);
  for (const Member& member : state->members)
    if (member.served) held.add(member.range());
  return held;
}

Status ExchangeContent::read(std::string_view unit, std::uint64_t offset, MutableBytes out) {
  const auto state = find(unit);
  if (!state) return not_served(unit);
  while (!out.empty()) {
    HUBDIST_ASSIGN(const Place place, find_held(*state, unit, offset));
    const auto part = out.first(std::min<std::uint64_t>(out.size(), place.left));
    HUBDIST_TRY(read_member(place, part));
    offset += part.size();
    out = out.subspan(part.size());
  }
  return {};
}

Result<ExchangeContent::Place> ExchangeContent::find_held(UnitState& state, std::string_view unit,
                                                          std::uint64_t offset) {
  const std::shared_lock lock(state.mutex);
  const Member* member = state.at(offset);
  if (!member || (!member->partial && !member->served)) return not_served(unit);
  return Place{member->partial, member->served, offset - member->offset,
               member->range().end - offset};
}

Status ExchangeContent::read_member(const Place& place, MutableBytes out) {
  if (place.partial) return place.partial->read(place.offset, out);
  HUBDIST_ASSIGN(const auto file, fs_.open(place.served->path, OpenMode::kRead));
  HUBDIST_ASSIGN(const FileInfo info, file->info());
  if (!info.same_content(place.served->info))
    return data_loss(place.served->path.native(), " was changed since it was verified");
  return read_exactly(*file, out, place.offset);
}

Status ExchangeContent::write(std::string_view unit, std::uint64_t offset, ByteView bytes,
                              Source source) {
  const auto state = find(unit);
  if (!state) return not_served(unit);
  const std::shared_lock lock(state->mutex);  // as long as the download is used
  const Member* member = state->at(offset);
  if (member && member->served) return {};  // it is here already, and proved
  if (!member || !member->download || bytes.size() > member->range().end - offset)
    return failed_precondition("bytes came for a part of ", unit, " that nobody waits for");
  return member->download->write(offset - member->offset, bytes, source);
}

Status ExchangeContent::read_origin(std::string_view unit, ByteRange range,
                                    const std::function<Status(ByteView)>& sink,
                                    std::stop_token stop) {
  const auto state = find(unit);
  if (!state) return not_served(unit);
  while (!range.empty()) {
    Origin origin;
    FileEntry file;
    ByteRange part;
    {
      const std::shared_lock lock(state->mutex);
      const Member* member = state->at(range.begin);
      if (!member) return out_of_range(unit, " ends before offset ", range.begin);
      origin = state->origin;
      file = member->file;
      part = {range.begin - member->offset,
              std::min(range.end, member->range().end) - member->offset};
    }
    HUBDIST_TRY(origin.read(file, part, sink, stop));
    range.begin += part.size();
  }
  return {};
}

}  // namespace hubdist::internal
