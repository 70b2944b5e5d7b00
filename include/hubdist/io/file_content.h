// A file as a content that layouts are read through (core/content_layout.h).
#pragma once

#include <hubdist/core/content_layout.h>
#include <hubdist/io/file.h>

namespace hubdist {

// The first `size` bytes of a file, which must outlive it. Thread-safe, as File::pread() is.
class FileContent final : public ContentReader {
 public:
  FileContent(File& file, std::uint64_t size) : file_(file), size_(size) {}
  std::uint64_t size() const override { return size_; }
  Status read(std::uint64_t offset, MutableBytes out) const override {
    return read_exactly(file_, out, offset);
  }

 private:
  File& file_;
  std::uint64_t size_;
};

}  // namespace hubdist
