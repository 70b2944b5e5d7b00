// A content in memory, to read layouts from.
#pragma once

#include <algorithm>

#include <hubdist/core/content_layout.h>

namespace hubdist::testing {

// Borrows the bytes.
class MemoryContent final : public ContentReader {
 public:
  explicit MemoryContent(ByteView bytes) : bytes_(bytes) {}
  std::uint64_t size() const override { return bytes_.size(); }
  Status read(std::uint64_t offset, MutableBytes out) const override {
    if (offset > bytes_.size() || out.size() > bytes_.size() - offset)
      return out_of_range("a read passes the content's end");
    const ByteView part = bytes_.subspan(static_cast<std::size_t>(offset), out.size());
    std::copy(part.begin(), part.end(), out.begin());
    return {};
  }

 private:
  ByteView bytes_;
};

}  // namespace hubdist::testing
