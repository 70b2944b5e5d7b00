// Which parts of a file changed, told from its new ranges.
#pragma once

#include <vector>

#include <hubdist/core/dedupe_report.h>

namespace hubdist::report {

// For each region, whether it has new bytes of its own, as far as that can be told: it lies inside a
// new range, or holds most of a short one. A region that is covered whole counts when no chunk of a
// neighbour can hold it.
std::vector<bool> own_changes(const DedupeFile& file);

}  // namespace hubdist::report
