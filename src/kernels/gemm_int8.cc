#include "kernels/gemm_int8.h"

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/assert.h"
#include "kernels/dot_tile.h"
#include "kernels/gemm.h"
#include "kernels/linear_call.h"
#include "kernels/tile_split.h"
#include "tensor/matrix.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/gemm_int8.cc"  // This file, seen from src/.
#include "hwy/foreach_target.h"  // IWYU pragma: keep (includes this file once per target)
#include "hwy/highway.h"
#include "kernels/linear_loop-inl.h"

#ifndef MERLE_KERNELS_GEMM_INT8_CC_
#define MERLE_KERNELS_GEMM_INT8_CC_  // What follows is seen once, not once per target.
namespace merle {

struct Int8Operands {
  const std::uint8_t* x;
  size_t x_stride;
  const float* row_scales;
  const std::int32_t* row_zeros;
  const std::int8_t* weights;
  size_t steps;
  const float* column_scales;
  const std::int32_t* column_sums;
  const DotKernel* kernel;
};

}  // namespace merle
#endif

HWY_BEFORE_NAMESPACE();
namespace merle::HWY_NAMESPACE {

// Sums of a tile in integers, and what makes them numbers again.
struct IntegerSums {
  using Gelu = NearGeluOp;
  const std::int32_t* HWY_RESTRICT tile;
  const float* HWY_RESTRICT row_scales;
  const std::int32_t* HWY_RESTRICT row_zeros;
  const float* HWY_RESTRICT column_scales;
  const std::int32_t* HWY_RESTRICT column_sums;
  const float* HWY_RESTRICT bias;

  template <class D>
  HWY_INLINE auto Columns(D d, size_t c) const {
    const hn::RebindToSigned<D> di;
    const auto sums = hn::Load(di, column_sums + c);
    const auto scales = hn::Load(d, column_scales + c);
    const auto biases = hn::Load(d, bias + c);
    const std::int32_t* HWY_RESTRICT column = tile + c;
    return [=, this](size_t r) HWY_ATTR {
      const auto shift = hn::Mul(sums, hn::Set(di, row_zeros[r]));
      const auto sum = hn::Sub(hn::Load(di, column + r * kPanelColumns), shift);
      const auto scaled = hn::Mul(hn::ConvertTo(d, sum), hn::Set(d, row_scales[r]));
      return hn::MulAdd(scaled, scales, biases);
    };
  }
};

struct Int8Product {
  explicit Int8Product(const Int8Operands& o)
      : operands(o),
        panels(reinterpret_cast<const char*>(o.weights)),
        steps(o.steps),
        max_rows(o.kernel->max_rows),
        sweeps(o.kernel->sweeps) {}

  IntegerSums Multiply(const TileCall& tile) {
    const std::int32_t* column_sums = operands.column_sums + tile.first_column;
    operands.kernel->multiply(tile.rows, {.x = operands.x + tile.row * operands.x_stride,
                                          .x_stride = operands.x_stride,
                                          .panel = tile.panel,
                                          .steps = steps,
                                          .init = column_sums,
                                          .y = sums,
                                          .y_stride = kPanelColumns,
                                          .prefetch = tile.prefetch.start,
                                          .prefetch_step = tile.prefetch.step});
    return {.tile = sums,
            .row_scales = operands.row_scales + tile.row,
            .row_zeros = operands.row_zeros + tile.row,
            .column_scales = operands.column_scales + tile.first_column,
            .column_sums = column_sums,
            .bias = tile.bias};
  }
  bool MultiplyTo(const TileCall&, float*, size_t) { return false; }

  const Int8Operands& operands;
  const char* panels;
  size_t steps, max_rows, sweeps;
  HWY_ALIGN std::int32_t sums[12 * kPanelColumns];
};

void LinearInt8OnTarget(const LinearCall& call, const Int8Operands& operands) {
  Int8Product product(operands);
  LinearLoop(call, product);
}

// One row. Multiplies, rounds and adds apart, never fused, so that every path has the same bits.
void QuantizeRow(const float* HWY_RESTRICT x, const float* HWY_RESTRICT factors, size_t cols,
                 std::uint8_t* HWY_RESTRICT out, float& scale, std::int32_t& zero) {
  const hn::ScalableTag<float> d;
  const hn::RebindToSigned<decltype(d)> di;
  const hn::Rebind<std::uint8_t, decltype(d)> d8;
  const size_t lanes = hn::Lanes(d);
  auto low = hn::Zero(d), high = hn::Zero(d);  // Zero itself always has a value.
  for (size_t i = 0; i < cols; i += lanes) {
    const size_t count = cols - i < lanes ? cols - i : lanes;
    const auto v = hn::Mul(LoadUpTo(d, x + i, count), LoadUpTo(d, factors + i, count));
    low = hn::Min(low, v);
    high = hn::Max(high, v);
  }
  const float least = hn::GetLane(hn::MinOfLanes(d, low));
  const float range = hn::GetLane(hn::MaxOfLanes(d, high)) - least;
  const float inverse = range > 0 ? 255.0f / range : 0.0f;
  scale = range / 255.0f;
  zero = hn::GetLane(hn::NearestInt(hn::Set(d, -least * inverse)));
  const auto inverses = hn::Set(d, inverse);
  const auto zeros = hn::Set(di, zero);
  for (size_t i = 0; i < cols; i += lanes) {
    const size_t count = cols - i < lanes ? cols - i : lanes;
    const auto v = hn::Mul(LoadUpTo(d, x + i, count), LoadUpTo(d, factors + i, count));
    const auto rounded = hn::Add(hn::NearestInt(hn::Mul(v, inverses)), zeros);
    hn::StoreU(hn::DemoteTo(d8, rounded), d8, out + i);  // Rows are filled up to whole vectors.
  }
}

void QuantizeRows(const float* x, size_t rows, size_t cols, size_t x_stride, const float* factors,
                  std::uint8_t* out, size_t stride, float* scales, std::int32_t* zeros) {
  for (size_t r = 0; r < rows; ++r) {
    QuantizeRow(x + r * x_stride, factors, cols, out + r * stride, scales[r], zeros[r]);
  }
}

// One panel of PackedWeights [depth, 32] to [steps, 32, 4], with its scales and sums.
void QuantizePanel(const float* HWY_RESTRICT panel, size_t depth,
                   const float* HWY_RESTRICT smoothing, std::int8_t* HWY_RESTRICT out,
                   float* HWY_RESTRICT scales, std::int32_t* HWY_RESTRICT sums) {
  const hn::ScalableTag<float> d;
  const hn::RebindToSigned<decltype(d)> di;
  for (size_t c = 0; c < kPanelColumns; c += hn::Lanes(d)) {
    auto max = hn::Zero(d);
    for (size_t i = 0; i < depth; ++i) {
      const auto w = hn::Mul(hn::Load(d, panel + i * kPanelColumns + c), hn::Set(d, smoothing[i]));
      max = hn::Max(max, hn::Abs(w));
    }
    const auto some = hn::Gt(max, hn::Zero(d));
    const auto inverses = hn::IfThenElseZero(some, hn::Div(hn::Set(d, 127.0f), max));
    hn::Store(hn::Div(max, hn::Set(d, 127.0f)), d, scales + c);
    auto sum = hn::Zero(di);
    for (size_t first = 0; first < depth; first += 4) {
      auto quad = hn::Zero(di);  // Four bytes a column, the first lowest.
      for (size_t i = 4; i-- > 0;) {
        quad = hn::ShiftLeft<8>(quad);
        if (first + i >= depth) continue;
        const auto w = hn::Mul(hn::Load(d, panel + (first + i) * kPanelColumns + c),
                               hn::Set(d, smoothing[first + i]));
        const auto q = hn::NearestInt(hn::Mul(w, inverses));
        sum = hn::Add(sum, q);
        quad = hn::Or(quad, hn::And(q, hn::Set(di, 0xff)));
      }
      hn::StoreU(quad, di, reinterpret_cast<std::int32_t*>(out + first * kPanelColumns) + c);
    }
    hn::Store(sum, di, sums + c);
  }
}

}  // namespace merle::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace merle {
namespace {

HWY_EXPORT(LinearInt8OnTarget);
HWY_EXPORT(QuantizeRows);
HWY_EXPORT(QuantizePanel);

}  // namespace

Int8Weights::Int8Weights(const PackedWeights& weights, std::span<const float> smoothing)
    : out_features_(weights.out_features()), in_features_(weights.in_features()) {
  MERLE_ASSERT(smoothing.size() == in_features_ && in_features_ <= kMaxInFeatures);
  data_ = AlignedBuffer<std::int8_t>(panels() * steps() * kPanelStepBytes);
  scales_ = AlignedBuffer<float>(panels() * kPanelColumns);
  sums_ = AlignedBuffer<std::int32_t>(panels() * kPanelColumns);
  input_factors_ = AlignedBuffer<float>(in_features_);
  for (std::size_t i = 0; i < in_features_; ++i) input_factors_.data()[i] = 1.0f / smoothing[i];
  for (std::size_t panel = 0; panel < panels(); ++panel) {
    HWY_DYNAMIC_DISPATCH(QuantizePanel)
    (weights.Panel(panel), in_features_, smoothing.data(),
     data_.data() + panel * steps() * kPanelStepBytes, scales_.data() + panel * kPanelColumns,
     sums_.data() + panel * kPanelColumns);
  }
}

void Int8Rows::Quantize(MatrixView<const float> x, std::span<const float> factors) {
  MERLE_ASSERT(factors.size() == x.cols());
  rows_ = x.rows();
  cols_ = x.cols();
  values_.Reserve(rows_ * stride());
  scales_.Reserve(rows_);
  zeros_.Reserve(rows_);
  HWY_DYNAMIC_DISPATCH(QuantizeRows)
  (x.data(), x.rows(), x.cols(), x.stride(), factors.data(), values_.data(), stride(),
   scales_.data(), zeros_.data());
}

void LinearInt8(const Int8Rows& x, const Int8Weights& weights, const Epilogue& epilogue,
                MatrixView<float> y, PanelRange panels) noexcept {
  MERLE_ASSERT(x.cols() == weights.in_features() && y.cols() == weights.out_features());
  MERLE_ASSERT(x.rows() == y.rows() && panels.last <= weights.panels());
  if (x.rows() == 0) return;
  HWY_DYNAMIC_DISPATCH(LinearInt8OnTarget)
  (MakeLinearCall(epilogue, y, panels), {.x = x.data(),
                                         .x_stride = x.stride(),
                                         .row_scales = x.scales(),
                                         .row_zeros = x.zeros(),
                                         .weights = weights.data(),
                                         .steps = weights.steps(),
                                         .column_scales = weights.scales(),
                                         .column_sums = weights.sums(),
                                         .kernel = &ActiveInt8Kernel()});
}

}  // namespace merle
#endif
