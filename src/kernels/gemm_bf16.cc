#include "kernels/gemm_bf16.h"

#include <cstddef>
#include <cstdint>

#include "base/assert.h"
#include "kernels/dot_tile.h"
#include "kernels/dot_tile_kernels.h"
#include "kernels/gemm.h"
#include "kernels/linear_call.h"
#include "kernels/tile_split.h"
#include "tensor/matrix.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/gemm_bf16.cc"  // This file, seen from src/.
#include "hwy/foreach_target.h"  // IWYU pragma: keep (includes this file once per target)
#include "hwy/highway.h"
#include "kernels/bf16-inl.h"
#include "kernels/linear_loop-inl.h"

HWY_BEFORE_NAMESPACE();
namespace merle::HWY_NAMESPACE {

struct Bf16Sums : FloatSums {
  using Gelu = NearGeluOp;
};

struct Bf16Product {
  Bf16Sums Multiply(const TileCall& tile) {
    MultiplyTo(tile, sums, kPanelColumns);
    return {{sums}};
  }
  bool MultiplyTo(const TileCall& tile, float* y, size_t y_stride) {
    multiply(tile.rows, {.x = x + tile.row * x_stride,
                         .x_stride = 2 * x_stride,
                         .panel = tile.panel,
                         .steps = steps,
                         .init = tile.bias,
                         .y = y,
                         .y_stride = y_stride,
                         .prefetch = tile.prefetch.start,
                         .prefetch_step = tile.prefetch.step});
    return true;
  }

  const std::uint16_t* x;
  size_t x_stride;
  const char* panels;
  size_t steps, max_rows, sweeps;
  void (*multiply)(size_t rows, const DotTile& tile);
  HWY_ALIGN float sums[12 * kPanelColumns];
};

void LinearBf16OnTarget(const LinearCall& call, const std::uint16_t* x, size_t x_stride,
                        const std::uint16_t* weights, size_t steps, const DotKernel& kernel) {
  Bf16Product product;
  product.x = x;
  product.x_stride = x_stride;
  product.panels = reinterpret_cast<const char*>(weights);
  product.steps = steps;
  product.max_rows = kernel.max_rows;
  product.sweeps = kernel.sweeps;
  product.multiply = kernel.multiply;
  LinearLoop(call, product);
}

void RoundRowsOnTarget(const float* x, size_t rows, size_t cols, size_t x_stride,
                       std::uint16_t* out, size_t stride) {
  RoundRows(x, rows, cols, x_stride, out, stride);
}

// The products of bf16 numbers are exact in float.
void MultiplyWidened(size_t rows, const DotTile& t) {
  const hn::ScalableTag<float> d;
  const hn::RebindToUnsigned<decltype(d)> du;
  const size_t lanes = hn::Lanes(d);
  for (size_t r = 0; r < rows; ++r) {
    const char* x = static_cast<const char*>(t.x) + r * t.x_stride;
    for (size_t c = 0; c < kPanelColumns; c += lanes) {
      auto sum = hn::Load(d, static_cast<const float*>(t.init) + c);
      const auto* panel = static_cast<const std::uint32_t*>(t.panel) + c;
      for (size_t step = 0; step < t.steps; ++step, panel += kPanelColumns) {
        std::uint32_t pair;
        __builtin_memcpy(&pair, x + 4 * step, 4);
        const auto b = hn::Load(du, panel);
        const auto upper = hn::Set(du, 0xffff0000u);
        const auto x_first = hn::BitCast(d, hn::Set(du, pair << 16));
        const auto x_second = hn::BitCast(d, hn::Set(du, pair & 0xffff0000u));
        sum = hn::MulAdd(x_second, hn::BitCast(d, hn::And(b, upper)), sum);
        sum = hn::MulAdd(x_first, hn::BitCast(d, hn::ShiftLeft<16>(b)), sum);
      }
      hn::StoreU(sum, d, static_cast<float*>(t.y) + r * t.y_stride + c);
    }
  }
}

}  // namespace merle::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace merle {
namespace {

HWY_EXPORT(LinearBf16OnTarget);
HWY_EXPORT(RoundRowsOnTarget);
HWY_EXPORT(MultiplyWidened);

}  // namespace

void MultiplyBf16Widened(std::size_t rows, const DotTile& tile) {
  HWY_DYNAMIC_DISPATCH(MultiplyWidened)(rows, tile);
}

void Bf16Rows::Round(MatrixView<const float> x) {
  rows_ = x.rows();
  cols_ = x.cols();
  values_.Reserve(rows_ * stride());
  HWY_DYNAMIC_DISPATCH(RoundRowsOnTarget)
  (x.data(), x.rows(), x.cols(), x.stride(), values_.data(), stride());
}

Bf16Weights::Bf16Weights(const PackedWeights& weights)
    : data_(weights.panels() * ((weights.in_features() + 1) / 2) * 2 * kPanelColumns),
      out_features_(weights.out_features()),
      in_features_(weights.in_features()) {
  Bf16Rows row;
  for (std::size_t panel = 0; panel < panels(); ++panel) {
    std::uint16_t* out = data_.data() + panel * steps() * 2 * kPanelColumns;
    row.Round({weights.Panel(panel), 1, in_features_ * kPanelColumns});
    for (std::size_t i = 0; i < 2 * steps(); ++i) {
      for (std::size_t c = 0; c < kPanelColumns; ++c) {
        out[(i / 2 * kPanelColumns + c) * 2 + i % 2] =
            i < in_features_ ? row.data()[i * kPanelColumns + c] : std::uint16_t{0};
      }
    }
  }
}

void LinearBf16(const Bf16Rows& x, const Bf16Weights& weights, const Epilogue& epilogue,
                MatrixView<float> y, PanelRange panels) noexcept {
  MERLE_ASSERT(x.cols() == weights.in_features() && y.cols() == weights.out_features());
  MERLE_ASSERT(x.rows() == y.rows() && panels.last <= weights.panels());
  if (x.rows() == 0) return;
  HWY_DYNAMIC_DISPATCH(LinearBf16OnTarget)
  (MakeLinearCall(epilogue, y, panels), x.data(), x.stride(), weights.data(), weights.steps(),
   ActiveBf16Kernel());
}

}  // namespace merle
#endif
