#include "core/internal/parquet_pages.h"

#include <algorithm>
#include <optional>

#include "core/internal/thrift.h"

namespace hubdist::internal {
namespace {

constexpr std::size_t kMaxColumns = 64;
constexpr std::size_t kMaxPages = 32;                // of a column
constexpr std::uint64_t kMaxPageHeader = 64 * kKiB;  // statistics make them long
constexpr std::uint64_t kFirstTry = 512;             // bytes that most headers fit in
constexpr std::int64_t kBatch = 1024;                // rows that Arrow's writer takes at a time
// Of values in a column: writers that cut by content have done so before, after 1 MiB at the
// latest.
constexpr std::int64_t kEnoughBytes = 2 * static_cast<std::int64_t>(kMiB);

enum PageType : std::int64_t { kDataPage = 0, kDataPageV2 = 3 };

struct PageHeader {
  std::int64_t type = -1;
  std::int64_t size = 0;
  std::int64_t compressed_size = -1;
  std::int64_t values = 0;
  std::size_t length = 0;  // of the header itself
};

Status read_values(ThriftReader& thrift, PageHeader& page) {
  return thrift.read_struct([&](std::int16_t id, ThriftType type) -> Status {
    if (id != 1 || type != ThriftType::kI32) return thrift.skip(type);
    HUBDIST_ASSIGN(page.values, thrift.read_integer());
    return {};
  });
}

Result<PageHeader> parse_page_header(ByteView bytes) {
  ThriftReader thrift(bytes);
  PageHeader page;
  HUBDIST_TRY(thrift.read_struct([&](std::int16_t id, ThriftType type) -> Status {
    if (id == 1 && type == ThriftType::kI32) {
      HUBDIST_ASSIGN(page.type, thrift.read_integer());
    } else if (id == 2 && type == ThriftType::kI32) {
      HUBDIST_ASSIGN(page.size, thrift.read_integer());
    } else if (id == 3 && type == ThriftType::kI32) {
      HUBDIST_ASSIGN(page.compressed_size, thrift.read_integer());
    } else if ((id == 5 || id == 8) && type == ThriftType::kStruct) {
      return read_values(thrift, page);
    } else {
      return thrift.skip(type);
    }
    return {};
  }));
  page.length = thrift.position();
  return page;
}

Result<PageHeader> read_page_header(const ContentReader& content, ByteRange range) {
  Result<PageHeader> page = broken("it is empty");
  for (std::uint64_t size = kFirstTry; size <= kMaxPageHeader; size *= 8) {
    Bytes bytes(static_cast<std::size_t>(std::min(size, range.size())));
    HUBDIST_TRY(content.read(range.begin, bytes));
    page = parse_page_header(bytes);
    if (page.ok() || bytes.size() == range.size()) break;
  }
  return page;
}

class Pages {
 public:
  Status look_at(const ContentReader& content, ByteRange column) {
    std::int64_t bytes = 0;
    std::optional<std::int64_t> last;  // the values of a page, until another follows it
    for (std::size_t i = 0; i < kMaxPages && !column.empty(); ++i) {
      auto page = read_page_header(content, column);
      if (is_broken(page.status())) break;
      HUBDIST_TRY(page.status());
      if (page->compressed_size < 0 || page->size < 0) break;
      if (page->type == kDataPage || page->type == kDataPageV2) {
        if (last) counts_.push_back(*last);
        last = page->values;
        bytes += page->size;
      }
      const std::uint64_t size = page->length + static_cast<std::uint64_t>(page->compressed_size);
      column.begin += std::min(size, column.size());
    }
    most_bytes_ = std::max(most_bytes_, bytes);
    return {};
  }

  bool counted() const {
    if (most_bytes_ < kEnoughBytes || counts_.empty()) return false;
    const std::int64_t limit = *std::max_element(counts_.begin(), counts_.end());
    return std::all_of(counts_.begin(), counts_.end(), [limit](std::int64_t count) {
      return count > 0 && (count == limit || count % kBatch == 0);
    });
  }

 private:
  std::vector<std::int64_t> counts_;  // of pages that are not the last of their column
  std::int64_t most_bytes_ = 0;       // of the pages of one column
};

}  // namespace

Result<bool> has_counted_pages(const ContentReader& content,
                               const std::vector<ByteRange>& columns) {
  Pages pages;
  for (std::size_t i = 0; i < std::min(columns.size(), kMaxColumns); ++i)
    HUBDIST_TRY(pages.look_at(content, columns[i]));
  return pages.counted();
}

}  // namespace hubdist::internal
