// What the two ways of streaming chunks share: an open file that is read once, from its beginning.
#pragma once

#include <cstdint>
#include <stop_token>

#include <hubdist/io/file.h>

namespace hubdist::internal {

// A stream is read and cut in steps of this size: what was read is still in the cache then.
inline constexpr std::size_t kReadStep = 256 * kKiB;

// A file or pipe whose chunks are wanted. pread-like reads of a regular file are thread-safe.
class ChunkSource {
 public:
  // InvalidArgument for what has no end or no content: folders, devices, sockets.
  static Result<ChunkSource> of(File& file, std::stop_token stop);
  static Status check_type(const FileInfo& info, const Path& path);

  bool is_pipe() const { return info_.type == FileType::kPipe; }
  std::uint64_t size() const { return info_.size; }  // as it was when reading began
  const std::stop_token& stop() const { return stop_; }
  // The same for a task: its reads end, too, when `unwanted` is asked to stop.
  ChunkSource wanted_until(std::stop_token unwanted) const {
    ChunkSource copy = *this;
    copy.unwanted_ = std::move(unwanted);
    return copy;
  }
  // Reads up to out.size() bytes at `offset`; for a pipe, the next ones. 0 at the end, and there
  // alone. Cancelled on a stop request, also while a pipe has nothing to read.
  Result<std::size_t> read(MutableBytes out, std::uint64_t offset);
  // Fills `out` from a regular file that must have these bytes; Aborted when it has become shorter.
  Status read_all(MutableBytes out, std::uint64_t offset);
  // Aborted when a regular file is no longer as it was at the beginning. To be asked at the end.
  Status check_unchanged();

 private:
  ChunkSource(File& file, const FileInfo& info, std::stop_token stop)
      : file_(&file), info_(info), stop_(std::move(stop)) {}
  Status check_wanted() const;
  Status wait_for_pipe();

  File* file_;
  FileInfo info_;
  std::stop_token stop_;
  std::stop_token unwanted_;
};

}  // namespace hubdist::internal
