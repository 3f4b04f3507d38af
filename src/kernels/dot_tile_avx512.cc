// Micro-kernels for AVX-512: VNNI (int8) and BF16.
#if defined(__x86_64__)

#include <immintrin.h>

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "kernels/dot_tile.h"
#include "kernels/dot_tile_kernels.h"
#include "kernels/tile_split.h"

// The compiler may use these instructions in these functions only. VNNI came with or after BW.
#define MERLE_VNNI __attribute__((target("avx512f,avx512bw,avx512vnni")))
#define MERLE_BF16 __attribute__((target("avx512f,avx512bw,avx512bf16")))

namespace merle {

bool HasAvx512Vnni() {
  return __builtin_cpu_supports("avx512bw") != 0 && __builtin_cpu_supports("avx512vnni") != 0;
}

bool HasAvx512Bf16() {
  return __builtin_cpu_supports("avx512bw") != 0 && __builtin_cpu_supports("avx512bf16") != 0;
}

namespace {

// NOLINTBEGIN(bugprone-macro-parentheses): the arguments are numbers, and parts of names.
// One macro a row: GCC 12 keeps arrays of vectors in memory, named variables in registers. And the
// products in assembly: as intrinsics, GCC 12 copies the sums around (4 of 10 of the peak, Zen 5).
#define MERLE_FOR_EACH_ROW(ROW) \
  ROW(0) ROW(1) ROW(2) ROW(3) ROW(4) ROW(5) ROW(6) ROW(7) ROW(8) ROW(9) ROW(10) ROW(11)
#define MERLE_START(r)                                                                \
  [[maybe_unused]] const char* x##r = static_cast<const char*>(t.x) + r * t.x_stride; \
  [[maybe_unused]] auto left##r = init_left, right##r = init_right;
#define MERLE_ADD_PRODUCTS(r)                                                  \
  if constexpr (r < kRows) {                                                   \
    std::int32_t four_bytes;                                                   \
    std::memcpy(&four_bytes, x##r + k, 4);                                     \
    const __m512i factor = _mm512_set1_epi32(four_bytes);                      \
    asm(MERLE_DOT " %2, %1, %0" : "+v"(left##r) : "v"(factor), "v"(b_left));   \
    asm(MERLE_DOT " %2, %1, %0" : "+v"(right##r) : "v"(factor), "v"(b_right)); \
  }
#define MERLE_STORE(r)                                      \
  if constexpr (r < kRows) {                                \
    _mm512_storeu_si512(y + r * t.y_stride, left##r);       \
    _mm512_storeu_si512(y + r * t.y_stride + 16, right##r); \
  }
#define MERLE_MULTIPLY_ROWS                                            \
  auto* y = static_cast<std::int32_t*>(t.y);                           \
  const char* panel = static_cast<const char*>(t.panel);               \
  const char* prefetch = t.prefetch;                                   \
  const std::size_t end = 4 * t.steps;                                 \
  MERLE_FOR_EACH_ROW(MERLE_START)                                      \
  for (std::size_t k = 0; k < end; k += 4, panel += kPanelStepBytes) { \
    __builtin_prefetch(prefetch, 0, 3);                                \
    __builtin_prefetch(prefetch + 64, 0, 3);                           \
    prefetch += t.prefetch_step;                                       \
    const __m512i b_left = _mm512_load_si512(panel);                   \
    const __m512i b_right = _mm512_load_si512(panel + 64);             \
    MERLE_FOR_EACH_ROW(MERLE_ADD_PRODUCTS)                             \
  }                                                                    \
  MERLE_FOR_EACH_ROW(MERLE_STORE)
// NOLINTEND(bugprone-macro-parentheses)

#define MERLE_DOT "vpdpbusd"
template <std::size_t kRows>
MERLE_VNNI void MultiplyInt8Rows(const DotTile& t) {
  const __m512i init_left = _mm512_setzero_si512(), init_right = init_left;
  MERLE_MULTIPLY_ROWS
}
#undef MERLE_DOT

#define MERLE_DOT "vdpbf16ps"
template <std::size_t kRows>
MERLE_BF16 void MultiplyBf16Rows(const DotTile& t) {
  const auto* init = static_cast<const char*>(t.init);
  const __m512i init_left = _mm512_load_si512(init), init_right = _mm512_load_si512(init + 64);
  MERLE_MULTIPLY_ROWS
}
#undef MERLE_DOT

using MultiplyRows = void (*)(const DotTile&);

constexpr MultiplyRows kInt8Rows[] = {
    MultiplyInt8Rows<1>, MultiplyInt8Rows<2>,  MultiplyInt8Rows<3>,  MultiplyInt8Rows<4>,
    MultiplyInt8Rows<5>, MultiplyInt8Rows<6>,  MultiplyInt8Rows<7>,  MultiplyInt8Rows<8>,
    MultiplyInt8Rows<9>, MultiplyInt8Rows<10>, MultiplyInt8Rows<11>, MultiplyInt8Rows<12>};

constexpr MultiplyRows kBf16Rows[] = {
    MultiplyBf16Rows<1>, MultiplyBf16Rows<2>,  MultiplyBf16Rows<3>,  MultiplyBf16Rows<4>,
    MultiplyBf16Rows<5>, MultiplyBf16Rows<6>,  MultiplyBf16Rows<7>,  MultiplyBf16Rows<8>,
    MultiplyBf16Rows<9>, MultiplyBf16Rows<10>, MultiplyBf16Rows<11>, MultiplyBf16Rows<12>};

}  // namespace

void MultiplyInt8Avx512Vnni(std::size_t rows, const DotTile& tile) { kInt8Rows[rows - 1](tile); }
void MultiplyBf16Avx512(std::size_t rows, const DotTile& tile) { kBf16Rows[rows - 1](tile); }

}  // namespace merle

#endif
