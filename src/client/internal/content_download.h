// The way of one content from "missing" to "at its path".
#pragma once

#include <memory>

#include "client/internal/job.h"
#include <hubdist/store/file_lock.h>

namespace hubdist::internal {

// Holds the lock of a content's first file from its construction to its end, and the partial file
// that takes the bytes. The caller fetches; begin(), copy(), finish() and begin_anew() belong to
// one thread.
class ContentDownload {
 public:
  // Waits for the lock and looks again: when the content appeared meanwhile or lies somewhere else
  // on this machine, one of its files is made of it and done() is true.
  static Result<std::unique_ptr<ContentDownload>> begin(const Job& job,
                                                        const WantedContent& content,
                                                        std::stop_token stop);

  ~ContentDownload();
  bool done() const { return partial_ == nullptr; }
  const WantedContent& content() const { return content_; }
  const FileEntry& file() const { return content_.first(); }
  // The file that is there, once done() or finished.
  const FileEntry& there() const { return *there_; }
  PartialFile& partial() { return *partial_; }
  // Keeps the bytes readable after this object is gone.
  std::shared_ptr<PartialFile> share_partial() const { return partial_; }

  // Takes bytes of the content, and counts them.
  Status write(std::uint64_t offset, ByteView bytes, Source source);
  // The same for one chunk of Xet storage from the origin.
  Status write_chunk(std::uint64_t offset, const ChunkHash& hash, ByteView bytes);
  // Takes what is missing from a file that held the same content when it looked like `info`;
  // nothing when it does not look so any more.
  Status copy(const Path& path, const FileInfo& info, std::stop_token stop);
  // Proves the whole and makes it the first file. DataLoss when it is not what the hub says.
  Status finish(std::stop_token stop);
  // Everything is to be written again, over what is there; or, where the chunks are known, what is
  // returned.
  Result<RangeSet> doubt(const Manifest* manifest, std::stop_token stop);
  // Throws away what was received.
  Status begin_anew();
  // The same, and takes no more bytes: what was to be fetched is not there any more.
  void give_up();

 private:
  ContentDownload(const Job& job, const WantedContent& content, FileLock lock);
  Result<bool> find_here(std::stop_token stop);
  Result<bool> adopt(const FileEntry& file, std::stop_token stop);

  const Job& job_;
  const WantedContent& content_;
  const FileEntry* there_;
  FileLock lock_;
  FileProgress progress_;
  std::shared_ptr<PartialFile> partial_;
};

// Fetches what is missing of a begun download the plain way, and finishes it. Bytes that are not
// what the hub says are fetched once more before that is an error.
Status fetch_proved(const Job& job, ContentDownload& download, std::size_t streams,
                    std::stop_token stop);

// Makes the content's other files of the one that is there, each under its own lock: to be called
// once the download and its lock are gone, so that nobody waits for a lock while he holds another.
// Aborted when another process took `there` away meanwhile.
Status make_others(const Job& job, const WantedContent& content, const FileEntry& there,
                   std::stop_token stop);

}  // namespace hubdist::internal
