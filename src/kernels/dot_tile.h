// The micro-kernels of the bf16 and int8 products: a few rows times one panel of 32 columns, where
// each step multiplies 4 bytes of a row by 4 bytes of each column. Highway 1.0.3 has no such
// instructions, so they are written for each instruction set, one file a set.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace merle {

//   bf16: y[r, c] = init[c] + sum over k of x[r, k] * panel[k, c], in float
//   int8: y[r, c] = sum over k of x[r, k] * panel[k, c], exact in int32 (x unsigned, panel signed)
struct DotTile {
  const void* x;         // Rows of 4 bytes a step.
  std::size_t x_stride;  // Bytes.
  const void* panel;     // [steps, 32, 4 bytes], aligned to 64.
  std::size_t steps;
  const void* init;      // bf16: float [32]. int8: int32 [32], the sums of the columns. Aligned.
  void* y;               // [rows, 32] of float or int32, aligned.
  std::size_t y_stride;  // Elements.
  // Memory to bring into the cache meanwhile: at each step two lines here, then prefetch_step bytes
  // on. May run beyond what is allocated.
  const char* prefetch;
  std::size_t prefetch_step;
};

// One way to calculate tiles of up to max_rows rows.
struct DotKernel {
  std::string_view name;      // "avx512-vnni"
  std::string_view cpu_path;  // Taken where the active path is this one or a better one.
  bool native;                // By instructions for these numbers.
  std::size_t max_rows;
  std::size_t sweeps;  // How often a tile goes over the steps.
  bool (*runs_here)();
  void (*multiply)(std::size_t rows, const DotTile& tile);
};

// Those of this build, best first. The last runs everywhere.
std::span<const DotKernel> Int8Kernels();
std::span<const DotKernel> Bf16Kernels();

// The first one that this CPU has on the active path (see SelectCpuPath).
const DotKernel& ActiveInt8Kernel();
const DotKernel& ActiveBf16Kernel();

}  // namespace merle
