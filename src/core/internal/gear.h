// The rolling hash that finds chunk boundaries: h = (h << 1) + table[byte], in 64 bits, so that a
// hash depends on the last 64 bytes alone. A chunk may end where its upper 16 bits are zero.
//
// Kernels: each finds what gear_scan_reference() finds, faster (docs/chunking.md has the figures).
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include <hubdist/base/bytes.h>

namespace hubdist::internal {

inline constexpr std::size_t kGearWindow = 64;
// Hashes below it have 16 zeros at the top.
inline constexpr std::uint64_t kGearBoundary = std::uint64_t{1} << 48;

struct GearScan {
  std::size_t taken = 0;  // bytes read, the one at the boundary included
  bool boundary = false;  // whether the last byte taken ends a chunk
  std::uint64_t hash = 0;
};

// The hash after `bytes`, which follow those that made `hash`.
std::uint64_t gear_roll(ByteView bytes, std::uint64_t hash);

// Rolls on until a boundary or the end of `bytes`: the scalar loop that reads like the
// specification.
GearScan gear_scan_reference(ByteView bytes, std::uint64_t hash);
// The same by the fastest kernel that this processor runs. Thread-safe.
GearScan gear_scan(ByteView bytes, std::uint64_t hash);

using GearKernelFunction = GearScan (*)(ByteView bytes, std::uint64_t hash);
struct GearKernel {
  std::string_view name;
  GearKernelFunction scan;
};
// The kernels that this processor runs, the reference first and the fastest last.
std::span<const GearKernel> gear_kernels();
// Makes gear_scan() use that kernel from now on, in all threads. For tests and benchmarks.
void use_gear_kernel(const GearKernel& kernel);

// Two stretches at a time, in portable code: no instruction waits for the one before it.
GearScan gear_scan_paired(ByteView bytes, std::uint64_t hash);
// Eight stretches at a time with AVX-512 VBMI; x86-64 only.
GearScan gear_scan_avx512(ByteView bytes, std::uint64_t hash);

}  // namespace hubdist::internal
