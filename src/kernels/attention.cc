#include "kernels/attention.h"

#include "base/assert.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/attention.cc"  // This file, seen from src/.
#include "hwy/foreach_target.h"  // IWYU pragma: keep (includes this file once per target)
#include "hwy/highway.h"
#include "kernels/gemm_tile-inl.h"
#include "kernels/softmax-inl.h"
#include "kernels/tail-inl.h"

HWY_BEFORE_NAMESPACE();
namespace merle::HWY_NAMESPACE {

// A head's columns of q, k, v or out.
struct Head {
  const float* data;
  size_t stride;
};

// Columns [j, j + 4) of 4 rows of k, as 4 rows of a panel. Four at a time is what every path has.
#if HWY_TARGET != HWY_SCALAR
HWY_INLINE void Transpose4x4(const float* HWY_RESTRICT k, size_t stride, float* HWY_RESTRICT out) {
  const hn::FixedTag<float, 4> d;
  const auto a = hn::LoadU(d, k), b = hn::LoadU(d, k + stride);
  const auto c = hn::LoadU(d, k + 2 * stride), e = hn::LoadU(d, k + 3 * stride);
  const auto ab_low = hn::InterleaveLower(d, a, b), ab_high = hn::InterleaveUpper(d, a, b);
  const auto ce_low = hn::InterleaveLower(d, c, e), ce_high = hn::InterleaveUpper(d, c, e);
  hn::Store(hn::ConcatLowerLower(d, ce_low, ab_low), d, out);
  hn::Store(hn::ConcatUpperUpper(d, ce_low, ab_low), d, out + kTileCols);
  hn::Store(hn::ConcatLowerLower(d, ce_high, ab_high), d, out + 2 * kTileCols);
  hn::Store(hn::ConcatUpperUpper(d, ce_high, ab_high), d, out + 3 * kTileCols);
}
#else
HWY_INLINE void Transpose4x4(const float* HWY_RESTRICT k, size_t stride, float* HWY_RESTRICT out) {
  for (size_t j = 0; j < 4; ++j) {
    for (size_t c = 0; c < 4; ++c) out[j * kTileCols + c] = k[c * stride + j];
  }
}
#endif

// The transpose of k as panels of 32 keys, each [head_dim, 32], filled up with zeros.
void PackKeys(Head k, size_t keys, size_t head_dim, float* HWY_RESTRICT panels) {
  for (size_t first = 0; first < keys; first += kTileCols, panels += head_dim * kTileCols) {
    for (size_t c = 0; c < kTileCols; c += 4) {
      const float* key = k.data + (first + c) * k.stride;
      const size_t left = first + c < keys ? keys - first - c : 0;
      const size_t whole = left >= 4 ? head_dim / 4 * 4 : 0;
      for (size_t j = 0; j < whole; j += 4) {
        Transpose4x4(key + j, k.stride, panels + j * kTileCols + c);
      }
      for (size_t j = whole; j < head_dim; ++j) {
        for (size_t i = 0; i < 4; ++i) {
          panels[j * kTileCols + c + i] = i < left ? key[i * k.stride + j] : 0.0f;
        }
      }
    }
  }
}

// v as panels of 32 columns, each [keys, 32], filled up with zeros.
void PackValues(Head v, size_t keys, size_t head_dim, float* HWY_RESTRICT panels) {
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

// Attention of `rows` <= kTileRows queries over packed keys and values.
void AttendTile(Head q, size_t rows, size_t keys, size_t head_dim, float scale,
                const float* key_panels, const float* value_panels, float* HWY_RESTRICT scores,
                float* HWY_RESTRICT out, size_t out_stride) {
  const hn::ScalableTag<float> d;
  const size_t lanes = hn::Lanes(d);
  HWY_ALIGN static constexpr float kZeros[kTileCols] = {};
  HWY_ALIGN float tile[kTileRows * kTileCols];
  float inverse_sums[kTileRows];
  const size_t padded_keys = (keys + kTileCols - 1) / kTileCols * kTileCols;

  for (size_t s = 0; s < padded_keys; s += kTileCols) {
    MultiplyTile(rows, {.x = q.data,
                        .x_stride = q.stride,
                        .panel = key_panels + s * head_dim,
                        .depth = head_dim,
                        .init = kZeros,
                        .y = scores + s,
                        .y_stride = padded_keys,
                        .prefetch = key_panels,  // Nothing: they are in the cache.
                        .prefetch_step = 0});
  }
  for (size_t r = 0; r < rows; ++r) {
    inverse_sums[r] = 1.0f / ExpAndSum(d, scores + r * padded_keys, keys, scale);
  }
  for (size_t col = 0; col < head_dim; col += kTileCols) {
    MultiplyTile(rows, {.x = scores,
                        .x_stride = padded_keys,
                        .panel = value_panels + col * keys,
                        .depth = keys,
                        .init = kZeros,
                        .y = tile,
                        .y_stride = kTileCols,
                        .prefetch = value_panels,
                        .prefetch_step = 0});
    const size_t cols = head_dim - col < kTileCols ? head_dim - col : kTileCols;
    for (size_t r = 0; r < rows; ++r) {
      const auto factor = hn::Set(d, inverse_sums[r]);
      for (size_t c = 0; c < cols; c += lanes) {
        const size_t count = cols - c < lanes ? cols - c : lanes;
        StoreUpTo(hn::Mul(hn::Load(d, tile + r * kTileCols + c), factor), d,
                  out + r * out_stride + col + c, count);
      }
    }
  }
}

void AttentionOnTarget(MatrixView<const float> q, MatrixView<const float> k,
                       MatrixView<const float> v, size_t heads, float scale,
                       AttentionScratch& scratch, MatrixView<float> out) {
  const size_t head_dim = q.cols() / heads;
  const TileSplit split(q.rows());
  for (size_t head = 0; head < heads; ++head) {
    const size_t col = head * head_dim;
    PackKeys({k.data() + col, k.stride()}, k.rows(), head_dim, scratch.keys());
    PackValues({v.data() + col, v.stride()}, v.rows(), head_dim, scratch.values());
    for (size_t i = 0; i < split.count; ++i) {
      const size_t row = split.Begin(i);
      AttendTile({q.data() + row * q.stride() + col, q.stride()}, split.Rows(i), k.rows(), head_dim,
                 scale, scratch.keys(), scratch.values(), scratch.scores(),
                 out.data() + row * out.stride() + col, out.stride());
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
}

bool AttentionScratch::Fits(std::size_t keys, std::size_t head_dim) const {
  return keys_.size() >= RoundUp(keys) * head_dim && values_.size() >= keys * RoundUp(head_dim) &&
         scores_.size() >= RoundUp(keys) * kMaxTileRows;
}

void Attention(MatrixView<const float> q, MatrixView<const float> k, MatrixView<const float> v,
               std::size_t heads, float scale, AttentionScratch& scratch,
               MatrixView<float> out) noexcept {
  MERLE_ASSERT(heads > 0 && q.cols() % heads == 0 && q.cols() == k.cols());
  MERLE_ASSERT(k.rows() > 0 && k.rows() == v.rows() && k.cols() == v.cols());
  MERLE_ASSERT(q.rows() == out.rows() && q.cols() == out.cols());
  MERLE_ASSERT(scratch.Fits(k.rows(), q.cols() / heads));
  if (q.rows() == 0) return;
  HWY_DYNAMIC_DISPATCH(AttentionOnTarget)(q, k, v, heads, scale, scratch, out);
}

}  // namespace merle
#endif
