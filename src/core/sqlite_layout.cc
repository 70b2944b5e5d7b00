#include <algorithm>
#include <array>
#include <utility>

#include "core/internal/content_cursor.h"
#include "core/internal/layouts.h"

namespace hubdist::internal {
namespace {

constexpr std::uint64_t kMaxPages = 1
                                    << 18;  // 1 GiB of pages of 4 KiB; larger files are not walked
constexpr std::size_t kFileHeader = 100;    // on the first page
constexpr std::size_t kMaxTables = 100'000;
constexpr int kMaxDepth = 20;  // of a b-tree

// Big-endian numbers inside a page; 0 beyond its end.
class Page {
 public:
  Page() = default;
  explicit Page(Bytes bytes) : bytes_(std::move(bytes)) {}
  std::size_t size() const { return bytes_.size(); }
  std::uint32_t number(std::size_t at, std::size_t width) const {
    std::uint32_t value = 0;
    if (at > bytes_.size() || width > bytes_.size() - at) return 0;
    for (std::size_t i = 0; i < width; ++i)
      value = value << 8 | std::to_integer<std::uint32_t>(bytes_[at + i]);
    return value;
  }
  // A number of 1 to 9 bytes; moves `at` behind it.
  std::uint64_t varint(std::size_t& at) const {
    std::uint64_t value = 0;
    for (int i = 0; i < 9; ++i) {
      const std::uint32_t byte = number(at++, 1);
      if (i == 8) return value << 8 | byte;
      value = value << 7 | (byte & 0x7f);
      if (byte < 0x80) break;
    }
    return value;
  }
  std::string_view text(std::uint64_t at, std::uint64_t size) const {
    if (at > bytes_.size() || size > bytes_.size() - at) return {};
    return as_text(bytes_).substr(static_cast<std::size_t>(at), static_cast<std::size_t>(size));
  }

 private:
  Bytes bytes_;
};

enum PageKind : std::uint32_t {
  kIndexInterior = 2,
  kTableInterior = 5,
  kIndexLeaf = 10,
  kTableLeaf = 13,
};

struct Tree {
  std::string name;
  RegionKind kind = RegionKind::kTable;
  std::uint32_t root = 0;
};

class Sqlite {
 public:
  explicit Sqlite(const ContentReader& content) : content_(content) {}

  Status read(RegionList& regions) {
    HUBDIST_TRY(read_header());
    trees_ = {{"sqlite_schema", RegionKind::kTable, 1}, {"free", RegionKind::kFree, 0}};
    HUBDIST_TRY(walk(0, 1, 0));  // appends the other trees
    for (std::size_t i = 2; i < trees_.size(); ++i)
      HUBDIST_TRY(walk(static_cast<std::uint32_t>(i), trees_[i].root, 0));
    HUBDIST_TRY(walk_freelist());
    add_runs(regions);
    return {};
  }

 private:
  static constexpr std::uint32_t kNobody = 0xffff'ffff;
  static constexpr std::uint32_t kFreelist = 1;  // of trees_

  Status read_header() {
    if (content_.size() < kFileHeader) return broken("it ends too early");
    HUBDIST_ASSIGN(Bytes bytes, read_part(content_, {0, kFileHeader}));
    const Page header(std::move(bytes));
    page_size_ = header.number(16, 2);
    if (page_size_ == 1) page_size_ = 65536;
    if (page_size_ < 512 || (page_size_ & (page_size_ - 1)) != 0)
      return broken(concat("its page size is ", page_size_));
    const std::uint32_t reserved = header.number(20, 1);
    usable_ = page_size_ - reserved;
    if (usable_ < 480) return broken(concat("its pages reserve ", reserved, " bytes"));
    const std::uint64_t pages = content_.size() / page_size_;
    if (pages == 0) return broken("it ends inside its first page");
    if (pages > kMaxPages)
      return broken(
          concat("it has ", pages, " pages, more than the ", kMaxPages, " that are read"));
    owners_.assign(static_cast<std::size_t>(pages), kNobody);
    first_free_ = header.number(32, 4);
    return {};
  }

  // Takes a page for a tree; false when it does not exist or has been taken.
  bool take(std::uint32_t page, std::uint32_t tree) {
    if (page == 0 || page > owners_.size() || owners_[page - 1] != kNobody) return false;
    owners_[page - 1] = tree;
    return true;
  }

  Result<Page> load(std::uint32_t page) {
    const std::uint64_t begin = std::uint64_t{page - 1} * page_size_;
    HUBDIST_ASSIGN(Bytes bytes, read_part(content_, {begin, begin + page_size_}));
    return Page(std::move(bytes));
  }

  Status walk(std::uint32_t tree, std::uint32_t number, int depth) {
    if (depth > kMaxDepth || !take(number, tree)) return {};
    HUBDIST_ASSIGN(const Page page, load(number));
    const std::size_t header = number == 1 ? kFileHeader : 0;
    const std::uint32_t kind = page.number(header, 1);
    const bool interior = kind == kTableInterior || kind == kIndexInterior;
    if (!interior && kind != kTableLeaf && kind != kIndexLeaf) return {};
    const std::size_t cells = page.number(header + 3, 2);
    for (std::size_t i = 0; i < cells; ++i) {
      const std::size_t cell = page.number(header + (interior ? 12 : 8) + 2 * i, 2);
      if (cell == 0) break;
      if (kind != kTableInterior) HUBDIST_TRY(read_cell(tree, kind, page, cell));
      if (interior) HUBDIST_TRY(walk(tree, page.number(cell, 4), depth + 1));
    }
    if (interior) return walk(tree, page.number(header + 8, 4), depth + 1);
    return {};
  }

  // A cell that has a payload: its overflow pages belong to the tree.
  Status read_cell(std::uint32_t tree, std::uint32_t kind, const Page& page, std::size_t cell) {
    std::size_t at = cell + (kind == kIndexInterior ? 4 : 0);
    const std::uint64_t payload = page.varint(at);
    if (kind == kTableLeaf) page.varint(at);  // the row's number
    const std::uint64_t local = local_size(payload, kind == kTableLeaf);
    if (tree == 0 && kind == kTableLeaf) read_schema_row(page, at, local);
    if (local == payload) return {};
    return walk_overflow(tree, page.number(at + static_cast<std::size_t>(local), 4));
  }

  // How much of a payload lies in its cell.
  std::uint64_t local_size(std::uint64_t payload, bool table_leaf) const {
    const std::uint64_t usable = usable_;
    const std::uint64_t most = table_leaf ? usable - 35 : (usable - 12) * 64 / 255 - 23;
    if (payload <= most) return payload;
    const std::uint64_t least = (usable - 12) * 32 / 255 - 23;
    const std::uint64_t fit = least + (payload - least) % (usable - 4);
    return fit <= most ? fit : least;
  }

  Status walk_overflow(std::uint32_t tree, std::uint32_t page) {
    while (take(page, tree)) {
      Bytes next(4);
      HUBDIST_TRY(content_.read(std::uint64_t{page - 1} * page_size_, next));
      page = Page(std::move(next)).number(0, 4);
    }
    return {};
  }

  // type, name, tbl_name, rootpage, sql: the first four lie in the cell unless names are very long.
  void read_schema_row(const Page& page, std::size_t at, std::uint64_t local) {
    const std::uint64_t begin = at;
    const std::uint64_t header = page.varint(at);
    std::uint64_t value = begin + header;
    std::array<std::string_view, 3> texts;
    for (std::string_view& text : texts) {
      const std::uint64_t type = page.varint(at);
      const std::uint64_t size = type >= 13 && type % 2 == 1 ? (type - 13) / 2 : 0;
      if (header > local || size > local) return;
      text = page.text(value, size);
      value += size;
    }
    const std::uint64_t type = page.varint(at);
    if (type < 1 || type > 4 || value > page.size() || trees_.size() > kMaxTables) return;
    const std::uint32_t root =
        page.number(static_cast<std::size_t>(value), static_cast<std::size_t>(type));
    if (root == 0) return;  // a view, a trigger
    const bool index = texts[0] == "index";
    trees_.push_back({std::string(texts[1].substr(0, kKiB)),
                      index ? RegionKind::kIndex : RegionKind::kTable, root});
  }

  Status walk_freelist() {
    std::uint32_t trunk = first_free_;
    while (take(trunk, kFreelist)) {
      HUBDIST_ASSIGN(const Page page, load(trunk));
      const std::size_t leaves = std::min<std::size_t>(page.number(4, 4), page.size() / 4);
      for (std::size_t i = 0; i < leaves; ++i) take(page.number(8 + 4 * i, 4), kFreelist);
      trunk = page.number(0, 4);
    }
    return {};
  }

  // Neighbouring pages of one tree are a region.
  void add_runs(RegionList& regions) const {
    for (std::size_t begin = 0; begin < owners_.size();) {
      std::size_t end = begin + 1;
      while (end < owners_.size() && owners_[end] == owners_[begin]) ++end;
      if (owners_[begin] != kNobody) {
        const Tree& tree = trees_[owners_[begin]];
        const std::string pages =
            end == begin + 1 ? concat("page ", begin + 1) : concat("pages ", begin + 1, "-", end);
        regions.add(tree.kind, concat(region_name(tree.name), ", ", pages), "",
                    {begin * page_size_, end * page_size_});
      }
      begin = end;
    }
  }

  const ContentReader& content_;
  std::uint64_t page_size_ = 0;
  std::uint64_t usable_ = 0;
  std::uint32_t first_free_ = 0;
  std::vector<std::uint32_t> owners_;  // of each page: an index into trees_
  std::vector<Tree> trees_;
};

}  // namespace

Status read_sqlite(const ContentReader& content, ContentLayout& layout) {
  layout.format = ContentFormat::kSqlite;
  RegionList regions;
  if (const Status status = Sqlite(content).read(regions); is_broken(status))
    layout.notes.push_back(concat("the pages of the database are not listed: ", message(status)));
  else
    HUBDIST_TRY(status);
  regions.finish(content.size(), layout);
  return {};
}

}  // namespace hubdist::internal
