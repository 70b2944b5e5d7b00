#include <algorithm>
#include <map>
#include <set>

#include <doctest/doctest.h>

#include "tests/support/random.h"
#include <hubdist/core/hash.h>
#include <hubdist/core/merkle.h>
#include <hubdist/core/piece_map.h>

using namespace hubdist;
using hubdist::testing::Random;

namespace {

FileEntry lfs_file(std::string path, std::uint64_t size, std::string_view content) {
  FileEntry file{std::move(path), size, {}, {}, true};
  file.identity.sha256 = sha256(as_bytes(content));
  return file;
}

Snapshot snapshot_of(std::vector<FileEntry> files) {
  return {"hub.example/models/org/name", "c0ffee", std::move(files)};
}

// Files of many sizes, some equal, some empty, some without a name, named in every way.
Snapshot random_snapshot(std::uint64_t seed) {
  Random random(seed);
  Snapshot snapshot = snapshot_of({});
  const std::size_t count = random.index(60);
  const std::uint64_t most = std::uint64_t{1} << (8 + random.below(26));
  for (std::size_t i = 0; i < count; ++i) {
    FileEntry file;
    file.path = concat("file-", 1000 + i);
    file.size = random.chance(8) ? 0 : random.below(random.chance(3) ? most : 300'000) + 1;
    const std::string content = concat(file.size, "-", random.below(2));
    switch (random.below(5)) {
      case 0:
        file.identity.sha256 = sha256(as_bytes(content));
        break;
      case 1:
        file.identity.git_sha1 = git_sha1(as_bytes(content));
        break;
      case 2:
        file.identity.md5 = Md5{};
        file.identity.xet = XetHash{sha256(as_bytes(content)).bytes};
        break;
      case 3:
        file.etag = concat("\"", content, "\"");
        break;
      default:
        break;
    }
    snapshot.files.push_back(std::move(file));
  }
  return snapshot;
}

bool is_named(const FileEntry& file) { return file.identity.provable() || !file.etag.empty(); }

void check_pieces_cover(const UnitLayout& layout) {
  std::uint64_t end = 0;
  for (std::size_t i = 0; i < layout.piece_count(); ++i) {
    const ByteRange piece = layout.piece(i);
    REQUIRE(piece.begin == end);
    REQUIRE_FALSE(piece.empty());
    REQUIRE(layout.piece_at(piece.begin) == i);
    REQUIRE(layout.piece_at(piece.end - 1) == i);
    end = piece.end;
  }
  REQUIRE(end == layout.size);
}

void check_map(const Snapshot& snapshot, const PieceMap& map) {
  REQUIRE(map.places.size() == snapshot.files.size());
  std::set<std::string> ids;
  std::size_t last_first_file = 0;
  for (const Unit& unit : map.units) {
    REQUIRE_MESSAGE(check_layout(unit.layout).ok(), message(check_layout(unit.layout)));
    REQUIRE(ids.insert(unit.layout.id).second);
    check_pieces_cover(unit.layout);
    REQUIRE(unit.members.size() == (unit.layout.is_bundle() ? unit.layout.piece_count() : 1));
    REQUIRE(unit.layout.size <= (unit.layout.is_bundle() ? kMaxBundleSize : unit.layout.size));
    REQUIRE(unit.members.front().file >= last_first_file);  // in the order of the files
    last_first_file = unit.members.front().file;
    for (std::size_t m = 0; m < unit.members.size(); ++m) {
      const UnitMember& member = unit.members[m];
      REQUIRE(map.places[member.file].unit == static_cast<std::size_t>(&unit - map.units.data()));
      REQUIRE(map.places[member.file].member == m);
    }
  }
  for (std::size_t i = 0; i < snapshot.files.size(); ++i) {
    const FileEntry& file = snapshot.files[i];
    const PieceMap::Place place = map.places[i];
    REQUIRE((place.unit == PieceMap::kNoUnit) == (file.size == 0 || !is_named(file)));
    if (place.unit == PieceMap::kNoUnit) continue;
    const Unit& unit = map.units[place.unit];
    const UnitMember& member = unit.members[place.member];
    const FileEntry& first = snapshot.files[member.file];
    REQUIRE(member.file <= i);
    REQUIRE(first.identity == file.identity);
    REQUIRE(first.size == file.size);
    if (unit.layout.is_bundle())
      REQUIRE(unit.layout.piece(place.member) ==
              ByteRange{member.offset, member.offset + file.size});
    else
      REQUIRE((member.offset == 0 && unit.layout.size == file.size));
  }
}

}  // namespace

TEST_CASE("the piece size is the power of two at or above a 1024th, from 1 to 4 MiB") {
  CHECK(piece_size_for(0) == 1 * kMiB);
  CHECK(piece_size_for(1 * kGiB) == 1 * kMiB);
  CHECK(piece_size_for(1 * kGiB + 1) == 2 * kMiB);
  CHECK(piece_size_for(2 * kGiB) == 2 * kMiB);
  CHECK(piece_size_for(2 * kGiB + 1) == 4 * kMiB);
  CHECK(piece_size_for(100 * kGiB) == 4 * kMiB);
  CHECK(piece_size_for(~std::uint64_t{0}) == 4 * kMiB);
}

TEST_CASE("every named file is placed once, and every layout is one that a tracker believes") {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    CAPTURE(seed);
    const Snapshot snapshot = random_snapshot(seed);
    check_map(snapshot, make_piece_map(snapshot));
  }
}

TEST_CASE("two nodes that list the same snapshot compute the same map") {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    const PieceMap one = make_piece_map(random_snapshot(seed));
    const PieceMap other = make_piece_map(random_snapshot(seed));
    REQUIRE(one.units.size() == other.units.size());
    for (std::size_t i = 0; i < one.units.size(); ++i)
      REQUIRE(one.units[i].layout == other.units[i].layout);
  }
}

TEST_CASE("small files share a bundle across the large ones between them") {
  const Snapshot snapshot = snapshot_of({lfs_file("config.json", 500, "c"),
                                         lfs_file("model.safetensors", 3 * kMiB + 7, "m"),
                                         lfs_file("tokenizer.json", 700'000, "t")});
  const PieceMap map = make_piece_map(snapshot);
  REQUIRE(map.units.size() == 2);
  const UnitLayout& bundle = map.units[0].layout;
  CHECK(bundle.is_bundle());
  CHECK(bundle.piece_ends == std::vector<std::uint64_t>{500, 700'500});
  CHECK(map.places[2].unit == 0);
  CHECK(map.places[2].member == 1);
  const UnitLayout& blob = map.units[1].layout;
  CHECK(blob.id == concat("sha256:", sha256(as_bytes("m")).hex()));
  CHECK(blob.piece_count() == 4);
  CHECK(blob.piece(3) == ByteRange{3 * kMiB, 3 * kMiB + 7});
}

TEST_CASE("a bundle's name says which contents are in it, in which order") {
  // The encoding is part of the protocol, so the name is computed here once more by hand.
  const auto map = make_piece_map(snapshot_of({lfs_file("a", 5, "a"), lfs_file("b", 6, "b")}));
  std::string encoded;
  for (const auto& [content, size] : {std::pair{"a", 5}, std::pair{"b", 6}}) {
    encoded += std::string("\x47\0\0\0", 4) + concat("sha256:", sha256(as_bytes(content)).hex());
    encoded += std::string(1, static_cast<char>(size)) + std::string(7, '\0');
  }
  CHECK(map.units[0].layout.id == concat("bundle:", sha256(as_bytes(encoded)).hex()));
  const auto swapped = make_piece_map(snapshot_of({lfs_file("a", 6, "b"), lfs_file("b", 5, "a")}));
  CHECK(swapped.units[0].layout.id != map.units[0].layout.id);
}

TEST_CASE("a blob is cut alike in every snapshot, and so are the small ones before it") {
  const auto small = [](std::uint64_t other) {
    return make_piece_map(
        snapshot_of({lfs_file("a", 700'000, "a"), lfs_file("b", 700'000, "b"),
                     lfs_file("model", kGiB, "m"), lfs_file("other", other, concat("o", other))}));
  };
  const PieceMap before = small(8 * kMiB);
  const PieceMap after = small(300 * kGiB);
  REQUIRE(before.units.size() == 3);
  REQUIRE(after.units.size() == 3);
  CHECK(before.units[0].layout == after.units[0].layout);
  CHECK(before.units[1].layout == after.units[1].layout);
  CHECK(after.units[1].layout.piece_size == 1 * kMiB);
  CHECK(after.units[2].layout.piece_size == 4 * kMiB);
}

TEST_CASE("a bundle ends at its greatest size and at its most members") {
  std::vector<FileEntry> files;
  for (int i = 0; i < 7; ++i) files.push_back(lfs_file(concat("f", i), 600 * kKiB, concat("", i)));
  PieceMap map = make_piece_map(snapshot_of(files));
  REQUIRE(map.units.size() == 2);  // six fit into 4 MiB, and a bundle of one is a plain blob
  CHECK(map.units[0].layout.piece_count() == 6);
  CHECK_FALSE(map.units[1].layout.is_bundle());
  CHECK(map.units[1].layout.id == concat("sha256:", sha256(as_bytes("6")).hex()));

  files.clear();
  for (int i = 0; i < 1500; ++i)
    files.push_back(lfs_file(concat("f", 10'000 + i), 1, concat("", i)));
  map = make_piece_map(snapshot_of(files));
  REQUIRE(map.units.size() == 2);
  CHECK(map.units[0].layout.piece_count() == kMaxBundleMembers);
  CHECK(map.units[1].layout.piece_count() == 1500 - kMaxBundleMembers);
}

TEST_CASE("a bundle may be filled to the last byte, and a blob of 1 MiB is in none") {
  std::vector<FileEntry> files;
  for (int i = 0; i < 8; ++i) files.push_back(lfs_file(concat("f", i), 512 * kKiB, concat("", i)));
  PieceMap map = make_piece_map(snapshot_of(files));
  REQUIRE(map.units.size() == 1);
  CHECK(map.units[0].layout.size == kMaxBundleSize);
  map = make_piece_map(snapshot_of({lfs_file("a", 1 * kMiB, "a"), lfs_file("b", 1 * kMiB, "b"),
                                    lfs_file("big", 3 * kGiB, "big")}));
  CHECK(map.units.size() == 3);
}

TEST_CASE("files with the same content share a place") {
  const auto map = make_piece_map(
      snapshot_of({lfs_file("a", 2 * kMiB, "x"), lfs_file("b", 2 * kMiB, "x"),
                   lfs_file("c", 9, "y"), lfs_file("d", 9, "y"), lfs_file("e", 9, "z")}));
  CHECK(map.units.size() == 2);
  CHECK(map.places[0].unit == map.places[1].unit);
  CHECK(map.places[2].unit == map.places[3].unit);
  CHECK(map.places[2].member == map.places[3].member);
  CHECK(map.places[4].member == 1);
}

TEST_CASE("weak names count inside their repository alone") {
  FileEntry git{"a", 3 * kMiB, {}, {}, false};
  git.identity.git_sha1 = git_sha1(as_bytes("a"));
  Snapshot snapshot = snapshot_of({git});
  CHECK(make_piece_map(snapshot).units[0].layout.id ==
        concat("hub.example/models/org/name/git-sha1:", git.identity.git_sha1->hex()));
  snapshot.scope.clear();
  CHECK(make_piece_map(snapshot).units.empty());

  FileEntry xet = git;
  xet.identity.xet = XetHash{sha256(as_bytes("a")).bytes};
  snapshot.files = {xet};
  CHECK(make_piece_map(snapshot).units[0].layout.id == concat("xet:", xet_hex(*xet.identity.xet)));
}

TEST_CASE("an etag names a version of one path, and a weak etag names nothing") {
  const FileEntry a{"a", 2 * kMiB, {}, "\"1\"", false};
  const FileEntry b{"b", 2 * kMiB, {}, "\"1\"", false};
  const FileEntry weak{"c", 2 * kMiB, {}, "W/\"1\"", false};
  const auto map = make_piece_map(snapshot_of({a, b, weak}));
  CHECK(map.units.size() == 2);
  CHECK(map.places[0].unit != map.places[1].unit);
  CHECK(map.places[2].unit == PieceMap::kNoUnit);
}

TEST_CASE("a long scope still makes a name within bounds") {
  FileEntry git{"a", 5, {}, {}, false};
  git.identity.git_sha1 = Sha1{};
  Snapshot snapshot = snapshot_of({git});
  snapshot.scope = std::string(5000, 's');
  const auto map = make_piece_map(snapshot);
  REQUIRE(map.units.size() == 1);
  CHECK(check_layout(map.units[0].layout).ok());
}

TEST_CASE("a listing that gives one digest two sizes lets only the first take part") {
  const auto map =
      make_piece_map(snapshot_of({lfs_file("a", 2 * kMiB, "x"), lfs_file("b", 3 * kMiB, "x")}));
  CHECK(map.units.size() == 1);
  CHECK(map.places[1].unit == PieceMap::kNoUnit);
}

TEST_CASE("an empty snapshot has an empty map") {
  const auto map = make_piece_map(snapshot_of({}));
  CHECK(map.units.empty());
}

TEST_CASE("layouts that a liar could send are refused") {
  const UnitLayout blob{"sha256:00", 10 * kMiB, kMiB, {}};
  const std::string bundle_id = concat("bundle:", std::string(64, '0'));
  const UnitLayout bundle{bundle_id, 30, 0, {10, 30}};
  REQUIRE(check_layout(blob).ok());
  REQUIRE(check_layout(bundle).ok());
  const auto refused = [](UnitLayout layout, auto&& change) {
    change(layout);
    return check_layout(layout).code() == StatusCode::kInvalidArgument;
  };
  CHECK(refused(blob, [](UnitLayout& l) { l.id.clear(); }));
  CHECK(refused(blob, [](UnitLayout& l) { l.id = std::string(kMaxUnitIdSize + 1, 'x'); }));
  CHECK(refused(blob, [&](UnitLayout& l) { l.id = bundle_id; }));
  CHECK(refused(blob, [](UnitLayout& l) { l.size = 0; }));
  CHECK(refused(blob, [](UnitLayout& l) { l.size = kMaxBlobSize + 1; }));
  CHECK(refused(blob, [](UnitLayout& l) { l.size = 2 * kGiB; }));  // too many pieces of 1 MiB
  CHECK(refused(blob, [](UnitLayout& l) { l.piece_size = 3 * kMiB; }));
  CHECK(refused(blob, [](UnitLayout& l) { l.piece_size = kMiB / 2; }));
  CHECK(refused(blob, [](UnitLayout& l) { l.piece_size = 8 * kMiB; }));
  CHECK(refused(blob, [](UnitLayout& l) { l.piece_ends = {10 * kMiB}; }));
  CHECK(refused(bundle, [](UnitLayout& l) { l.id = "sha256:00"; }));
  CHECK(refused(bundle, [](UnitLayout& l) { l.id = "bundle:00"; }));
  CHECK(refused(bundle, [](UnitLayout& l) { l.piece_ends = {}; }));
  CHECK(refused(bundle, [](UnitLayout& l) { l.piece_ends = {30}; }));
  CHECK(refused(bundle, [](UnitLayout& l) { l.piece_ends = {10, 10, 30}; }));
  CHECK(refused(bundle, [](UnitLayout& l) { l.piece_ends = {20, 10, 30}; }));
  CHECK(refused(bundle, [](UnitLayout& l) { l.piece_ends = {10, 29}; }));
  CHECK(refused(bundle, [](UnitLayout& l) { l.piece_ends = {10, 31}; }));
  CHECK(refused(bundle, [](UnitLayout& l) {
    l.piece_ends = {kMiB, 2 * kMiB};
    l.size = 2 * kMiB;
  }));
  CHECK(refused(bundle, [](UnitLayout& l) {
    l.piece_ends.clear();
    for (std::uint64_t i = 1; i <= 5; ++i) l.piece_ends.push_back(i * (kMiB - 1));
    l.size = 5 * (kMiB - 1);
  }));
  CHECK(refused(bundle, [](UnitLayout& l) {
    l.piece_ends.clear();
    for (std::uint64_t i = 1; i <= kMaxBundleMembers + 1; ++i) l.piece_ends.push_back(i);
    l.size = kMaxBundleMembers + 1;
  }));
}
