#include <algorithm>
#include <array>

#include "core/internal/layouts.h"
#include <hubdist/core/content_layout.h>

namespace hubdist {
namespace {

struct Magic {
  std::string_view bytes;
  std::string_view name;
};
constexpr std::array kCompressed = {
    Magic{std::string_view("\x1f\x8b\x08", 3), "gzip"},
    Magic{"\x28\xb5\x2f\xfd", "zstd"},
    Magic{std::string_view("\xfd"
                           "7zXZ\0",
                           6),
          "xz"},
    Magic{"7z\xbc\xaf\x27\x1c", "7z"},
    Magic{"\x04\x22\x4d\x18", "LZ4"},
};

std::string_view compressed_format(std::string_view head) {
  for (const Magic& magic : kCompressed)
    if (head.starts_with(magic.bytes)) return magic.name;
  if (head.starts_with("BZh") && head.size() >= 10 && head.substr(4, 6) == "1AY&SY") return "bzip2";
  return {};
}

bool looks_like_safetensors(std::string_view head) {
  return head.size() > 8 && head[8] == '{' &&
         (head.size() == 9 || head[9] == '"' || head[9] == '}');
}

void note_compressed(std::string_view format, ContentLayout& layout) {
  layout.format = ContentFormat::kCompressed;
  layout.advice.push_back(concat(
      "The file is compressed (", format,
      "): a small change of its content changes the compressed bytes from there to the end. Upload "
      "it uncompressed: a Xet hub compresses chunks itself."));
}

Status note_zip(const ContentReader& content, ContentLayout& layout) {
  HUBDIST_ASSIGN(const bool compressed, internal::is_compressed_zip(content));
  if (compressed) note_compressed("zip", layout);
  return {};
}

}  // namespace

std::string_view name(ContentFormat format) {
  switch (format) {
    case ContentFormat::kUnknown:
      return "";
    case ContentFormat::kSafetensors:
      return "safetensors";
    case ContentFormat::kGguf:
      return "GGUF";
    case ContentFormat::kParquet:
      return "Parquet";
    case ContentFormat::kSqlite:
      return "SQLite";
    case ContentFormat::kCompressed:
      return "compressed";
  }
  return "";
}

std::string_view name(RegionKind kind) {
  switch (kind) {
    case RegionKind::kHeader:
      return "header";
    case RegionKind::kMetadata:
      return "metadata";
    case RegionKind::kTensor:
      return "tensor";
    case RegionKind::kRowGroup:
      return "row group";
    case RegionKind::kColumn:
      return "column";
    case RegionKind::kTable:
      return "table";
    case RegionKind::kIndex:
      return "index";
    case RegionKind::kFree:
      return "free";
  }
  return "";
}

Result<ContentLayout> read_layout(const ContentReader& content) {
  ContentLayout layout;
  HUBDIST_ASSIGN(const Bytes first, internal::read_head(content, 16));
  const std::string_view head = as_text(first);
  if (const std::string_view format = compressed_format(head); !format.empty())
    note_compressed(format, layout);
  else if (head.starts_with("GGUF"))
    HUBDIST_TRY(internal::read_gguf(content, layout));
  else if (head.starts_with("PAR1"))
    HUBDIST_TRY(internal::read_parquet(content, layout));
  else if (head == std::string_view("SQLite format 3\0", 16))
    HUBDIST_TRY(internal::read_sqlite(content, layout));
  else if (head.starts_with("PK\x03\x04"))
    HUBDIST_TRY(note_zip(content, layout));
  else if (looks_like_safetensors(head))
    HUBDIST_TRY(internal::read_safetensors(content, layout));
  return layout;
}

}  // namespace hubdist
