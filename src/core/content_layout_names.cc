#include <hubdist/core/content_layout.h>

namespace hubdist {

std::string_view name(ContentFormat format) {
  switch (format) {
    case ContentFormat::kUnknown: return "";
    case ContentFormat::kSafetensors: return "safetensors";
    case ContentFormat::kGguf: return "GGUF";
    case ContentFormat::kParquet: return "Parquet";
    case ContentFormat::kSqlite: return "SQLite";
    case ContentFormat::kCompressed: return "compressed";
  }
  return "";
}

std::string_view name(RegionKind kind) {
  switch (kind) {
    case RegionKind::kHeader: return "header";
    case RegionKind::kMetadata: return "metadata";
    case RegionKind::kTensor: return "tensor";
    case RegionKind::kRowGroup: return "row group";
    case RegionKind::kColumn: return "column";
    case RegionKind::kTable: return "table";
    case RegionKind::kIndex: return "index";
    case RegionKind::kFree: return "free";
  }
  return "";
}

}  // namespace hubdist
