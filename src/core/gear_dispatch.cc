// Chooses the gear kernel for this processor.
#include <array>
#include <atomic>

#include "core/internal/gear.h"

namespace hubdist::internal {
namespace {

constexpr std::array kKernels = {
    GearKernel{"reference", gear_scan_reference},
    GearKernel{"paired", gear_scan_paired},
#ifdef __x86_64__
    GearKernel{"avx512", gear_scan_avx512},
#endif
};

std::size_t count_supported() {
#ifdef __x86_64__
  __builtin_cpu_init();
  const bool avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                      __builtin_cpu_supports("avx512vbmi");
  return kKernels.size() - (avx512 ? 0 : 1);
#else
  return kKernels.size();
#endif
}

GearScan choose_and_scan(ByteView bytes, std::uint64_t hash);

// The first call replaces it, so that a call costs no more than a jump through a pointer, and a
// static of another file may already use it.
constinit std::atomic<GearKernelFunction> chosen = choose_and_scan;

GearScan choose_and_scan(ByteView bytes, std::uint64_t hash) {
  use_gear_kernel(gear_kernels().back());
  return gear_scan(bytes, hash);
}

}  // namespace

std::span<const GearKernel> gear_kernels() {
  static const std::size_t count = count_supported();
  return std::span(kKernels).first(count);
}

void use_gear_kernel(const GearKernel& kernel) {
  chosen.store(kernel.scan, std::memory_order_relaxed);
}

GearScan gear_scan(ByteView bytes, std::uint64_t hash) {
  return chosen.load(std::memory_order_relaxed)(bytes, hash);
}

}  // namespace hubdist::internal
