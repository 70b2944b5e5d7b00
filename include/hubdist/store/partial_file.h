// A file that is being received: it survives any death of the process, and is proved before it
// appears at its path.
#pragma once

#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include <hubdist/core/identity.h>
#include <hubdist/core/manifest.h>
#include <hubdist/core/range_set.h>
#include <hubdist/io/file.h>

namespace hubdist {

// A content up to this size has no log: killed, it is fetched again. It is not synced either.
inline constexpr std::uint64_t kMaxUnloggedSize = kMiB;

// Where the bytes and the log of what is there lie. Both must be in the file system of the final
// path, and are touched only under the lock of that path.
struct PartialPaths {
  Path part;
  Path log;
};

struct PartialOptions {
  PartialPaths paths;
  std::uint64_t size = 0;
  Identity identity;   // what the whole must be
  std::string name;    // of the file, for messages
  bool resume = true;  // false: what lies there is thrown away
};

// Bytes arrive by write(), at any place and from many threads; each run of them is recorded in the
// log with its hash as soon as it is 512 KiB long, and a process that comes later believes what it
// hashes again. The identity of the whole is computed along: bytes that come in order are hashed
// while they are in the processor's cache, others are read back when the gap before them closes.
//
// A file of Xet storage can come as chunks instead, by write_chunk(). Then the chunks' hashes are
// the records, and the Merkle root over them is held against the identity's Xet hash: no byte is
// hashed a second time, and a process that comes later knows the chunks of what it holds. Where the
// file did not come as chunks from end to end, another digest of the identity proves it as usual.
//
// Thread-safe, but for open(), publish() and destruction.
class PartialFile {
 public:
  // Opens or makes the partial file, hashes what the log records (which takes about a second for
  // 1 GB) and makes room for all of it. FailedPrecondition with ENOSPC in Detail::kErrno, naming
  // the bytes needed and free, when there is none.
  static Result<std::unique_ptr<PartialFile>> open(FileSystem& fs, PartialOptions options,
                                                   std::stop_token stop = {});
  ~PartialFile();  // as close()

  std::uint64_t size() const;
  RangeSet held() const;
  bool complete() const;

  // Takes bytes at `offset`. Bytes that are held already are replaced when they differ.
  Status write(std::uint64_t offset, ByteView bytes);
  // Takes one chunk of Xet storage at `offset`. The caller hashed these very bytes to `hash`.
  Status write_chunk(std::uint64_t offset, const ChunkHash& hash, ByteView bytes);
  // Fills `out` from bytes that are held, else OutOfRange.
  Status read(std::uint64_t offset, MutableBytes out) const;
  // Records everything received so far.
  Status flush();

  // Whether the identity can be checked at all.
  bool provable() const;
  // Hashes what is not hashed yet. OK when the whole is here and is what `identity` says (or
  // nothing was stated); DataLoss that names the file, the expected and the found digest when not.
  Status verify(std::stop_token stop = {});
  // The bytes stay, but what was known of them does not: every chunk is to be written again, which
  // replaces what differs.
  void doubt();
  // The same where the file's chunks are known: every chunk is hashed again, and only those that
  // are not what `manifest` says need be written again; they are returned. The content is complete.
  Result<RangeSet> compare(const Manifest& manifest, std::stop_token stop = {});
  // Throws everything away and begins anew.
  Status discard();
  // Moves the verified file to `final_path`, on disk before it is visible (but for small ones), and
  // removes the log.
  // Aborted when another process took the partial file away meanwhile. read() goes on working.
  Result<FileInfo> publish(const Path& final_path);
  // Records what was received, so that nothing is lost, and writes no more: to be called before the
  // lock goes. read() goes on working; a file too small for a log is removed.
  void close();
  // Deletes both files; for what will not be wanted any more.
  static void remove_files(FileSystem& fs, const PartialPaths& paths);

 private:
  class Impl;
  explicit PartialFile(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace hubdist
