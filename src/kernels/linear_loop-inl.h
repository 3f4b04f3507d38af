// The loop over panels and tiles that Linear has in every arithmetic, and what it does to a tile
// of sums before it stores it.
#if defined(MERLE_KERNELS_LINEAR_LOOP_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef MERLE_KERNELS_LINEAR_LOOP_INL_H_
#undef MERLE_KERNELS_LINEAR_LOOP_INL_H_
#else
#define MERLE_KERNELS_LINEAR_LOOP_INL_H_
#endif

#include <cstddef>

#include "hwy/highway.h"
#include "kernels/activation.h"
#include "kernels/linear_call.h"
#include "kernels/tail-inl.h"
#include "kernels/tile_split.h"
#include "kernels/vector_math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace merle::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// Sums of a tile that are done but for the activation: [rows, 32], aligned.
struct FloatSums {
  using Gelu = GeluOp;  // As exact as the sums.
  const float* HWY_RESTRICT tile;

  // The sums of columns c .. c + Lanes(d), as a function of the row.
  template <class D>
  HWY_INLINE auto Columns(D d, size_t c) const {
    return [d, column = tile + c](size_t r)
               HWY_ATTR { return hn::Load(d, column + r * kPanelColumns); };
  }
};

// y = op(sums) + residual for one tile of `cols` <= 32 columns. residual may be y or null.
template <class Op, class Sums>
void FinishRows(Op op, const Sums& sums, size_t rows, size_t cols, const float* residual,
                size_t residual_stride, float* y, size_t y_stride) {
  const hn::ScalableTag<float> d;
  const size_t lanes = hn::Lanes(d);
  for (size_t c = 0; c < cols; c += lanes) {
    const size_t count = cols - c < lanes ? cols - c : lanes;
    const auto sum_of = sums.Columns(d, c);
    for (size_t r = 0; r < rows; ++r) {
      auto v = op(d, sum_of(r));
      if (residual != nullptr) {
        v = hn::Add(v, LoadUpTo(d, residual + r * residual_stride + c, count));
      }
      StoreUpTo(v, d, y + r * y_stride + c, count);
    }
  }
}

template <class Sums>
void Finish(Activation activation, const Sums& sums, size_t rows, size_t cols,
            const float* residual, size_t residual_stride, float* y, size_t y_stride) {
  switch (activation) {
    case Activation::kNone:
      return FinishRows(IdentityOp(), sums, rows, cols, residual, residual_stride, y, y_stride);
    case Activation::kGelu:
      return FinishRows(typename Sums::Gelu(), sums, rows, cols, residual, residual_stride, y,
                        y_stride);
    case Activation::kGeluTanh:
      return FinishRows(GeluTanhOp(), sums, rows, cols, residual, residual_stride, y, y_stride);
    case Activation::kRelu:
      return FinishRows(ReluOp(), sums, rows, cols, residual, residual_stride, y, y_stride);
    case Activation::kSilu:
      return FinishRows(SiluOp(), sums, rows, cols, residual, residual_stride, y, y_stride);
    case Activation::kTanh:
      return FinishRows(TanhOp(), sums, rows, cols, residual, residual_stride, y, y_stride);
  }
}

// What tile `i` of `count` brings of the next panel into the cache: an equal part, evenly over its
// steps, each of which may bring the two cache lines of a panel's step or several. Measured on 2 MB
// of weights from memory, Zen 5: 24 rows take 1.2 times the arithmetic; without prefetching 1.8
// times; with all of it left to the first tile 1.35 times.
struct Prefetch {
  // sweeps: how often a tile goes over the depth.
  Prefetch(const void* next_panel, size_t steps, size_t i, size_t count, size_t sweeps) {
    const size_t runs = count * sweeps;
    const size_t bytes = runs < 32 ? (32 + runs - 1) / runs * 4 : 4;
    const size_t begin = i * sweeps * steps * bytes;
    const bool any_left = begin < steps * kPanelStepBytes;
    start = static_cast<const char*>(next_panel) + (any_left ? begin : 0);
    step = any_left ? bytes : 0;
  }
  const char* start;
  size_t step;  // Bytes on at each step of the tile.
};

// Tile `rows` x panel, for Product::Multiply.
struct TileCall {
  size_t row, rows;
  const char* panel;
  size_t first_column;
  const float* bias;  // [32], aligned.
  Prefetch prefetch;
};

// Product has
//   panels        the weights, panels of `steps` times 128 bytes
//   steps
//   max_rows      of a tile
//   sweeps        as Prefetch wants it
//   Multiply(TileCall)                  returns the sums of a tile, valid until the next call
//   MultiplyTo(TileCall, y, y_stride)   stores them, all 32 columns, and returns true, where that
//                                       saves a copy; else returns false
template <class Product>
void LinearLoop(const LinearCall& call, Product& product) {
  HWY_ALIGN float bias[kPanelColumns];
  const TileSplit split(call.rows, product.max_rows);
  const size_t panel_bytes = product.steps * kPanelStepBytes;
  for (size_t panel = call.first_panel; panel < call.last_panel; ++panel) {
    const char* weights = product.panels + panel * panel_bytes;
    const char* next_panel = panel + 1 < call.last_panel ? weights + panel_bytes : weights;
    const size_t col = panel * kPanelColumns;
    const size_t cols = call.cols - col < kPanelColumns ? call.cols - col : kPanelColumns;
    const bool sums_are_y =
        cols == kPanelColumns && call.activation == Activation::kNone && call.residual == nullptr;
    for (size_t c = 0; c < kPanelColumns; ++c) {
      bias[c] = c < cols && call.bias != nullptr ? call.bias[col + c] : 0.0f;
    }
    for (size_t i = 0; i < split.count; ++i) {
      const TileCall tile{.row = split.Begin(i),
                          .rows = split.Rows(i),
                          .panel = weights,
                          .first_column = col,
                          .bias = bias,
                          .prefetch{next_panel, product.steps, i, split.count, product.sweeps}};
      float* y = call.y + tile.row * call.y_stride + col;
      if (sums_are_y && product.MultiplyTo(tile, y, call.y_stride)) continue;
      const float* residual = call.residual == nullptr
                                  ? nullptr
                                  : call.residual + tile.row * call.residual_stride + col;
      Finish(call.activation, product.Multiply(tile), tile.rows, cols, residual,
             call.residual_stride, y, call.y_stride);
    }
  }
}

}  // namespace merle::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // MERLE_KERNELS_LINEAR_LOOP_INL_H_
