// Where the files of a download come from.
#pragma once

#include <memory>

#include <hubdist/backend/backend.h>

namespace hubdist::internal {

// A listed repository or folder, or one file, and the backend that reads it.
struct Origin {
  std::shared_ptr<Backend> backend;
  Uri base;               // of the repository at its commit, of the folder, or of the one file
  bool one_file = false;  // base is the file itself
  std::string xet_route;  // ObjectInfo::xet_route, where one file was asked for

  Uri uri_of(const FileEntry& file) const;
  // Streams a range of a file; a failure names the file.
  Status read(const FileEntry& file, ByteRange range, const BodySink& sink,
              std::stop_token stop) const;
};

}  // namespace hubdist::internal
