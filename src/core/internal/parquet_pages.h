// Whether a Parquet file's pages show that they were cut without regard to their content.
#pragma once

#include <cstdint>
#include <vector>

#include <hubdist/core/content_layout.h>

namespace hubdist::internal {

// Looks at the headers of the first pages of some columns, each of which lies in one of `columns`.
// True when one column is long enough to have been cut by content, and all pages that are not their
// column's last have as many values as the longest of them, or a multiple of the 1024 that Arrow
// writes at a time.
Result<bool> has_counted_pages(const ContentReader& content, const std::vector<ByteRange>& columns);

}  // namespace hubdist::internal
