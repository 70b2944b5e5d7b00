#include <algorithm>

#include "core/internal/layouts.h"
#include "core/internal/parquet_pages.h"
#include "core/internal/thrift.h"

namespace hubdist::internal {
namespace {

constexpr std::uint64_t kMagic = 4;
constexpr std::uint64_t kTail = 8;  // the footer's length and the magic number

std::string_view codec_name(std::int64_t codec) {
  constexpr std::string_view kNames[] = {"uncompressed", "snappy", "gzip", "lzo",
                                         "brotli",       "lz4",    "zstd", "lz4 raw"};
  if (codec < 0 || static_cast<std::size_t>(codec) >= std::size(kNames)) return "unknown codec";
  return kNames[codec];
}

struct Column {
  std::string path;
  std::int64_t codec = -1;
  std::int64_t size = -1;
  std::int64_t data_offset = -1;
  std::int64_t dictionary_offset = 0;
  bool elsewhere = false;  // in another file

  // Where it lies; empty when that makes no sense.
  ByteRange range() const {
    const std::int64_t begin =
        dictionary_offset > 0 ? std::min(dictionary_offset, data_offset) : data_offset;
    if (elsewhere || begin < 0 || size < 0) return {};
    return {static_cast<std::uint64_t>(begin),
            static_cast<std::uint64_t>(begin) + static_cast<std::uint64_t>(size)};
  }
};

class Footer {
 public:
  Footer(ByteView bytes, RegionList& regions) : thrift_(bytes), regions_(regions) {}

  Status read() {
    return thrift_.read_struct([this](std::int16_t id, ThriftType type) -> Status {
      if (id != 4 || type != ThriftType::kList) return thrift_.skip(type);
      return thrift_.read_list(ThriftType::kStruct, [this] { return row_group(); });
    });
  }
  const std::vector<ByteRange>& columns() const { return columns_; }
  std::uint64_t data_end() const { return data_end_; }

 private:
  Status row_group() {
    const Status status = thrift_.read_struct([this](std::int16_t id, ThriftType type) -> Status {
      if (id != 1 || type != ThriftType::kList) return thrift_.skip(type);
      return thrift_.read_list(ThriftType::kStruct, [this] { return column_chunk(); });
    });
    ++row_group_;
    return status;
  }

  Status column_chunk() {
    Column column;
    HUBDIST_TRY(thrift_.read_struct([&](std::int16_t id, ThriftType type) -> Status {
      if (id == 1) column.elsewhere = true;
      if (id != 3 || type != ThriftType::kStruct) return thrift_.skip(type);
      return metadata(column);
    }));
    const ByteRange range = column.range();
    if (range.empty()) return {};
    columns_.push_back(range);
    data_end_ = std::max(data_end_, range.end);
    regions_.add(RegionKind::kColumn, concat("row group ", row_group_, ", ", column.path),
                 std::string(codec_name(column.codec)), range);
    return {};
  }

  Status metadata(Column& column) {
    return thrift_.read_struct([&](std::int16_t id, ThriftType type) -> Status {
      if (id == 3 && type == ThriftType::kList)
        return thrift_.read_list(ThriftType::kBinary, [&] { return path_part(column.path); });
      std::int64_t* const number = number_of(column, id);
      if (!number || (type != ThriftType::kI32 && type != ThriftType::kI64))
        return thrift_.skip(type);
      HUBDIST_ASSIGN(*number, thrift_.read_integer());
      return {};
    });
  }

  static std::int64_t* number_of(Column& column, std::int16_t id) {
    switch (id) {
      case 4:
        return &column.codec;
      case 7:
        return &column.size;
      case 9:
        return &column.data_offset;
      case 11:
        return &column.dictionary_offset;
      default:
        return nullptr;
    }
  }

  Status path_part(std::string& path) {
    HUBDIST_ASSIGN(const std::string_view part, thrift_.read_text());
    if (!path.empty()) path += '.';
    path += part.substr(0, kKiB);  // longer names are cut anyway
    return {};
  }

  ThriftReader thrift_;
  RegionList& regions_;
  std::size_t row_group_ = 0;
  std::vector<ByteRange> columns_;
  std::uint64_t data_end_ = 0;
};

Status read_footer(const ContentReader& content, ByteRange range, RegionList& regions,
                   ContentLayout& layout) {
  HUBDIST_ASSIGN(const Bytes bytes, read_part(content, range));
  Footer footer(bytes, regions);
  HUBDIST_TRY(footer.read());
  if (footer.data_end() > range.begin)
    return broken("a column claims bytes of the footer or beyond the file's end");
  regions.add(RegionKind::kIndex, "page indexes", "",
              {std::max(footer.data_end(), kMagic), range.begin});
  HUBDIST_ASSIGN(const bool counted, has_counted_pages(content, footer.columns()));
  if (counted)
    layout.advice.push_back(
        "Its pages hold round numbers of rows: they were not cut by content. A row that is "
        "inserted "
        "or removed changes all pages after it in its row group. Write it with "
        "use_content_defined_chunking=True (pyarrow 21 and later).");
  return {};
}

}  // namespace

Status read_parquet(const ContentReader& content, ContentLayout& layout) {
  layout.format = ContentFormat::kParquet;
  const std::uint64_t size = content.size();
  if (size < kMagic + kTail) {
    layout.notes.push_back("the file is too short for Parquet: it is cut off");
    return {};
  }
  HUBDIST_ASSIGN(const Bytes tail, read_part(content, {size - kTail, size}));
  if (as_text(tail).substr(4) != "PAR1") {
    layout.notes.push_back("the file does not end as Parquet does: it is cut off or damaged");
    return {};
  }
  const std::uint64_t length = *ByteReader(tail).read<std::uint32_t>();
  if (length > size - kMagic - kTail || length > kMaxLayoutHeader) {
    layout.notes.push_back(concat("the footer claims ", length, " bytes, the file has ", size));
    return {};
  }
  RegionList regions;
  const ByteRange footer{size - kTail - length, size - kTail};
  regions.add(RegionKind::kHeader, "header", "", {0, kMagic});
  regions.add(RegionKind::kMetadata, "footer", "", {footer.begin, size});
  if (const Status status = read_footer(content, footer, regions, layout); is_broken(status))
    layout.notes.push_back(concat("the footer is damaged: ", message(status)));
  else
    HUBDIST_TRY(status);
  regions.finish(size, layout);
  return {};
}

}  // namespace hubdist::internal
