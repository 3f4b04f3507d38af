#include <cstddef>
#include <cstdint>

#include "base/assert.h"
#include "kernels/attention.h"
#include "kernels/dot_tile.h"
#include "kernels/tile_split.h"
#include "tensor/matrix.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/attention_bf16.cc"  // This file, seen from src/.
#include "hwy/foreach_target.h"  // IWYU pragma: keep (includes this file once per target)
#include "hwy/highway.h"
#include "kernels/bf16-inl.h"
#include "kernels/pack_keys-inl.h"
#include "kernels/softmax-inl.h"
#include "kernels/tail-inl.h"

#ifndef MERLE_KERNELS_ATTENTION_BF16_CC_
#define MERLE_KERNELS_ATTENTION_BF16_CC_  // What follows is seen once, not once per target.
namespace merle {

// The arguments of AttentionBf16 as plain numbers, and one head's operands in bf16.
struct AttentionBf16Call {
  HeadColumns q, k, v;
  size_t queries, keys, heads, head_dim;
  float scale;
  std::uint16_t* rows;  // [max(queries, keys), depth]: queries, or keys before they are packed.
  float* key_panels;    // Pairs of bf16 numbers as the 32 bits of a float, which is only moved.
  float* value_panels;
  float* scores;
  std::uint16_t* weights;  // [12, keys, filled up to an even number]
  float* out;
  size_t out_stride;
  const DotKernel* kernel;

  size_t depth() const { return (head_dim + 1) / 2 * 2; }
  size_t padded_keys() const { return (keys + kPanelColumns - 1) / kPanelColumns * kPanelColumns; }
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
void AttendTile(const AttentionBf16Call& call, const std::uint16_t* q, size_t rows, float* out) {
  const hn::ScalableTag<float> d;
  const size_t lanes = hn::Lanes(d);
  HWY_ALIGN static constexpr float kZeros[kPanelColumns] = {};
  HWY_ALIGN float tile[12 * kPanelColumns];
  float maxima[12];
  float inverse_sums[12];
  const size_t keys = call.keys, steps = call.depth() / 2, padded_keys = call.padded_keys();
  for (size_t s = 0; s < padded_keys; s += kPanelColumns) {
    call.kernel->multiply(rows, {.x = q,
                                 .x_stride = 4 * steps,
                                 .panel = call.key_panels + s * steps,
                                 .steps = steps,
                                 .init = kZeros,
                                 .y = call.scores + s,
                                 .y_stride = padded_keys,
                                 .prefetch = reinterpret_cast<const char*>(call.key_panels),
                                 .prefetch_step = 0});
  }
  const size_t pairs = (keys + 1) / 2;
  for (size_t r = 0; r < rows; ++r) maxima[r] = MaxOf(d, call.scores + r * padded_keys, keys);
  for (size_t r = 0; r < rows; ++r) {
    std::uint16_t* weights = call.weights + r * 2 * pairs;
    weights[2 * pairs - 1] = 0;  // Where the number of keys is odd.
    inverse_sums[r] = 1.0f / NearExpAndSum(d, call.scores + r * padded_keys, keys, call.scale,
                                           maxima[r], weights);
  }
  for (size_t col = 0; col < call.head_dim; col += kPanelColumns) {
    call.kernel->multiply(rows, {.x = call.weights,
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
    for (size_t r = 0; r < rows; ++r) {
      const auto factor = hn::Set(d, inverse_sums[r]);
      for (size_t c = 0; c < cols; c += lanes) {
        const size_t count = cols - c < lanes ? cols - c : lanes;
        StoreUpTo(hn::Mul(hn::Load(d, tile + r * kPanelColumns + c), factor), d,
                  out + r * call.out_stride + col + c, count);
      }
    }
  }
}

void AttentionBf16OnTarget(const AttentionBf16Call& call) {
  const TileSplit split(call.queries, call.kernel->max_rows);
  const size_t depth = call.depth();
  for (size_t head = 0; head < call.heads; ++head) {
    const size_t col = head * call.head_dim;
    RoundRows(call.k.data + col, call.keys, call.head_dim, call.k.stride, call.rows, depth);
    PackKeys({reinterpret_cast<const float*>(call.rows), depth / 2}, call.keys, depth / 2,
             call.key_panels);
    PackValuePairs({call.v.data + col, call.v.stride}, call.keys, call.head_dim, call.value_panels);
    RoundRows(call.q.data + col, call.queries, call.head_dim, call.q.stride, call.rows, depth);
    for (size_t i = 0; i < split.count; ++i) {
      const size_t row = split.Begin(i);
      AttendTile(call, call.rows + row * depth, split.Rows(i),
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
  MERLE_ASSERT(scale > 0 && heads > 0 && q.cols() % heads == 0 && q.cols() == k.cols());
  MERLE_ASSERT(k.rows() > 0 && k.rows() == v.rows() && k.cols() == v.cols());
  MERLE_ASSERT(q.rows() == out.rows() && q.cols() == out.cols() && q.rows() <= k.rows());
  MERLE_ASSERT(scratch.Fits(k.rows(), q.cols() / heads));
  if (q.rows() == 0) return;
  HWY_DYNAMIC_DISPATCH(AttentionBf16OnTarget)
  ({.q = {q.data(), q.stride()},
    .k = {k.data(), k.stride()},
    .v = {v.data(), v.stride()},
    .queries = q.rows(),
    .keys = k.rows(),
    .heads = heads,
    .head_dim = q.cols() / heads,
    .scale = scale,
    .rows = scratch.bf16_rows(),
    .key_panels = scratch.keys(),
    .value_panels = scratch.values(),
    .scores = scratch.scores(),
    .weights = scratch.bf16_weights(),
    .out = out.data(),
    .out_stride = out.stride(),
    .kernel = &ActiveBf16Kernel()});
}

}  // namespace merle
#endif
