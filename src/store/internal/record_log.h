// The log beside a partial file: which ranges were written, and what they hash to.
//
// Format, all integers little-endian:
//   header   8 bytes "HUBDPRT1", then the size of the whole content (u64)
//   record   offset (u64), length (u32), BLAKE3 of the bytes (32), check (u32): the first four
//            bytes of the BLAKE3 of the 44 bytes before it. With the highest bit of the length set
//            the bytes are one chunk of Xet storage, and the hash is the chunk's
// Records are only ever appended. One that is cut short or whose check is wrong ends the log: it
// was being written when the process died.
#pragma once

#include <array>
#include <memory>
#include <span>
#include <vector>

#include <hubdist/core/hash.h>
#include <hubdist/io/file.h>

namespace hubdist::internal {

struct LogRecord {
  ByteRange range;
  std::array<std::byte, 32> hash;  // a Blake3, or a ChunkHash
  bool chunk = false;
  friend bool operator==(const LogRecord&, const LogRecord&) = default;
};

// A record covers at most this many bytes, which is also what one stream can lose in a kill.
inline constexpr std::uint64_t kRecordSpan = 512 * kKiB;
inline constexpr std::size_t kLogHeaderSize = 16;
inline constexpr std::size_t kLogRecordSize = 48;

// Not thread-safe.
class RecordLog {
 public:
  // Opens or makes the log of a content of `size` bytes and reads its records; one of another size
  // or format is emptied first. The torn tail is cut off.
  static Result<RecordLog> open(FileSystem& fs, const Path& path, std::uint64_t size);
  Status append(std::span<const LogRecord> records);
  // What open() found, sorted by offset; asked once.
  std::vector<LogRecord> take_records() { return std::move(records_); }

 private:
  RecordLog() = default;
  Status load(std::uint64_t size);
  Status start(std::uint64_t size);

  std::unique_ptr<File> file_;
  std::uint64_t end_ = 0;
  std::vector<LogRecord> records_;
};

}  // namespace hubdist::internal
