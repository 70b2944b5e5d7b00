// The parsers behind read_layout(), one for each format, and what they share.
//
// A parser is called when the content's first bytes speak for its format. What it cannot make sense
// of becomes a note; it fails only when the content cannot be read.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <hubdist/core/content_layout.h>

namespace hubdist::internal {

Status read_safetensors(const ContentReader& content, ContentLayout& layout);
Status read_gguf(const ContentReader& content, ContentLayout& layout);
Status read_parquet(const ContentReader& content, ContentLayout& layout);
Status read_sqlite(const ContentReader& content, ContentLayout& layout);
// Whether most bytes of a zip archive are compressed: those of PyTorch and plain .npz are not.
Result<bool> is_compressed_zip(const ContentReader& content);

// Gathers regions that a file claims to have, in any order, and gives those that can be true.
class RegionList {
 public:
  // False when there are too many: nothing more is taken.
  bool add(RegionKind kind, std::string_view name, std::string detail, ByteRange range);
  // Sorts them into `layout`; regions that pass `size` or overlap one before are left out with a
  // note, and names that occur twice are made different.
  void finish(std::uint64_t size, ContentLayout& layout);

 private:
  std::vector<Region> regions_;
  bool too_many_ = false;
};

// A name from a file as UTF-8 of at most 500 bytes; bytes that are none become "\xNN".
std::string region_name(std::string_view raw);

// The first bytes of a content, at most `most`.
Result<Bytes> read_head(const ContentReader& content, std::uint64_t most);
Result<Bytes> read_part(const ContentReader& content, ByteRange range);

// "[2, 3]"
std::string shape_text(const std::vector<std::uint64_t>& shape);

}  // namespace hubdist::internal
