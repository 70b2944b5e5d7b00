// The lock that exists or not, for file systems without flock.
#pragma once

#include <hubdist/io/file.h>

namespace hubdist::internal {

// Makes the marker that Python's SoftFileLock makes ("<pid>\n<host>\n"). False when another
// holder's marker is there; one whose process on this host is gone is taken away first.
Result<bool> make_soft_lock(FileSystem& fs, const Path& path);

// The host's name as `filelock` records it: bytes outside printable ASCII as ?xx, and
// "?pidns-<inode>" behind it inside a PID namespace of its own, where a pid means nothing outside.
std::string soft_lock_host(FileSystem& fs);

}  // namespace hubdist::internal
