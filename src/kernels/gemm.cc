#include "kernels/gemm.h"

#include <cstddef>

#include "base/assert.h"
#include "kernels/activation.h"
#include "tensor/matrix.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/gemm.cc"  // This file, seen from src/.
#include "hwy/foreach_target.h"  // IWYU pragma: keep (includes this file once per target)
#include "hwy/highway.h"
#include "kernels/gemm_tile-inl.h"
#include "kernels/tail-inl.h"
#include "kernels/vector_math-inl.h"

#ifndef MERLE_KERNELS_GEMM_CC_
#define MERLE_KERNELS_GEMM_CC_  // What follows is seen once, not once per target.
namespace merle {

// The arguments of Linear as plain numbers: code for a target must instantiate no shared templates.
struct LinearCall {
  const float* x;
  size_t x_stride, rows, depth;
  const float* packed;
  const float* bias;  // Or null.
  Activation activation;
  const float* residual;  // Or null.
  size_t residual_stride;
  float* y;
  size_t y_stride, cols;
  size_t first_panel, last_panel;
};

}  // namespace merle
#endif

HWY_BEFORE_NAMESPACE();
namespace merle::HWY_NAMESPACE {

// y = op(tile) + residual for one tile of `cols` <= 32 columns. residual may be y or null.
template <class Op>
void FinishRows(Op op, const float* HWY_RESTRICT tile, size_t rows, size_t cols,
                const float* residual, size_t residual_stride, float* y, size_t y_stride) {
  const hn::ScalableTag<float> d;
  const size_t lanes = hn::Lanes(d);
  for (size_t r = 0; r < rows; ++r) {
    for (size_t c = 0; c < cols; c += lanes) {
      const size_t count = cols - c < lanes ? cols - c : lanes;
      auto v = op(d, hn::Load(d, tile + r * kTileCols + c));
      if (residual != nullptr) {
        v = hn::Add(v, LoadUpTo(d, residual + r * residual_stride + c, count));
      }
      StoreUpTo(v, d, y + r * y_stride + c, count);
    }
  }
}

void Finish(Activation activation, const float* tile, size_t rows, size_t cols,
            const float* residual, size_t residual_stride, float* y, size_t y_stride) {
  switch (activation) {
    case Activation::kNone:
      return FinishRows(IdentityOp(), tile, rows, cols, residual, residual_stride, y, y_stride);
    case Activation::kGelu:
      return FinishRows(GeluOp(), tile, rows, cols, residual, residual_stride, y, y_stride);
    case Activation::kGeluTanh:
      return FinishRows(GeluTanhOp(), tile, rows, cols, residual, residual_stride, y, y_stride);
    case Activation::kRelu:
      return FinishRows(ReluOp(), tile, rows, cols, residual, residual_stride, y, y_stride);
    case Activation::kSilu:
      return FinishRows(SiluOp(), tile, rows, cols, residual, residual_stride, y, y_stride);
    case Activation::kTanh:
      return FinishRows(TanhOp(), tile, rows, cols, residual, residual_stride, y, y_stride);
  }
}

// What tile `i` of `count` brings of the next panel into the cache: an equal part, evenly over its
// steps. Measured on 2 MB of weights from memory, Zen 5: 24 rows take 1.2 times the arithmetic;
// without prefetching 1.8 times; with all of it left to the first tile 1.35 times.
struct Prefetch {
  Prefetch(const float* next_panel, size_t depth, size_t i, size_t count) {
    const size_t sweeps = count * kTileSweeps;
    const size_t step_floats = sweeps < kTileCols ? (kTileCols + sweeps - 1) / sweeps : 1;
    const size_t begin = i * kTileSweeps * depth * step_floats;
    const bool any_left = begin < depth * kTileCols;
    start = next_panel + (any_left ? begin : 0);
    step = any_left ? step_floats : 0;
  }
  const float* start;
  size_t step;
};

void LinearOnTarget(const LinearCall& call) {
  HWY_ALIGN float tile[kTileRows * kTileCols];
  HWY_ALIGN float bias[kTileCols];
  const TileSplit split(call.rows);
  const size_t panel_size = call.depth * kTileCols;
  for (size_t panel = call.first_panel; panel < call.last_panel; ++panel) {
    const float* weights = call.packed + panel * panel_size;
    const float* next_panel = panel + 1 < call.last_panel ? weights + panel_size : weights;
    const size_t col = panel * kTileCols;
    const size_t cols = call.cols - col < kTileCols ? call.cols - col : kTileCols;
    const bool straight_to_y =
        cols == kTileCols && call.activation == Activation::kNone && call.residual == nullptr;
    for (size_t c = 0; c < kTileCols; ++c) {
      bias[c] = c < cols && call.bias != nullptr ? call.bias[col + c] : 0.0f;
    }
    for (size_t i = 0; i < split.count; ++i) {
      const Prefetch prefetch(next_panel, call.depth, i, split.count);
      const size_t row = split.Begin(i);
      const size_t rows = split.Rows(i);
      float* y = call.y + row * call.y_stride + col;
      MultiplyTile(rows, {.x = call.x + row * call.x_stride,
                          .x_stride = call.x_stride,
                          .panel = weights,
                          .depth = call.depth,
                          .init = bias,
                          .y = straight_to_y ? y : tile,
                          .y_stride = straight_to_y ? call.y_stride : kTileCols,
                          .prefetch = prefetch.start,
                          .prefetch_step = prefetch.step});
      if (straight_to_y) continue;
      const float* residual =
          call.residual == nullptr ? nullptr : call.residual + row * call.residual_stride + col;
      Finish(call.activation, tile, rows, cols, residual, call.residual_stride, y, call.y_stride);
    }
  }
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
  MERLE_ASSERT(epilogue.bias.empty() || epilogue.bias.size() == y.cols());
  MERLE_ASSERT(epilogue.residual.data() == nullptr ||
               (epilogue.residual.rows() == y.rows() && epilogue.residual.cols() == y.cols()));
  if (x.rows() == 0) return;
  HWY_DYNAMIC_DISPATCH(LinearOnTarget)
  ({.x = x.data(),
    .x_stride = x.stride(),
    .rows = x.rows(),
    .depth = x.cols(),
    .packed = weights.packed().data(),
    .bias = epilogue.bias.empty() ? nullptr : epilogue.bias.data(),
    .activation = epilogue.activation,
    .residual = epilogue.residual.data(),
    .residual_stride = epilogue.residual.stride(),
    .y = y.data(),
    .y_stride = y.stride(),
    .cols = y.cols(),
    .first_panel = panels.first,
    .last_panel = panels.last});
}

void Linear(MatrixView<const float> x, const PackedWeights& weights, const Epilogue& epilogue,
            MatrixView<float> y) noexcept {
  Linear(x, weights, epilogue, y, {.first = 0, .last = weights.panels()});
}

}  // namespace merle
#endif
