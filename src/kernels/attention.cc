#include "kernels/attention.h"

#include <cstddef>

#include "base/assert.h"
#include "kernels/attention_call.h"
#include "tensor/matrix.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/attention.cc"  // This file, seen from src/.
#include "hwy/foreach_target.h"  // IWYU pragma: keep (includes this file once per target)
#include "hwy/highway.h"
#include "kernels/attention-inl.h"
#include "kernels/gemm_tile-inl.h"
#include "kernels/softmax-inl.h"
#include "kernels/tail-inl.h"
#include "kernels/tile_split.h"

HWY_BEFORE_NAMESPACE();
namespace merle::HWY_NAMESPACE {

// v as panels of 32 columns, each [keys, 32], filled up with zeros.
void PackValues(HeadColumns v, size_t keys, size_t head_dim, float* HWY_RESTRICT panels) {
  const hn::ScalableTag<float> d;
  const size_t lanes = hn::Lanes(d);
  for (size_t col = 0; col < head_dim; col += kTileCols) {
    for (size_t s = 0; s < keys; ++s, panels += kTileCols) {
      const float* row = v.data + s * v.stride;
      for (size_t c = 0; c < kTileCols; c += lanes) {
        const size_t j = col + c;
        const size_t left = j < head_dim ? head_dim - j : 0;
        hn::Store(LoadUpTo(d, row + j, left < lanes ? left : lanes), d, panels + c);
      }
    }
  }
}

// Attention of `rows` <= kTileRows queries of one head over its packed keys and values.
void AttendTile(const AttentionCall& call, HeadColumns q, size_t rows, float* HWY_RESTRICT out) {
  const hn::ScalableTag<float> d;
  HWY_ALIGN static constexpr float kZeros[kTileCols] = {};
  HWY_ALIGN float tile[kTileRows * kTileCols];
  float maxima[kTileRows];
  float inverse_sums[kTileRows];
  const size_t keys = call.keys, head_dim = call.head_dim;
  float* HWY_RESTRICT scores = call.scores;
  const size_t padded_keys = call.padded_keys();

  for (size_t s = 0; s < padded_keys; s += kTileCols) {
    MultiplyTile(rows, {.x = q.data,
                        .x_stride = q.stride,
                        .panel = call.key_panels + s * head_dim,
                        .depth = head_dim,
                        .init = kZeros,
                        .y = scores + s,
                        .y_stride = padded_keys,
                        .prefetch = reinterpret_cast<const char*>(
                            call.key_panels),  // Nothing: they are in the cache.
                        .prefetch_step = 0});
  }
  // First all maxima, then all exponentials: the ends of the rows, long chains of few operations,
  // then run beside the next row.
  for (size_t r = 0; r < rows; ++r) maxima[r] = MaxOf(d, scores + r * padded_keys, keys);
  for (size_t r = 0; r < rows; ++r) {
    inverse_sums[r] = 1.0f / ExpAndSum(d, scores + r * padded_keys, keys, call.scale, maxima[r]);
  }
  for (size_t col = 0; col < head_dim; col += kTileCols) {
    MultiplyTile(rows, {.x = scores,
                        .x_stride = padded_keys,
                        .panel = call.value_panels + col * keys,
                        .depth = keys,
                        .init = kZeros,
                        .y = tile,
                        .y_stride = kTileCols,
                        .prefetch = reinterpret_cast<const char*>(call.value_panels),
                        .prefetch_step = 0});
    const size_t cols = head_dim - col < kTileCols ? head_dim - col : kTileCols;
    StoreScaled(tile, rows, cols, inverse_sums, out + col, call.out_stride);
  }
}

void AttentionOnTarget(const AttentionCall& call) {
  const TileSplit split(call.queries, kTileRows);
  for (size_t head = 0; head < call.heads; ++head) {
    const size_t col = head * call.head_dim;
    PackKeys({call.k.data + col, call.k.stride}, call.keys, call.head_dim, call.key_panels);
    PackValues({call.v.data + col, call.v.stride}, call.keys, call.head_dim, call.value_panels);
    for (size_t i = 0; i < split.count; ++i) {
      const size_t row = split.Begin(i);
      AttendTile(call, {call.q.data + row * call.q.stride + col, call.q.stride}, split.Rows(i),
                 call.out + row * call.out_stride + col);
    }
  }
}

}  // namespace merle::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace merle {
namespace {

HWY_EXPORT(AttentionOnTarget);

constexpr std::size_t kPanel = 32;        // Keys, or columns of values, per panel.
constexpr std::size_t kMaxTileRows = 12;  // Queries at a time, on the path with the most.

std::size_t RoundUp(std::size_t n) { return (n + kPanel - 1) / kPanel * kPanel; }

}  // namespace

void AttentionScratch::Reserve(std::size_t keys, std::size_t head_dim) {
  keys_.Reserve(RoundUp(keys) * head_dim);
  values_.Reserve(keys * RoundUp(head_dim));
  scores_.Reserve(RoundUp(keys) * kMaxTileRows);
  bf16_rows_.Reserve(keys * (head_dim + 1));
  bf16_weights_.Reserve((keys + 1) * kMaxTileRows);
}

bool AttentionScratch::Fits(std::size_t keys, std::size_t head_dim) const {
  return keys_.size() >= RoundUp(keys) * head_dim && values_.size() >= keys * RoundUp(head_dim) &&
         scores_.size() >= RoundUp(keys) * kMaxTileRows;
}

AttentionCall MakeAttentionCall(MatrixView<const float> q, MatrixView<const float> k,
                                MatrixView<const float> v, std::size_t heads, float scale,
                                AttentionScratch& scratch, MatrixView<float> out) {
  MERLE_ASSERT(scale > 0 && heads > 0 && q.cols() % heads == 0 && q.cols() == k.cols());
  MERLE_ASSERT(k.rows() > 0 && k.rows() == v.rows() && k.cols() == v.cols());
  MERLE_ASSERT(q.rows() == out.rows() && q.cols() == out.cols());
  MERLE_ASSERT(scratch.Fits(k.rows(), q.cols() / heads));
  return {.q = {q.data(), q.stride()},
          .k = {k.data(), k.stride()},
          .v = {v.data(), v.stride()},
          .queries = q.rows(),
          .keys = k.rows(),
          .heads = heads,
          .head_dim = q.cols() / heads,
          .scale = scale,
          .key_panels = scratch.keys(),
          .value_panels = scratch.values(),
          .scores = scratch.scores(),
          .out = out.data(),
          .out_stride = out.stride()};
}

void Attention(MatrixView<const float> q, MatrixView<const float> k, MatrixView<const float> v,
               std::size_t heads, float scale, AttentionScratch& scratch,
               MatrixView<float> out) noexcept {
  const AttentionCall call = MakeAttentionCall(q, k, v, heads, scale, scratch, out);
  if (call.queries > 0) HWY_DYNAMIC_DISPATCH(AttentionOnTarget)(call);
}

}  // namespace merle
#endif
