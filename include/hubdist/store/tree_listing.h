// The list of files of a commit, as huggingface_hub keeps it: trees/{commit}.json.
//
//   {"format_version": 1,
//    "files": {path: {"size", "blob_id", "lfs_sha256"?, "lfs_size"?, "xet_hash"?}}}
//
// A commit never changes, so a listing that is there is right for ever. It lies in the repository's
// folder of the cache, or in .cache/huggingface of a local_dir.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include <hubdist/core/snapshot.h>
#include <hubdist/io/file.h>

namespace hubdist {

// The files sorted by path. Nothing when there is no listing, or none that can be believed: of
// another format, damaged, or with a path that leaves its folder.
std::optional<std::vector<FileEntry>> read_tree_listing(FileSystem& fs, const Path& folder,
                                                        std::string_view commit);
// Replaces the listing, byte for byte as Python writes it. Does nothing when a path is not UTF-8,
// which JSON cannot say.
Status write_tree_listing(FileSystem& fs, const Path& folder, std::string_view commit,
                          const std::vector<FileEntry>& files);

}  // namespace hubdist
