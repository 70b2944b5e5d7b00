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
  // A digest proves the whole at its end; without one only the version tells that all parts are of
  // one file.
  const std::string_view version = file.identity.provable() ? std::string_view() : file.etag;
  return backend->read_version(uri_of(file), version, range, sink, stop);
}

}  // namespace hubdist::internal
