#include <algorithm>
#include <unordered_map>
#include <utility>

#include "core/internal/layouts.h"
#include <hubdist/base/hex.h>
#include <hubdist/base/json_writer.h>

namespace hubdist::internal {
namespace {

constexpr std::size_t kMaxName = 500;

// Gives every name that occurs again a number of its own.
bool make_unique(std::vector<Region>& regions) {
  bool changed = false;
  std::unordered_map<std::string, std::size_t> uses;
  for (const Region& region : regions) uses.emplace(region.name, 0);
  for (Region& region : regions) {
    const std::string name = region.name;
    if (uses[name]++ == 0) continue;
    changed = true;
    do {
      region.name = concat(name, " (", uses[name]++, ")");
    } while (!uses.emplace(region.name, 1).second);
  }
  return changed;
}

}  // namespace

std::string region_name(std::string_view raw) {
  const bool cut = raw.size() > kMaxName;
  raw = raw.substr(0, kMaxName);
  if (cut)  // not inside a character
    while (!raw.empty() && (static_cast<unsigned char>(raw.back()) & 0xc0) == 0x80)
      raw.remove_suffix(1);
  if (cut && !raw.empty() && static_cast<unsigned char>(raw.back()) >= 0xc0) raw.remove_suffix(1);
  std::string out;
  if (is_utf8(raw))
    out = raw;
  else
    for (const char c : raw)
      if (static_cast<unsigned char>(c) < 0x80)
        out.push_back(c);
      else
        out += "\\x" + to_hex(as_bytes(std::string_view(&c, 1)));
  return cut ? out + "..." : out;
}

bool RegionList::add(RegionKind kind, std::string_view name, std::string detail, ByteRange range) {
  if (regions_.size() >= kMaxRegions) {
    too_many_ = true;
    return false;
  }
  regions_.push_back({kind, region_name(name), std::move(detail), range});
  return true;
}

void RegionList::finish(std::uint64_t size, ContentLayout& layout) {
  std::stable_sort(regions_.begin(), regions_.end(),
                   [](const Region& a, const Region& b) { return a.range < b.range; });
  std::size_t outside = 0;
  std::size_t overlapping = 0;
  std::uint64_t end = 0;
  for (Region& region : regions_) {
    if (region.range.begin > region.range.end || region.range.end > size) {
      ++outside;
    } else if (region.range.begin < end) {
      ++overlapping;
    } else if (!region.range.empty()) {
      end = region.range.end;
      layout.regions.push_back(std::move(region));
    }
  }
  regions_ = {};
  if (outside > 0)
    layout.notes.push_back(concat(outside, outside == 1 ? " part claims" : " parts claim",
                                  " bytes beyond the file's end: it is cut off or damaged"));
  if (overlapping > 0)
    layout.notes.push_back(concat(overlapping,
                                  overlapping == 1 ? " part overlaps" : " parts overlap",
                                  " others and cannot be shown"));
  if (too_many_) layout.notes.push_back(concat("only the first ", kMaxRegions, " parts are shown"));
  if (make_unique(layout.regions)) layout.notes.push_back("some names occur more than once");
}

Result<Bytes> read_part(const ContentReader& content, ByteRange range) {
  Bytes bytes(static_cast<std::size_t>(range.size()));
  HUBDIST_TRY(content.read(range.begin, bytes));
  return bytes;
}

Result<Bytes> read_head(const ContentReader& content, std::uint64_t most) {
  return read_part(content, {0, std::min(most, content.size())});
}

std::string shape_text(const std::vector<std::uint64_t>& shape) {
  std::string text = "[";
  for (std::size_t i = 0; i < shape.size(); ++i) text += concat(i == 0 ? "" : ", ", shape[i]);
  return text + "]";
}

}  // namespace hubdist::internal
