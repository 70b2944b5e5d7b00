// A file's bytes out of the xorbs that hold them.
#pragma once

#include <memory>
#include <mutex>

#include <hubdist/core/compression.h>
#include <hubdist/server/xet_store.h>

namespace hubdist::internal {

// Thread-safe; reads one at a time. Read in order, each chunk is read and decompressed once: what
// remains of the last one waits for the next read.
class XetReader final : public ObjectReader {
 public:
  XetReader(const XetStore& store, std::shared_ptr<const XetFile> file, ReadCounter read_bytes)
      : store_(store), file_(std::move(file)), read_bytes_(read_bytes) {}

  std::uint64_t size() const override { return file_->size; }
  Result<std::size_t> read(MutableBytes out, std::uint64_t offset) override;
  std::shared_ptr<File> file() const override { return nullptr; }

 private:
  // Reads some of the bytes at `offset`, at least one: file_->size is not reached.
  Result<std::size_t> read_some(MutableBytes out, std::uint64_t offset);
  // Makes the term that holds `offset` the current one.
  void find_term(std::uint64_t offset);
  Status open_term();
  // Reads the bytes of `chunks` and gives what of them lies in `out`, whose first byte is `begin`
  // of the term.
  Result<std::size_t> read_chunks(ChunkRange chunks, MutableBytes out, std::uint64_t begin);
  Status unpack(std::uint32_t chunk, ByteView packed, MutableBytes out);
  Status damaged(std::string_view problem) const;
  const Term& term() const { return file_->terms[term_]; }

  const XetStore& store_;
  const std::shared_ptr<const XetFile> file_;
  const ReadCounter read_bytes_;

  std::mutex mutex_;
  std::size_t term_ = 0;
  std::uint64_t term_begin_ = 0;            // where the term begins in the file
  bool open_ = false;                       // whether the xorb below is the term's and fits it
  std::shared_ptr<const XorbIndex> index_;  // of the xorb that was read last
  std::unique_ptr<ObjectReader> xorb_;
  Bytes packed_;
  Bytes chunk_;                    // the chunk that was given out in part
  std::uint64_t chunk_begin_ = 0;  // where it begins in the file
  ChunkDecompressor decompressor_;
};

}  // namespace hubdist::internal
