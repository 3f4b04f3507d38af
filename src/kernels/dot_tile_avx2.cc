// Int8 micro-kernels for 256-bit vectors: AVX-VNNI, and AVX2 without it.
#if defined(__x86_64__)

#include <cpuid.h>
#include <immintrin.h>

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "kernels/dot_tile.h"
#include "kernels/dot_tile_kernels.h"
#include "kernels/tile_split.h"

#define MERLE_AVX2 __attribute__((target("avx2")))

namespace merle {

bool HasAvx2() { return __builtin_cpu_supports("avx2") != 0; }

bool HasAvxVnni() {              // GCC 12 has no name for it in __builtin_cpu_supports.
  static const bool kHas = [] {  // Once: under a hypervisor CPUID takes microseconds.
    unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
    const bool known = __get_cpuid_count(7, 1, &eax, &ebx, &ecx, &edx) != 0;
    return HasAvx2() && known && (eax & (1U << 4)) != 0;
  }();
  return kHas;
}

namespace {

// NOLINTBEGIN(bugprone-macro-parentheses): the arguments are numbers, and parts of names.
// As in dot_tile_avx512.cc: named variables, and the products of VNNI in assembly.
#define MERLE_FOR_EACH_ROW(ROW) ROW(0) ROW(1) ROW(2) ROW(3) ROW(4) ROW(5)
#define MERLE_START(r)                                                                \
  [[maybe_unused]] const char* x##r = static_cast<const char*>(t.x) + r * t.x_stride; \
  [[maybe_unused]] __m256i left##r = _mm256_setzero_si256(), right##r = left##r;
#define MERLE_LOAD_FACTOR(r)             \
  std::int32_t four_bytes;               \
  std::memcpy(&four_bytes, x##r + k, 4); \
  const __m256i factor = _mm256_set1_epi32(four_bytes);
#define MERLE_ADD_VNNI(r)                                                            \
  if constexpr (r < kRows) {                                                         \
    MERLE_LOAD_FACTOR(r)                                                             \
    asm("%{vex%} vpdpbusd %2, %1, %0" : "+x"(left##r) : "x"(factor), "x"(b_left));   \
    asm("%{vex%} vpdpbusd %2, %1, %0" : "+x"(right##r) : "x"(factor), "x"(b_right)); \
  }
#define MERLE_ADD_WIDENED(r)                                                    \
  if constexpr (r < kRows) {                                                    \
    MERLE_LOAD_FACTOR(r)                                                        \
    const __m256i even = _mm256_and_si256(factor, low_bytes);                   \
    const __m256i odd = _mm256_srli_epi16(factor, 8);                           \
    left##r = _mm256_add_epi32(left##r, _mm256_madd_epi16(even, left_even));    \
    right##r = _mm256_add_epi32(right##r, _mm256_madd_epi16(even, right_even)); \
    left##r = _mm256_add_epi32(left##r, _mm256_madd_epi16(odd, left_odd));      \
    right##r = _mm256_add_epi32(right##r, _mm256_madd_epi16(odd, right_odd));   \
  }
#define MERLE_STORE(r)                                                                 \
  if constexpr (r < kRows) {                                                           \
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(y + r * t.y_stride), left##r);      \
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(y + r * t.y_stride + 8), right##r); \
  }
#define MERLE_FOR_EACH_SWEEP(PREPARE, ADD_PRODUCTS)                                           \
  const char* prefetch = t.prefetch;                                                          \
  for (std::size_t c = 0; c < kPanelColumns; c += 16) {                                       \
    auto* y = static_cast<std::int32_t*>(t.y) + c;                                            \
    const char* panel = static_cast<const char*>(t.panel) + 4 * c;                            \
    const std::size_t end = 4 * t.steps;                                                      \
    MERLE_FOR_EACH_ROW(MERLE_START)                                                           \
    for (std::size_t k = 0; k < end; k += 4, panel += kPanelStepBytes) {                      \
      __builtin_prefetch(prefetch, 0, 3);                                                     \
      __builtin_prefetch(prefetch + 64, 0, 3);                                                \
      prefetch += t.prefetch_step;                                                            \
      const __m256i b_left = _mm256_load_si256(reinterpret_cast<const __m256i*>(panel));      \
      const __m256i b_right = _mm256_load_si256(reinterpret_cast<const __m256i*>(panel) + 1); \
      PREPARE                                                                                 \
      MERLE_FOR_EACH_ROW(ADD_PRODUCTS)                                                        \
    }                                                                                         \
    MERLE_FOR_EACH_ROW(MERLE_STORE)                                                           \
  }
// The products of bytes saturate in 16 bits (255 * 127 * 2): widened to 16 bits, they don't.
#define MERLE_WIDEN                                                               \
  const __m256i left_even = _mm256_srai_epi16(_mm256_slli_epi16(b_left, 8), 8);   \
  const __m256i right_even = _mm256_srai_epi16(_mm256_slli_epi16(b_right, 8), 8); \
  const __m256i left_odd = _mm256_srai_epi16(b_left, 8);                          \
  const __m256i right_odd = _mm256_srai_epi16(b_right, 8);
#define MERLE_NOTHING
// NOLINTEND(bugprone-macro-parentheses)

template <std::size_t kRows>
MERLE_AVX2 void MultiplyVnniRows(const DotTile& t) {
  MERLE_FOR_EACH_SWEEP(MERLE_NOTHING, MERLE_ADD_VNNI)
}

template <std::size_t kRows>
MERLE_AVX2 void MultiplyWidenedRows(const DotTile& t) {
  const __m256i low_bytes = _mm256_set1_epi16(0xff);
  MERLE_FOR_EACH_SWEEP(MERLE_WIDEN, MERLE_ADD_WIDENED)
}

using MultiplyRows = void (*)(const DotTile&);

constexpr MultiplyRows kVnniRows[] = {MultiplyVnniRows<1>, MultiplyVnniRows<2>,
                                      MultiplyVnniRows<3>, MultiplyVnniRows<4>,
                                      MultiplyVnniRows<5>, MultiplyVnniRows<6>};

constexpr MultiplyRows kWidenedRows[] = {MultiplyWidenedRows<1>, MultiplyWidenedRows<2>,
                                         MultiplyWidenedRows<3>, MultiplyWidenedRows<4>};

}  // namespace

void MultiplyInt8AvxVnni(std::size_t rows, const DotTile& tile) { kVnniRows[rows - 1](tile); }
void MultiplyInt8Avx2(std::size_t rows, const DotTile& tile) { kWidenedRows[rows - 1](tile); }

}  // namespace merle

#endif
