// file:// and plain absolute paths. Lists folders of every depth; states no digest, since a file
// system knows none.
#pragma once

#include <memory>

#include <hubdist/backend/backend.h>
#include <hubdist/io/file.h>

namespace hubdist {

// `fs` is borrowed and must outlive the backend.
std::shared_ptr<Backend> make_file_backend(FileSystem& fs);

}  // namespace hubdist
