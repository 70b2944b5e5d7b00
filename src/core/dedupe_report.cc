#include <algorithm>

#include <hubdist/base/quantity.h>
#include <hubdist/base/strings.h>
#include <hubdist/core/dedupe_report.h>

namespace hubdist {
namespace {

// What the bulk of a format's regions is called, the kind that changes are counted of.
struct Bulk {
  RegionKind kind;
  std::string_view one;
};

Bulk bulk_of(ContentFormat format) {
  if (format == ContentFormat::kParquet) return {RegionKind::kColumn, "column chunk"};
  if (format == ContentFormat::kSqlite) return {RegionKind::kTable, "table"};
  return {RegionKind::kTensor, "tensor"};
}

bool has_new(const RegionReport& region) { return region.new_bytes > 0; }

// Those of the bulk with new bytes, the most changed first.
std::vector<const RegionReport*> changed_of(const DedupeFile& file, RegionKind kind) {
  std::vector<const RegionReport*> changed;
  for (const RegionReport& region : file.regions)
    if (region.region.kind == kind && has_new(region)) changed.push_back(&region);
  std::stable_sort(changed.begin(), changed.end(),
                   [](const auto* a, const auto* b) { return a->new_bytes > b->new_bytes; });
  return changed;
}

std::string names(const std::vector<const RegionReport*>& changed, std::size_t most) {
  std::string out;
  for (std::size_t i = 0; i < std::min(most, changed.size()); ++i)
    out += concat(i == 0 ? "" : ", ", changed[i]->region.name);
  if (changed.size() > most) out += most == 0 ? "" : ", ...";
  return out;
}

// "header", "metadata", ...: other kinds of region that have new bytes.
std::string other_kinds(const DedupeFile& file, RegionKind bulk) {
  std::string out;
  for (const RegionKind kind : {RegionKind::kHeader, RegionKind::kMetadata, RegionKind::kIndex,
                                RegionKind::kTable, RegionKind::kFree}) {
    const bool any = kind != bulk &&
                     std::any_of(file.regions.begin(), file.regions.end(), [&](const auto& region) {
                       return region.region.kind == kind && has_new(region);
                     });
    if (any) out += concat(out.empty() ? "" : ", ", name(kind));
  }
  return out;
}

}  // namespace

DedupeNumbers& DedupeNumbers::operator+=(const DedupeNumbers& more) {
  size += more.size;
  chunks += more.chunks;
  new_bytes += more.new_bytes;
  new_chunks += more.new_chunks;
  compressed += more.compressed;
  xet_upload += more.xet_upload;
  lfs_upload += more.lfs_upload;
  return *this;
}

std::string_view name(FileChange change) {
  switch (change) {
    case FileChange::kAdded:
      return "added";
    case FileChange::kUnchanged:
      return "unchanged";
    case FileChange::kChanged:
      return "changed";
    case FileChange::kRenamed:
      return "renamed";
    case FileChange::kRemoved:
      return "removed";
  }
  return "";
}

std::uint64_t DedupeFile::changed_regions() const {
  return static_cast<std::uint64_t>(std::count_if(regions.begin(), regions.end(), has_new));
}

std::string describe_changes(const DedupeFile& file, std::size_t most) {
  if (file.changed_regions() == 0) return {};
  const Bulk bulk = bulk_of(file.format);
  const auto total = static_cast<std::uint64_t>(
      std::count_if(file.regions.begin(), file.regions.end(),
                    [&](const RegionReport& region) { return region.region.kind == bulk.kind; }));
  const std::vector<const RegionReport*> changed = changed_of(file, bulk.kind);
  const std::string others = other_kinds(file, bulk.kind);
  const std::string of = concat(" of ", format_count(total, bulk.one));
  if (changed.empty())
    return concat(others, " changed", total == 0 ? "" : ", none", total == 0 ? "" : of);
  const std::string listed = names(changed, most);
  return concat(format_integer(changed.size()), of, " changed", listed.empty() ? "" : ": ", listed,
                others.empty() ? "" : concat("; and the ", others));
}

}  // namespace hubdist
