// The pieces of the operating system's FileSystem.
#pragma once

#include <cstdint>
#include <memory>

#include <hubdist/io/file.h>

struct stat;

namespace hubdist::internal {

FileInfo info_of(const struct stat& raw);
Result<std::unique_ptr<File>> open_posix_file(const Path& path, OpenMode mode,
                                              std::uint32_t permissions);
// Copies the content of `from` to the empty file `to`: by reflink, else inside the kernel, else
// through memory.
Status copy_content(File& from, File& to, const std::stop_token& stop);

}  // namespace hubdist::internal
