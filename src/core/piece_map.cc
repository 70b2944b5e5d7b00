#include <algorithm>
#include <bit>
#include <map>
#include <optional>
#include <utility>

#include <hubdist/core/hash.h>
#include <hubdist/core/merkle.h>
#include <hubdist/core/piece_map.h>

namespace hubdist {
namespace {

constexpr std::string_view kBundlePrefix = "bundle:";
constexpr std::size_t kMaxScope = 256;  // leaves room for a digest within kMaxUnitIdSize

void append_sized(Bytes& out, std::string_view text) {
  append_le(out, static_cast<std::uint32_t>(text.size()));
  append_bytes(out, as_bytes(text));
}

// An etag names one version of one path, so the path is part of the name.
std::string etag_digest(const FileEntry& file) {
  Bytes named;
  append_sized(named, file.path);
  append_sized(named, file.etag);
  return sha256(named).hex();
}

std::string short_scope(std::string_view scope) {
  if (scope.size() <= kMaxScope) return std::string(scope);
  return concat("scope:", sha256(as_bytes(scope)).hex());
}

// Empty when nothing names the content for other nodes. A weak etag promises no equal bytes.
std::string unit_id(const std::string& scope, const FileEntry& file) {
  const Identity& identity = file.identity;
  if (identity.sha256) return concat("sha256:", identity.sha256->hex());
  if (identity.xet) return concat("xet:", xet_hex(*identity.xet));
  if (scope.empty()) return {};
  if (identity.git_sha1) return concat(scope, "/git-sha1:", identity.git_sha1->hex());
  if (identity.md5) return concat(scope, "/md5:", identity.md5->hex());
  if (file.etag.empty() || file.etag.starts_with("W/")) return {};
  return concat(scope, "/etag:", etag_digest(file));
}

// Gathers small blobs into bundles and puts every blob at its place.
class MapBuilder {
 public:
  explicit MapBuilder(const Snapshot& snapshot)
      : snapshot_(snapshot), scope_(short_scope(snapshot.scope)) {
    map_.places.resize(snapshot.files.size());
  }

  PieceMap build() && {
    for (std::size_t i = 0; i < snapshot_.files.size(); ++i) place(i);
    close_bundle();
    return std::move(map_);
  }

 private:
  struct Seen {
    std::uint64_t size = 0;
    PieceMap::Place place;
  };

  void place(std::size_t index) {
    const FileEntry& file = snapshot_.files[index];
    if (file.size == 0 || file.size > kMaxBlobSize) return;
    std::string id = unit_id(scope_, file);
    if (id.empty()) return;
    if (const auto seen = seen_.find(id); seen != seen_.end()) {
      // A listing that gives one content two sizes is wrong; the second goes without peers.
      if (seen->second.size == file.size) map_.places[index] = seen->second.place;
      return;
    }
    const PieceMap::Place place =
        file.size < kSmallBlob ? add_small(index, id) : add_blob(index, id);
    map_.places[index] = place;
    seen_.emplace(std::move(id), Seen{file.size, place});
  }

  PieceMap::Place add_blob(std::size_t index, const std::string& id) {
    Unit unit;
    const std::uint64_t size = snapshot_.files[index].size;
    unit.layout = {id, size, piece_size_for(size), {}};
    unit.members = {{index, 0}};
    map_.units.push_back(std::move(unit));
    return {map_.units.size() - 1, 0};
  }

  PieceMap::Place add_small(std::size_t index, const std::string& id) {
    const std::uint64_t size = snapshot_.files[index].size;
    if (bundle_) {
      const Unit& unit = map_.units[*bundle_];
      if (unit.layout.size + size > kMaxBundleSize || unit.members.size() == kMaxBundleMembers)
        close_bundle();
    }
    if (!bundle_) {
      bundle_ = map_.units.size();
      map_.units.emplace_back();
    }
    Unit& unit = map_.units[*bundle_];
    unit.members.push_back({index, unit.layout.size});
    unit.layout.size += size;
    unit.layout.piece_ends.push_back(unit.layout.size);
    append_sized(bundle_members_, id);
    append_le(bundle_members_, size);
    return {*bundle_, unit.members.size() - 1};
  }

  // A bundle of one would only hide its member's name.
  void close_bundle() {
    if (!bundle_) return;
    Unit& unit = map_.units[*bundle_];
    if (unit.members.size() == 1) {
      const FileEntry& only = snapshot_.files[unit.members.front().file];
      unit.layout = {unit_id(scope_, only), only.size, piece_size_for(only.size), {}};
    } else {
      unit.layout.id = concat(kBundlePrefix, sha256(bundle_members_).hex());
    }
    bundle_members_.clear();
    bundle_.reset();
  }

  const Snapshot& snapshot_;
  const std::string scope_;
  PieceMap map_;
  std::map<std::string, Seen> seen_;
  std::optional<std::size_t> bundle_;  // the unit that still takes small blobs
  Bytes bundle_members_;               // what its name is made of
};

Status check_bundle(const UnitLayout& layout) {
  const std::vector<std::uint64_t>& ends = layout.piece_ends;
  if (!is_hex(std::string_view(layout.id).substr(kBundlePrefix.size()), 2 * Sha256::kSize))
    return invalid_argument("a bundle's name is not ", kBundlePrefix, "<64 hexadecimal digits>");
  if (ends.size() < 2 || ends.size() > kMaxBundleMembers)
    return invalid_argument("a bundle has ", ends.size(), " members, allowed are 2 to ",
                            kMaxBundleMembers);
  if (layout.size > kMaxBundleSize)
    return invalid_argument("a bundle has ", layout.size, " bytes, allowed are ", kMaxBundleSize);
  std::uint64_t begin = 0;
  for (const std::uint64_t end : ends) {
    if (end <= begin || end - begin >= kSmallBlob)
      return invalid_argument("a bundle's member ends at ", end, " after one that ends at ", begin);
    begin = end;
  }
  if (begin != layout.size)
    return invalid_argument("a bundle's members end at ", begin, ", not at its size ", layout.size);
  return {};
}

}  // namespace

std::uint64_t piece_size_for(std::uint64_t blob_size) {
  constexpr std::uint64_t kPieces = 1024;
  const std::uint64_t least = blob_size / kPieces + (blob_size % kPieces != 0);
  return std::bit_ceil(std::clamp(least, kMinPieceSize, kMaxPieceSize));
}

std::size_t UnitLayout::piece_count() const {
  if (is_bundle()) return piece_ends.size();
  return static_cast<std::size_t>(size / piece_size + (size % piece_size != 0));
}

ByteRange UnitLayout::piece(std::size_t index) const {
  if (is_bundle()) return {index == 0 ? 0 : piece_ends[index - 1], piece_ends[index]};
  const std::uint64_t begin = index * piece_size;
  return {begin, begin + std::min(piece_size, size - begin)};
}

std::size_t UnitLayout::piece_at(std::uint64_t offset) const {
  if (!is_bundle()) return static_cast<std::size_t>(offset / piece_size);
  const auto end = std::upper_bound(piece_ends.begin(), piece_ends.end(), offset);
  return static_cast<std::size_t>(end - piece_ends.begin());
}

Status check_layout(const UnitLayout& layout) {
  if (layout.id.empty() || layout.id.size() > kMaxUnitIdSize)
    return invalid_argument("a unit's name has ", layout.id.size(), " bytes, allowed are 1 to ",
                            kMaxUnitIdSize);
  const bool named_bundle = layout.id.starts_with(kBundlePrefix);
  if (named_bundle != layout.is_bundle())
    return invalid_argument("a unit's name and its layout differ in whether it is a bundle");
  if (layout.is_bundle()) return check_bundle(layout);
  if (layout.size == 0 || layout.size > kMaxBlobSize)
    return invalid_argument("a blob has ", layout.size, " bytes, allowed are 1 to ", kMaxBlobSize);
  if (!std::has_single_bit(layout.piece_size) || layout.piece_size > kMaxPieceSize ||
      layout.piece_size < piece_size_for(layout.size))
    return invalid_argument("a blob of ", layout.size, " bytes has pieces of ", layout.piece_size,
                            ", allowed are powers of two from ", piece_size_for(layout.size),
                            " to ", kMaxPieceSize);
  if (!layout.piece_ends.empty()) return invalid_argument("a blob states the ends of members");
  return {};
}

PieceMap make_piece_map(const Snapshot& snapshot) { return MapBuilder(snapshot).build(); }

}  // namespace hubdist
