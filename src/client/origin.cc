#include "client/internal/origin.h"

namespace hubdist::internal {

Uri Origin::uri_of(const FileEntry& file) const {
  Uri uri = base;
  if (one_file) return uri;
  if (base.scheme != Scheme::kFile) {
    uri.path = file.path;  // relative to the repository or bucket
  } else {
    if (!uri.path.ends_with('/')) uri.path += '/';
    uri.path += file.path;
  }
  return uri;
}

Status Origin::read(const FileEntry& file, ByteRange range, const BodySink& sink,
                    std::stop_token stop) const {
  if (range.empty()) return {};
  return backend->read(uri_of(file), range, sink, stop);
}

}  // namespace hubdist::internal
