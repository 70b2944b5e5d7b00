// Eight stretches at a time, a 64-bit lane for each.
//
// Gathering from the table is slow on every processor, but 256 bytes are a table that two byte
// permutations can look up, 64 values at once. So the table is split into eight planes, one for
// each byte of its constants; 64 bytes of input are looked up in each plane, and three rounds of
// interleaving turn what was found into eight vectors of constants.
#ifdef __x86_64__

#include <bit>

#include <immintrin.h>

#ifdef __GNUC__
// GCC 12 takes its own headers' undefined vectors for mistakes.
#pragma GCC diagnostic ignored "-Wuninitialized"
#endif

#include "core/internal/gear.h"
#include "core/internal/gear_table.h"

#ifdef __clang__
#define HUBDIST_UNROLL _Pragma("clang loop unroll(full)")
#else
#define HUBDIST_UNROLL _Pragma("GCC unroll 8")
#endif
#define HUBDIST_AVX512 __attribute__((target("avx512f,avx512bw,avx512vbmi")))
#define HUBDIST_AVX512_INLINE \
  __attribute__((target("avx512f,avx512bw,avx512vbmi"), always_inline)) inline

namespace hubdist::internal {
namespace {

constexpr int kLanes = 8;
// Bytes of a lane in a block. Not a power of two: the lanes' addresses would compete for the same
// banks of the cache. Longer blocks waste more behind a boundary, shorter ones at their beginning.
constexpr std::size_t kStretch = 11 * 64;
constexpr std::size_t kBlock = kLanes * kStretch;

using Vector = __m512i;

struct alignas(64) Planes {
  std::array<std::array<std::uint8_t, 256>, 8> plane{};
};
consteval Planes split_table() {
  Planes planes;
  for (std::size_t value = 0; value < 256; ++value)
    for (std::size_t p = 0; p < 8; ++p)
      planes.plane[p][value] = static_cast<std::uint8_t>(kGearTable[value] >> (8 * p));
  return planes;
}
constexpr Planes kPlanes = split_table();

// Looks 64 bytes up: plane p of the constants goes to out[p].
HUBDIST_AVX512_INLINE void look_up(Vector bytes, Vector* out) {
  const __mmask64 upper_half = _mm512_movepi8_mask(bytes);
  HUBDIST_UNROLL
  for (int p = 0; p < 8; ++p) {
    const std::uint8_t* const plane = kPlanes.plane[static_cast<std::size_t>(p)].data();
    const Vector low =
        _mm512_permutex2var_epi8(_mm512_load_si512(plane), bytes, _mm512_load_si512(plane + 64));
    const Vector high = _mm512_permutex2var_epi8(_mm512_load_si512(plane + 128), bytes,
                                                 _mm512_load_si512(plane + 192));
    out[p] = _mm512_mask_blend_epi8(upper_half, low, high);
  }
}

// From planes to constants. The 16 bytes of a quarter of a plane are those of two lanes in turns;
// v[k] gets the k-th constant of every lane.
HUBDIST_AVX512_INLINE void join_planes(Vector* v) {
  const Vector a0 = _mm512_unpacklo_epi8(v[0], v[1]), a1 = _mm512_unpackhi_epi8(v[0], v[1]);
  const Vector b0 = _mm512_unpacklo_epi8(v[2], v[3]), b1 = _mm512_unpackhi_epi8(v[2], v[3]);
  const Vector c0 = _mm512_unpacklo_epi8(v[4], v[5]), c1 = _mm512_unpackhi_epi8(v[4], v[5]);
  const Vector d0 = _mm512_unpacklo_epi8(v[6], v[7]), d1 = _mm512_unpackhi_epi8(v[6], v[7]);
  const Vector low[4] = {_mm512_unpacklo_epi16(a0, b0), _mm512_unpackhi_epi16(a0, b0),
                         _mm512_unpacklo_epi16(a1, b1), _mm512_unpackhi_epi16(a1, b1)};
  const Vector high[4] = {_mm512_unpacklo_epi16(c0, d0), _mm512_unpackhi_epi16(c0, d0),
                          _mm512_unpacklo_epi16(c1, d1), _mm512_unpackhi_epi16(c1, d1)};
  HUBDIST_UNROLL
  for (int i = 0; i < 4; ++i) {
    v[2 * i] = _mm512_unpacklo_epi32(low[i], high[i]);
    v[2 * i + 1] = _mm512_unpackhi_epi32(low[i], high[i]);
  }
}

// 64 bytes of every lane, eight of each to a vector: the form that join_planes() wants.
HUBDIST_AVX512_INLINE void load_lanes(const std::byte* bytes, Vector* out) {
  Vector pairs[2][4];
  HUBDIST_UNROLL
  for (int i = 0; i < 4; ++i) {
    const Vector a = _mm512_loadu_si512(bytes + static_cast<std::size_t>(2 * i) * kStretch);
    const Vector b = _mm512_loadu_si512(bytes + static_cast<std::size_t>(2 * i + 1) * kStretch);
    pairs[0][i] = _mm512_unpacklo_epi8(a, b);
    pairs[1][i] = _mm512_unpackhi_epi8(a, b);
  }
  HUBDIST_UNROLL
  for (int i = 0; i < 2; ++i) {
    constexpr int kEven = 0x88, kOdd = 0xdd;  // quarters 0 and 2, or 1 and 3, of both operands
    const Vector* const p = pairs[i];
    const Vector even01 = _mm512_shuffle_i64x2(p[0], p[1], kEven);
    const Vector even23 = _mm512_shuffle_i64x2(p[2], p[3], kEven);
    const Vector odd01 = _mm512_shuffle_i64x2(p[0], p[1], kOdd);
    const Vector odd23 = _mm512_shuffle_i64x2(p[2], p[3], kOdd);
    out[i] = _mm512_shuffle_i64x2(even01, even23, kEven);
    out[2 + i] = _mm512_shuffle_i64x2(odd01, odd23, kEven);
    out[4 + i] = _mm512_shuffle_i64x2(even01, even23, kOdd);
    out[6 + i] = _mm512_shuffle_i64x2(odd01, odd23, kOdd);
  }
}

struct Lanes {
  Vector hash;
  Vector least;  // of all hashes of a lane
};

HUBDIST_AVX512_INLINE Vector doubled_plus(Vector hash, Vector constant) {
  return _mm512_add_epi64(_mm512_add_epi64(hash, hash), constant);
}

// Rolls 64 bytes into every lane. Two at a time, so that the chain from hash to hash is short.
HUBDIST_AVX512_INLINE void roll(const std::byte* bytes, Lanes& lanes) {
  Vector words[8];
  load_lanes(bytes, words);
  HUBDIST_UNROLL
  for (int i = 0; i < 8; ++i) {
    Vector constants[8];
    look_up(words[i], constants);
    join_planes(constants);
    HUBDIST_UNROLL
    for (int k = 0; k < 8; k += 2) {
      const Vector both = doubled_plus(constants[k], constants[k + 1]);
      const Vector first = doubled_plus(lanes.hash, constants[k]);
      lanes.hash = _mm512_add_epi64(_mm512_slli_epi64(lanes.hash, 2), both);
      lanes.least = _mm512_min_epu64(lanes.least, _mm512_min_epu64(first, lanes.hash));
    }
  }
}

struct Block {
  std::array<std::uint64_t, kLanes> begin;  // the hash with which each lane began
  std::uint64_t end;                        // the hash after the block
  unsigned hits;                            // bit l: lane l has a boundary
};

// `bytes` are kBlock bytes behind at least kGearWindow others; `hash` is that before them.
HUBDIST_AVX512 Block scan_block(const std::byte* bytes, std::uint64_t hash) {
  Block block;
  Lanes lanes{_mm512_setzero_si512(), _mm512_set1_epi64(-1)};
  roll(bytes - kGearWindow, lanes);
  lanes.hash = _mm512_mask_set1_epi64(lanes.hash, 1, static_cast<long long>(hash));
  lanes.least = _mm512_set1_epi64(-1);
  _mm512_storeu_si512(block.begin.data(), lanes.hash);
  for (std::size_t i = 0; i < kStretch; i += 64) roll(bytes + i, lanes);
  std::array<std::uint64_t, kLanes> end;
  _mm512_storeu_si512(end.data(), lanes.hash);
  block.end = end.back();
  block.hits = _mm512_cmplt_epu64_mask(lanes.least, _mm512_set1_epi64(kGearBoundary));
  return block;
}

}  // namespace

GearScan gear_scan_avx512(ByteView bytes, std::uint64_t hash) {
  if (bytes.size() < kGearWindow + kBlock) return gear_scan_paired(bytes, hash);
  GearScan scan = gear_scan_paired(bytes.first(kGearWindow), hash);
  while (!scan.boundary && bytes.size() - scan.taken >= kBlock) {
    const Block block = scan_block(bytes.data() + scan.taken, scan.hash);
    if (block.hits != 0) {
      const auto lane = static_cast<std::size_t>(std::countr_zero(block.hits));
      scan.taken += lane * kStretch;
      const GearScan hit = gear_scan_paired(bytes.subspan(scan.taken, kStretch), block.begin[lane]);
      return {scan.taken + hit.taken, true, hit.hash};
    }
    scan.taken += kBlock;
    scan.hash = block.end;
  }
  if (scan.boundary) return scan;
  const GearScan rest = gear_scan_paired(bytes.subspan(scan.taken), scan.hash);
  return {scan.taken + rest.taken, rest.boundary, rest.hash};
}

}  // namespace hubdist::internal

#endif  // __x86_64__
