// What lies where inside a file whose format is known: the tensors of a safetensors or GGUF file,
// the column chunks of a Parquet file, the tables of a SQLite file.
//
// Sources: the safetensors format (https://github.com/huggingface/safetensors), GGUF
// (https://github.com/ggml-org/ggml/blob/master/docs/gguf.md), Apache Parquet's file format
// (https://github.com/apache/parquet-format), SQLite's (https://www.sqlite.org/fileformat2.html).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <hubdist/base/bytes.h>

namespace hubdist {

// Random access to a content; what layouts are read through. Reads may come in any order.
class ContentReader {
 public:
  virtual ~ContentReader() = default;
  virtual std::uint64_t size() const = 0;
  // Reads exactly out.size() bytes at `offset`, else OutOfRange.
  virtual Status read(std::uint64_t offset, MutableBytes out) const = 0;
};

enum class ContentFormat { kUnknown, kSafetensors, kGguf, kParquet, kSqlite, kCompressed };
// "safetensors", "GGUF", "Parquet", "SQLite", "compressed"; empty for kUnknown.
std::string_view name(ContentFormat format);

enum class RegionKind { kHeader, kMetadata, kTensor, kRowGroup, kColumn, kTable, kIndex, kFree };
std::string_view name(RegionKind kind);

struct Region {
  RegionKind kind = RegionKind::kHeader;
  std::string name;    // UTF-8: "lm_head.weight", "row group 3, text"; unique within the file
  std::string detail;  // "bf16 [4096, 4096]", "snappy"; may be empty
  ByteRange range;
};

struct ContentLayout {
  ContentFormat format = ContentFormat::kUnknown;
  std::vector<Region> regions;      // sorted by range, disjoint; may leave gaps
  std::vector<std::string> notes;   // a damaged header, parts left out: why regions are missing
  std::vector<std::string> advice;  // how such a file would dedupe better, where that is certain
};

inline constexpr std::uint64_t kMaxLayoutHeader = 128 * kMiB;  // a larger header is not parsed
inline constexpr std::size_t kMaxRegions = 1'000'000;

// Recognises the format by its content and reads its layout. Never fails on what the content says:
// what is damaged or too large is a note, and the file is compared as bytes. Fails only when
// `content` cannot be read. Thread-safe for different readers.
Result<ContentLayout> read_layout(const ContentReader& content);

}  // namespace hubdist
