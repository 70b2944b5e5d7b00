#include <algorithm>
#include <unordered_map>

#include "core/report/own_changes.h"
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

// A part by its name; the pages of a table lie in many regions.
struct Part {
  std::string_view name;
  std::uint64_t new_bytes = 0;
  bool own = false;  // changed itself, rather than touched by a chunk of a neighbour
};

std::string_view part_name(const DedupeFile& file, const Region& region) {
  const std::string_view name = region.name;
  return file.format == ContentFormat::kSqlite ? name.substr(0, name.rfind(", page")) : name;
}

// The bulk of a file by parts: those that changed first, and of them the most changed.
std::vector<Part> parts_of(const DedupeFile& file, RegionKind kind) {
  const std::vector<bool> own = report::own_changes(file);
  std::vector<Part> parts;
  std::unordered_map<std::string_view, std::size_t> known;
  for (std::size_t i = 0; i < file.regions.size(); ++i) {
    if (file.regions[i].region.kind != kind) continue;
    const std::string_view name = part_name(file, file.regions[i].region);
    const auto [found, added] = known.emplace(name, parts.size());
    if (added) parts.push_back({name});
    Part& part = parts[found->second];
    part.new_bytes += file.regions[i].new_bytes;
    part.own = part.own || own[i];
  }
  std::stable_sort(parts.begin(), parts.end(), [](const Part& a, const Part& b) {
    return a.own != b.own ? a.own : a.new_bytes > b.new_bytes;
  });
  return parts;
}

std::string names(const std::vector<Part>& parts, std::size_t changed, std::size_t most) {
  const auto listed = static_cast<std::ptrdiff_t>(std::min(most, changed));
  // Names that hold commas are kept apart by more.
  const bool commas = std::any_of(parts.begin(), parts.begin() + listed, [](const Part& part) {
    return part.name.find(',') != part.name.npos;
  });
  const std::string_view separator = commas ? "; " : ", ";
  std::string out;
  for (auto part = parts.begin(); part != parts.begin() + listed; ++part)
    out += concat(out.empty() ? "" : separator, part->name);
  if (changed > most && most > 0) out += concat(separator, "...");
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
    if (any) out += concat(out.empty() ? "" : " and ", name(kind));
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
  const std::vector<Part> parts = parts_of(file, bulk.kind);
  const auto count = [&](auto&& holds) {
    return static_cast<std::size_t>(std::count_if(parts.begin(), parts.end(), holds));
  };
  const std::size_t changed = count([](const Part& part) { return part.own; });
  const std::size_t touched = count([](const Part& p) { return !p.own && p.new_bytes > 0; });
  const std::string others = other_kinds(file, bulk.kind);
  const std::string of = concat(" of ", format_count(parts.size(), bulk.one));
  if (changed == 0) return concat(others, " changed", parts.empty() ? "" : concat(", none", of));
  const std::string listed = names(parts, changed, most);
  const std::string sharing =
      touched == 0 ? ""
                   : concat("; ", format_integer(touched),
                            touched == 1 ? " more shares" : " more share", " chunks with them");
  return concat(format_integer(changed), of, " changed", listed.empty() ? "" : ": ", listed,
                sharing, others.empty() ? "" : concat("; and the ", others));
}

}  // namespace hubdist
