#include <cstddef>
#include <cstdint>

#include "base/assert.h"
#include "kernels/attention.h"
#include "kernels/attention_call.h"
#include "kernels/dot_tile.h"
#include "kernels/tile_split.h"
#include "tensor/matrix.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/attention_bf16.cc"  // This file, seen from src/.
#include "hwy/foreach_target.h"  // IWYU pragma: keep (includes this file once per target)
#include "hwy/highway.h"
#include "kernels/attention-inl.h"
#include "kernels/bf16-inl.h"
#include "kernels/softmax-inl.h"
#include "kernels/tail-inl.h"

#ifndef MERLE_KERNELS_ATTENTION_BF16_CC_
#define MERLE_KERNELS_ATTENTION_BF16_CC_  // What follows is seen once, not once per target.
namespace merle {

// What AttentionBf16 has beside the panels of `call`: these hold pairs of bf16 numbers as the 32
// bits of a float, which is only moved.
struct Bf16Operands {
  std::uint16_t* rows;     // [keys, depth]: keys before they are packed, then queries.
  std::uint16_t* weights;  // [12, keys, filled up to an even number]
  const DotKernel* kernel;
};

}  // namespace merle
#endif

HWY_BEFORE_NAMESPACE();
namespace merle::HWY_NAMESPACE {

// v as panels of 32 columns, each [keys / 2, 32, 2], filled up with zeros.
void PackValuePairs(HeadColumns v, size_t keys, size_t head_dim, float* panels) {
  const hn::ScalableTag<float> d;
  const size_t lanes = hn::Lanes(d);
  for (size_t col = 0; col < head_dim; col += kPanelColumns) {
    for (size_t s = 0; s < keys; s += 2, panels += kPanelColumns) {
      const float* row = v.data + s * v.stride;
      for (size_t c = 0; c < kPanelColumns; c += lanes) {
        const size_t j = col + c;
        const size_t left = j < head_dim ? head_dim - j : 0;
        const size_t count = left < lanes ? left : lanes;
        const auto first = RoundToUpperHalf(d, LoadUpTo(d, row + j, count));
        auto pair = hn::ShiftRight<16>(first);
        if (s + 1 < keys) {
          pair = hn::Or(pair, RoundToUpperHalf(d, LoadUpTo(d, row + v.stride + j, count)));
        }
        hn::Store(hn::BitCast(d, pair), d, panels + c);
      }
    }
  }
}

// Attention of `rows` queries of one head over its packed keys and values. q: bf16, [rows, depth].
void AttendTile(const AttentionCall& call, const Bf16Operands& operands, const std::uint16_t* q,
                size_t rows, float* out) {
  const hn::ScalableTag<float> d;
  HWY_ALIGN static constexpr float kZeros[kPanelColumns] = {};
  HWY_ALIGN float tile[12 * kPanelColumns];
  float maxima[12];
  float inverse_sums[12];
  const size_t keys = call.keys, padded_keys = call.padded_keys();
  const size_t steps = (call.head_dim + 1) / 2, pairs = (keys + 1) / 2;
  for (size_t s = 0; s < padded_keys; s += kPanelColumns) {
    operands.kernel->multiply(rows, {.x = q,
                                     .x_stride = 4 * steps,
                                     .panel = call.key_panels + s * steps,
                                     .steps = steps,
                                     .init = kZeros,
                                     .y = call.scores + s,
                                     .y_stride = padded_keys,
                                     .prefetch = reinterpret_cast<const char*>(call.key_panels),
                                     .prefetch_step = 0});
  }
  for (size_t r = 0; r < rows; ++r) maxima[r] = MaxOf(d, call.scores + r * padded_keys, keys);
  for (size_t r = 0; r < rows; ++r) {
    std::uint16_t* weights = operands.weights + r * 2 * pairs;
    weights[2 * pairs - 1] = 0;  // Where the number of keys is odd.
    inverse_sums[r] = 1.0f / NearExpAndSum(d, call.scores + r * padded_keys, keys, call.scale,
                                           maxima[r], weights);
  }
  for (size_t col = 0; col < call.head_dim; col += kPanelColumns) {
    operands.kernel->multiply(rows, {.x = operands.weights,
                                     .x_stride = 4 * pairs,
                                     .panel = call.value_panels + col * pairs,
                                     .steps = pairs,
                                     .init = kZeros,
                                     .y = tile,
                                     .y_stride = kPanelColumns,
                                     .prefetch = reinterpret_cast<const char*>(call.value_panels),
                                     .prefetch_step = 0});
    const size_t left = call.head_dim - col;
    const size_t cols = left < kPanelColumns ? left : kPanelColumns;
    StoreScaled(tile, rows, cols, inverse_sums, out + col, call.out_stride);
  }
}

void AttentionBf16OnTarget(const AttentionCall& call, const Bf16Operands& operands) {
  const TileSplit split(call.queries, operands.kernel->max_rows);
  const size_t head_dim = call.head_dim, depth = (head_dim + 1) / 2 * 2;
  std::uint16_t* rows = operands.rows;
  for (size_t head = 0; head < call.heads; ++head) {
    const size_t col = head * head_dim;
    RoundRows(call.k.data + col, call.keys, head_dim, call.k.stride, rows, depth);
    PackKeys({reinterpret_cast<const float*>(rows), depth / 2}, call.keys, depth / 2,
             call.key_panels);
    PackValuePairs({call.v.data + col, call.v.stride}, call.keys, head_dim, call.value_panels);
    RoundRows(call.q.data + col, call.queries, head_dim, call.q.stride, rows, depth);
    for (size_t i = 0; i < split.count; ++i) {
      const size_t row = split.Begin(i);
      AttendTile(call, operands, rows + row * depth, split.Rows(i),
                 call.out + row * call.out_stride + col);
    }
  }
}

}  // namespace merle::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace merle {
namespace {

HWY_EXPORT(AttentionBf16OnTarget);

}  // namespace

void AttentionBf16(MatrixView<const float> q, MatrixView<const float> k, MatrixView<const float> v,
                   std::size_t heads, float scale, AttentionScratch& scratch,
                   MatrixView<float> out) noexcept {
  MERLE_ASSERT(q.rows() <= k.rows());
  const AttentionCall call = MakeAttentionCall(q, k, v, heads, scale, scratch, out);
  if (call.queries == 0) return;
  HWY_DYNAMIC_DISPATCH(AttentionBf16OnTarget)
  (call,
   {.rows = scratch.bf16_rows(), .weights = scratch.bf16_weights(), .kernel = &ActiveBf16Kernel()});
}

}  // namespace merle
#endif
