// How a snapshot is cut into what nodes exchange.
//
// A unit is what the tracker keeps holders of: one blob, or a bundle of small blobs of one snapshot
// that travel together. A piece is the range of a unit that moves at a time. In a blob, pieces have
// one size, which the blob's own size decides: so every node cuts a blob alike, whatever snapshots
// it has it from. In a bundle, each member is a piece. Every node that lists the same snapshot
// computes the same map, whichever of its files it wants.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <hubdist/core/snapshot.h>

namespace hubdist {

inline constexpr std::uint64_t kMinPieceSize = 1 * kMiB;
inline constexpr std::uint64_t kMaxPieceSize = 4 * kMiB;
// Blobs below this size travel in bundles: in the order of the files, as many as fit. (A bundle of
// one is a plain blob, under the blob's own name.)
inline constexpr std::uint64_t kSmallBlob = kMinPieceSize;
inline constexpr std::uint64_t kMaxBundleSize = kMaxPieceSize;
inline constexpr std::size_t kMaxBundleMembers = 1024;
// A larger blob is not exchanged: 16 TiB, far above what hubs accept.
inline constexpr std::uint64_t kMaxBlobSize = std::uint64_t{1} << 44;
inline constexpr std::size_t kMaxUnitIdSize = 512;

// The power of two at or above a blob's size / 1024, from 1 to 4 MiB.
std::uint64_t piece_size_for(std::uint64_t blob_size);

// The name and the shape of a unit: all that the tracker knows of it.
struct UnitLayout {
  // A blob: "sha256:<hex>", else "xet:<Xet hex>"; or, inside one repository (Snapshot::scope),
  // "<scope>/git-sha1:<hex>", "<scope>/md5:<hex>" or "<scope>/etag:<hex>", the last being the
  // sha256 of path and etag, each after its length as 32-bit little-endian. A scope over 256 bytes
  // is written "scope:<its sha256>".
  // A bundle: "bundle:" and the sha256 over its members, for each the length of its name (32 bits,
  // little-endian), the name as above, and its size (64 bits, little-endian).
  std::string id;
  std::uint64_t size = 0;
  std::uint64_t piece_size = 0;           // of a blob; 0 for a bundle
  std::vector<std::uint64_t> piece_ends;  // of a bundle: where each member ends; else empty

  std::size_t piece_count() const;
  ByteRange piece(std::size_t index) const;
  // The piece that holds `offset`, which must be below size.
  std::size_t piece_at(std::uint64_t offset) const;
  bool is_bundle() const { return piece_size == 0; }
  friend bool operator==(const UnitLayout&, const UnitLayout&) = default;
};

// OK when the layout is whole and within bounds: what a tracker checks before it believes a node.
Status check_layout(const UnitLayout& layout);

struct UnitMember {
  std::size_t file = 0;      // index into Snapshot::files: the first file with this content
  std::uint64_t offset = 0;  // where the file's content begins inside the unit
};

struct Unit {
  UnitLayout layout;
  std::vector<UnitMember> members;  // one for a blob
};

struct PieceMap {
  std::vector<Unit> units;
  // For each file of the snapshot the unit and member that carry it; empty files are carried by
  // none (kNoUnit). Files with the same content share a member.
  static constexpr std::size_t kNoUnit = ~std::size_t{0};
  struct Place {
    std::size_t unit = kNoUnit;
    std::size_t member = 0;
  };
  std::vector<Place> places;
};

// Units come in the order of the snapshot's files (by path), a bundle where its first member
// stands. A file gets no unit when nothing names it to others: no digest and no strong etag, only
// a scoped name while the snapshot's scope is empty, a size above kMaxBlobSize, or a digest under
// which the snapshot lists another size before.
PieceMap make_piece_map(const Snapshot& snapshot);

}  // namespace hubdist
