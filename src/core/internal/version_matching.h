// Which file of a version is which of the version before.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include <hubdist/core/dedupe_report.h>

namespace hubdist::internal {

// What a comparison keeps of a file until the next version is done.
struct FileRecord {
  std::string path;
  XetHash hash;
  std::uint64_t size = 0;
  std::map<std::uint32_t, std::uint64_t> shared;  // file of the version before -> common bytes
};

// Says of each of `files`, which belong to `now` in this order, how it relates to the files of the
// version before; appends the removed ones.
void match_versions(const std::vector<FileRecord>& before, const std::vector<FileRecord>& now,
                    std::vector<DedupeFile>& files);
// The same for two versions that are one file each: states of the same file, whatever its names.
void match_single_files(const FileRecord& before, const FileRecord& now, DedupeFile& file);

}  // namespace hubdist::internal
