#include "kernels/dot_tile.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#include "kernels/cpu.h"
#include "kernels/dot_tile_kernels.h"
#include "kernels/tile_split.h"

namespace merle {
namespace {

constexpr DotKernel kInt8Kernels[] = {
#if defined(__x86_64__)
    {.name = "avx512-vnni",
     .cpu_path = "avx512",
     .native = true,
     .max_rows = 12,
     .sweeps = 1,
     .runs_here = HasAvx512Vnni,
     .multiply = MultiplyInt8Avx512Vnni},
    {.name = "avx-vnni",
     .cpu_path = "avx2",
     .native = true,
     .max_rows = 6,
     .sweeps = 2,
     .runs_here = HasAvxVnni,
     .multiply = MultiplyInt8AvxVnni},
    {.name = "avx2",
     .cpu_path = "avx2",
     .native = false,
     .max_rows = 4,
     .sweeps = 2,
     .runs_here = HasAvx2,
     .multiply = MultiplyInt8Avx2},
#elif defined(__aarch64__)
    {.name = "neon-dot",
     .cpu_path = "neon",
     .native = true,
     .max_rows = 6,
     .sweeps = 2,
     .runs_here = HasNeonDot,
     .multiply = MultiplyInt8NeonDot},
#endif
    {.name = "plain",
     .cpu_path = "plain",
     .native = false,
     .max_rows = kPlainInt8Rows,
     .sweeps = 1,
     .runs_here = [] { return true; },
     .multiply = MultiplyInt8Plain},
};

constexpr DotKernel kBf16Kernels[] = {
#if defined(__x86_64__)
    {.name = "avx512-bf16",
     .cpu_path = "avx512",
     .native = true,
     .max_rows = 12,
     .sweeps = 1,
     .runs_here = HasAvx512Bf16,
     .multiply = MultiplyBf16Avx512},
#endif
    {.name = "widened",
     .cpu_path = "plain",
     .native = false,
     .max_rows = kWidenedBf16Rows,
     .sweeps = 2,
     .runs_here = [] { return true; },
     .multiply = MultiplyBf16Widened},
};

const DotKernel& Active(std::span<const DotKernel> kernels) {
  const auto wanted = std::ranges::find_if(kernels, [](const DotKernel& kernel) {
    return CpuPathIsAtLeast(kernel.cpu_path) && kernel.runs_here();
  });
  return wanted == kernels.end() ? kernels.back() : *wanted;
}

}  // namespace

std::span<const DotKernel> Int8Kernels() { return kInt8Kernels; }
std::span<const DotKernel> Bf16Kernels() { return kBf16Kernels; }

const DotKernel& ActiveInt8Kernel() { return Active(kInt8Kernels); }
const DotKernel& ActiveBf16Kernel() { return Active(kBf16Kernels); }

void MultiplyInt8Plain(std::size_t rows, const DotTile& tile) {
  for (std::size_t r = 0; r < rows; ++r) {
    const auto* x = static_cast<const std::uint8_t*>(tile.x) + r * tile.x_stride;
    const auto* panel = static_cast<const std::int8_t*>(tile.panel);
    std::int32_t sums[kPanelColumns] = {};
    for (std::size_t step = 0; step < tile.steps; ++step, x += 4, panel += kPanelStepBytes) {
      for (std::size_t c = 0; c < kPanelColumns; ++c) {
        for (std::size_t i = 0; i < 4; ++i) sums[c] += x[i] * panel[4 * c + i];
      }
    }
    std::ranges::copy(sums, static_cast<std::int32_t*>(tile.y) + r * tile.y_stride);
  }
}

}  // namespace merle
