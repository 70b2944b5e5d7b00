// The way of one content from "missing" to "at its path".
#pragma once

#include <memory>

#include "client/internal/job.h"
#include <hubdist/store/file_lock.h>

namespace hubdist::internal {

// Holds the lock of a content from its construction to its end, and the partial file that takes its
// bytes. The caller fetches; begin(), finish() and begin_anew() belong to one thread.
class ContentDownload {
 public:
  // Waits for the lock and looks again: when the content appeared meanwhile or lies somewhere else
  // on this machine, it is made the files and done() is true.
  static Result<std::unique_ptr<ContentDownload>> begin(const Job& job,
                                                        const WantedContent& content,
                                                        std::stop_token stop);

  ~ContentDownload();
  bool done() const { return partial_ == nullptr; }
  const WantedContent& content() const { return content_; }
  const FileEntry& file() const { return content_.first(); }
  PartialFile& partial() { return *partial_; }
  // Keeps the bytes readable after this object is gone.
  std::shared_ptr<PartialFile> share_partial() const { return partial_; }

  // Takes bytes of the content, and counts them.
  Status write(std::uint64_t offset, ByteView bytes, Source source);
  // Proves the whole and makes it the files. DataLoss when it is not what the hub says.
  Status finish(std::stop_token stop);
  // Throws away what was received.
  Status begin_anew();

 private:
  ContentDownload(const Job& job, const WantedContent& content, FileLock lock);
  Result<bool> find_here(std::stop_token stop);
  Status make_others(const FileEntry& there, std::stop_token stop);

  const Job& job_;
  const WantedContent& content_;
  FileLock lock_;
  FileProgress progress_;
  std::shared_ptr<PartialFile> partial_;
};

}  // namespace hubdist::internal
