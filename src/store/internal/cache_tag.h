// CACHEDIR.TAG: tells backup programs to leave a folder out (https://bford.info/cachedir/).
#pragma once

#include <hubdist/io/file.h>

namespace hubdist::internal {

// Makes the tag if it is missing; a folder that cannot be written goes without.
inline void write_cache_tag(FileSystem& fs, const Path& folder) {
  constexpr std::string_view kTag =
      "Signature: 8a477f597d28d172789f06886806bc55\n"
      "# Marks a cache: its content can be fetched again. See https://bford.info/cachedir/\n";
  const Path path = folder / "CACHEDIR.TAG";
  if (!exists(fs, path)) (void)write_file_atomic(fs, path, as_bytes(kTag));
}

}  // namespace hubdist::internal
