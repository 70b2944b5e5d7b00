// The blobs that the repositories of one cache share, as huggingface_hub 1.32 and later keep them:
//
//   {root}/blobs/.huggingface-shared-blobs   "1\n": the store is one, and of this layout
//   {root}/blobs/{xet[:2]}/{xet}             a regular file, named by its Xet hash
//                          {xet}.refs        the repositories' links to it, a path a line
//                          {xet}.lock        taken while a link is made or a file is collected
#pragma once

#include <hubdist/core/identity.h>
#include <hubdist/io/file.h>

namespace hubdist::internal {

// Makes `link` ({root}/{repo folder}/blobs/{etag}) a symlink to the shared blob, noting it in .refs
// first, so that no collection takes the blob away. False when there is no such blob of `size`
// bytes, or it cannot be used: the file is then fetched as usual.
Result<bool> link_shared_blob(FileSystem& fs, const Path& root, const Path& link,
                              const XetHash& xet, std::uint64_t size);

}  // namespace hubdist::internal
