// Which files of a version an image draws by themselves. The others become one strip, so that an
// image stays small and short however many files there are.
#pragma once

#include <cstddef>
#include <vector>

#include <hubdist/core/dedupe_report.h>

namespace hubdist::report {

struct DrawnFiles {
  std::vector<const DedupeFile*> own;  // in the order of the version; of its files
  std::size_t others = 0;
  // The others as one file, one behind another, with a region for each that is not empty.
  DedupeFile rest;
};

// The `most` files with the most new bytes; those that were removed are not drawn.
DrawnFiles drawn_files(const DedupeVersion& version, std::size_t most);

}  // namespace hubdist::report
