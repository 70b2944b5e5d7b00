// How many threads are worth starting.
#pragma once

#include <cstddef>

namespace hubdist::internal {

// Processors that this process may use, by its affinity and its control groups; at least 1.
std::size_t usable_processors();

}  // namespace hubdist::internal
