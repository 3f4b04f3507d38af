// The int8 micro-kernel for ARM's dot product of signed bytes (ARMv8.2).
#if defined(__aarch64__)

#include <arm_neon.h>
#include <asm/hwcap.h>
#include <sys/auxv.h>

#include <cstddef>
#include <cstdint>

#include "kernels/dot_tile.h"
#include "kernels/dot_tile_kernels.h"
#include "kernels/tile_split.h"

#define MERLE_DOTPROD __attribute__((target("arch=armv8.2-a+dotprod")))

namespace merle {

bool HasNeonDot() { return (getauxval(AT_HWCAP) & HWCAP_ASIMDDP) != 0; }

namespace {

// Both factors are signed, x is not: the sum over (x - 128) w, and 128 times the sum over w added.
template <std::size_t kRows>
MERLE_DOTPROD void MultiplyRows(const DotTile& t) {
  constexpr std::size_t kVectors = 4;  // Of 4 columns each: 24 sums of 32 registers with 6 rows.
  const uint8x16_t sign = vdupq_n_u8(0x80);
  const char* prefetch = t.prefetch;
  for (std::size_t c = 0; c < kPanelColumns; c += 4 * kVectors) {
    const auto* x = static_cast<const std::uint8_t*>(t.x);
    const auto* panel = static_cast<const std::int8_t*>(t.panel) + 4 * c;
    int32x4_t sums[kRows][kVectors];
    for (std::size_t v = 0; v < kVectors; ++v) {
      const auto* init = static_cast<const std::int32_t*>(t.init) + c + 4 * v;
      for (std::size_t r = 0; r < kRows; ++r) sums[r][v] = vshlq_n_s32(vld1q_s32(init), 7);
    }
    for (std::size_t step = 0; step < t.steps; ++step, x += 4, panel += kPanelStepBytes) {
      __builtin_prefetch(prefetch);
      prefetch += t.prefetch_step;
      int8x16_t columns[kVectors];
      for (std::size_t v = 0; v < kVectors; ++v) columns[v] = vld1q_s8(panel + 16 * v);
      for (std::size_t r = 0; r < kRows; ++r) {
        const auto* four = reinterpret_cast<const std::uint32_t*>(x + r * t.x_stride);
        const uint8x16_t factor = vreinterpretq_u8_u32(vld1q_dup_u32(four));
        const int8x16_t signed_factor = vreinterpretq_s8_u8(veorq_u8(factor, sign));
        for (std::size_t v = 0; v < kVectors; ++v) {
          sums[r][v] = vdotq_s32(sums[r][v], signed_factor, columns[v]);
        }
      }
    }
    for (std::size_t r = 0; r < kRows; ++r) {
      auto* y = static_cast<std::int32_t*>(t.y) + r * t.y_stride + c;
      for (std::size_t v = 0; v < kVectors; ++v) vst1q_s32(y + 4 * v, sums[r][v]);
    }
  }
}

constexpr void (*kRows[])(const DotTile&) = {MultiplyRows<1>, MultiplyRows<2>, MultiplyRows<3>,
                                             MultiplyRows<4>, MultiplyRows<5>, MultiplyRows<6>};

}  // namespace

void MultiplyInt8NeonDot(std::size_t rows, const DotTile& tile) { kRows[rows - 1](tile); }

}  // namespace merle

#endif
