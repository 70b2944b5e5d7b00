#include "io/internal/processors.h"

#include <algorithm>
#include <thread>

#ifdef __linux__
#include <sched.h>
#endif

#include "io/internal/cgroup.h"

namespace hubdist::internal {
namespace {

std::size_t processors_by_affinity() {
#ifdef __linux__
  cpu_set_t allowed;
  // It fails where the machine has more processors than the set has room for.
  if (::sched_getaffinity(0, sizeof allowed, &allowed) == 0)
    return static_cast<std::size_t>(CPU_COUNT(&allowed));
#endif
  return std::thread::hardware_concurrency();
}

}  // namespace

std::size_t usable_processors() {
  const std::size_t processors = std::max<std::size_t>(1, processors_by_affinity());
  const auto quota = cgroup_cpu_limit(posix_file_system(), "/");
  return quota ? std::min(processors, static_cast<std::size_t>(*quota)) : processors;
}

}  // namespace hubdist::internal
