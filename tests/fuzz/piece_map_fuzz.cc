#include "tests/fuzz/fuzz.h"
#include <hubdist/core/hash.h>
#include <hubdist/core/piece_map.h>

using namespace hubdist;
using hubdist::fuzz::fuzz_check;
using hubdist::fuzz::Input;

namespace {

constexpr std::size_t kMaxPiecesWalked = 5000;

void check_pieces(const UnitLayout& layout) {
  const std::size_t count = layout.piece_count();
  fuzz_check(count > 0, "a layout has no pieces");
  std::uint64_t end = 0;
  for (std::size_t i = 0; i < std::min(count, kMaxPiecesWalked); ++i) {
    const ByteRange piece = layout.piece(i);
    fuzz_check(piece.begin == end && piece.end > piece.begin, "pieces do not follow each other");
    fuzz_check(piece.size() <= kMaxPieceSize, "a piece is too long");
    fuzz_check(layout.piece_at(piece.begin) == i && layout.piece_at(piece.end - 1) == i,
               "an offset lies in another piece");
    end = piece.end;
  }
  fuzz_check(layout.piece(count - 1).end == layout.size, "the pieces do not cover the unit");
}

void check_foreign_layout(Input& draw) {
  UnitLayout layout;
  layout.id = draw.text();
  if (draw.byte() % 2 == 0) layout.id = concat("bundle:", std::string(64, 'a'));
  layout.size = draw.number(draw.byte() % 9);
  layout.piece_size = draw.byte() % 2 == 0 ? 0 : draw.number(draw.byte() % 9);
  while (!draw.done()) layout.piece_ends.push_back(draw.number(3));
  if (check_layout(layout).ok()) check_pieces(layout);
}

void check_map(Input& draw) {
  Snapshot snapshot;
  snapshot.scope = draw.text();
  while (!draw.done()) {
    FileEntry file;
    file.path = concat("f", snapshot.files.size());
    file.size = draw.number(draw.byte() % 9);
    const std::uint8_t kind = draw.byte();
    const std::string content = concat("", kind);
    if (kind & 1) file.identity.sha256 = sha256(as_bytes(content));
    if (kind & 2) file.identity.git_sha1 = git_sha1(as_bytes(content));
    if (kind & 4) file.etag = draw.text();
    snapshot.files.push_back(std::move(file));
  }
  const PieceMap map = make_piece_map(snapshot);
  fuzz_check(map.places.size() == snapshot.files.size(), "a file has no place");
  for (const Unit& unit : map.units) {
    fuzz_check(check_layout(unit.layout).ok(), "a map has a layout that no tracker believes");
    check_pieces(unit.layout);
  }
}

}  // namespace

// The first byte says whether the rest is a layout as a stranger could send it, or a listing.
FUZZ_TARGET(piece_map, 3000) {
  Input draw(input);
  if (draw.byte() % 2 == 0)
    check_foreign_layout(draw);
  else
    check_map(draw);
}
