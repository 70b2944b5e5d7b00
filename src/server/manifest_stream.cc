#include "server/internal/manifest_stream.h"

#include <cstring>

namespace hubdist::internal {

namespace {

constexpr std::size_t kEntrySize = ChunkHash::kSize + 4;

// Gives the entries of a file's terms, a term at a time.
class ManifestReader {
 public:
  ManifestReader(const XetStore& xet, std::shared_ptr<const XetFile> file)
      : xet_(xet), file_(std::move(file)) {}

  Result<std::size_t> read(MutableBytes out) {
    while (given_ == term_.size()) {
      if (next_ == file_->terms.size()) return std::size_t{0};
      HUBDIST_TRY(load(file_->terms[next_++]));
    }
    const std::size_t count = std::min(out.size(), term_.size() - given_);
    std::memcpy(out.data(), term_.data() + given_, count);
    given_ += count;
    return count;
  }

 private:
  Status load(const Term& term) {
    HUBDIST_ASSIGN(const auto index, xet_.index(term.xorb));
    if (term.chunks.end > index->chunk_count()) return data_loss("a term passes its xorb's end");
    term_.clear();
    given_ = 0;
    for (std::uint32_t i = term.chunks.begin; i < term.chunks.end; ++i) {
      const Chunk chunk = index->chunk(i);
      append_bytes(term_, chunk.hash.bytes);
      append_le(term_, chunk.size);
    }
    return {};
  }

  const XetStore& xet_;
  const std::shared_ptr<const XetFile> file_;
  std::size_t next_ = 0;
  Bytes term_;
  std::size_t given_ = 0;
};

}  // namespace

HttpStreamBody manifest_body(const XetStore& xet, std::shared_ptr<const XetFile> file) {
  std::uint64_t chunks = 0;
  for (const Term& term : file->terms) chunks += term.chunks.size();
  auto reader = std::make_shared<ManifestReader>(xet, std::move(file));
  return {chunks * kEntrySize, [reader](MutableBytes out) { return reader->read(out); }};
}

}  // namespace hubdist::internal
