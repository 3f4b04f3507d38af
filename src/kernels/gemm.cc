#include "kernels/gemm.h"

#include <cstddef>

#include "base/assert.h"
#include "kernels/linear_call.h"
#include "kernels/tile_split.h"
#include "tensor/matrix.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/gemm.cc"  // This file, seen from src/.
#include "hwy/foreach_target.h"  // IWYU pragma: keep (includes this file once per target)
#include "hwy/highway.h"
#include "kernels/gemm_tile-inl.h"
#include "kernels/linear_loop-inl.h"

HWY_BEFORE_NAMESPACE();
namespace merle::HWY_NAMESPACE {

struct FloatProduct {
  FloatSums Multiply(const TileCall& tile) {
    MultiplyTo(tile, sums, kPanelColumns);
    return {sums};
  }
  bool MultiplyTo(const TileCall& tile, float* y, size_t y_stride) {
    MultiplyTile(tile.rows, {.x = x + tile.row * x_stride,
                             .x_stride = x_stride,
                             .panel = reinterpret_cast<const float*>(tile.panel),
                             .depth = steps,
                             .init = tile.bias,
                             .y = y,
                             .y_stride = y_stride,
                             .prefetch = tile.prefetch.start,
                             .prefetch_step = tile.prefetch.step});
    return true;
  }

  const float* x;
  size_t x_stride;
  const char* panels;
  size_t steps;
  size_t max_rows = kTileRows;
  size_t sweeps = kTileSweeps;
  HWY_ALIGN float sums[kTileRows * kPanelColumns];
};

void LinearOnTarget(const LinearCall& call, const float* x, size_t x_stride, const float* packed,
                    size_t depth) {
  FloatProduct product;
  product.x = x;
  product.x_stride = x_stride;
  product.panels = reinterpret_cast<const char*>(packed);
  product.steps = depth;
  LinearLoop(call, product);
}

}  // namespace merle::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace merle {
namespace {

HWY_EXPORT(LinearOnTarget);

}  // namespace

void Linear(MatrixView<const float> x, const PackedWeights& weights, const Epilogue& epilogue,
            MatrixView<float> y, PanelRange panels) noexcept {
  MERLE_ASSERT(x.cols() == weights.in_features() && y.cols() == weights.out_features());
  MERLE_ASSERT(x.rows() == y.rows() && panels.last <= weights.panels());
  if (x.rows() == 0) return;
  HWY_DYNAMIC_DISPATCH(LinearOnTarget)
  (MakeLinearCall(epilogue, y, panels), x.data(), x.stride(), weights.packed().data(), x.cols());
}

void Linear(MatrixView<const float> x, const PackedWeights& weights, const Epilogue& epilogue,
            MatrixView<float> y) noexcept {
  Linear(x, weights, epilogue, y, {.first = 0, .last = weights.panels()});
}

}  // namespace merle
#endif
