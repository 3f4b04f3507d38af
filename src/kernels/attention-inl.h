// What attention does beside its products and softmax, in every arithmetic.
#if defined(MERLE_KERNELS_ATTENTION_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef MERLE_KERNELS_ATTENTION_INL_H_
#undef MERLE_KERNELS_ATTENTION_INL_H_
#else
#define MERLE_KERNELS_ATTENTION_INL_H_
#endif

#include <cstddef>

#include "hwy/highway.h"
#include "kernels/attention_call.h"
#include "kernels/tail-inl.h"
#include "kernels/tile_split.h"

HWY_BEFORE_NAMESPACE();
namespace merle::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// out[j, c] = rows[c][j], j and c < 4, out with a stride of a panel.
HWY_INLINE void Transpose4x4(const float* const rows[4], size_t col, float* HWY_RESTRICT out) {
#if HWY_TARGET == HWY_SCALAR
  for (size_t j = 0; j < 4; ++j) {
    for (size_t c = 0; c < 4; ++c) out[j * kPanelColumns + c] = rows[c][col + j];
  }
#else
  const hn::FixedTag<float, 4> d;  // Every path but the plain one has it.
  const auto a = hn::LoadU(d, rows[0] + col), b = hn::LoadU(d, rows[1] + col);
  const auto c = hn::LoadU(d, rows[2] + col), e = hn::LoadU(d, rows[3] + col);
  const auto ab_low = hn::InterleaveLower(d, a, b), ab_high = hn::InterleaveUpper(d, a, b);
  const auto ce_low = hn::InterleaveLower(d, c, e), ce_high = hn::InterleaveUpper(d, c, e);
  hn::Store(hn::ConcatLowerLower(d, ce_low, ab_low), d, out);
  hn::Store(hn::ConcatUpperUpper(d, ce_low, ab_low), d, out + kPanelColumns);
  hn::Store(hn::ConcatLowerLower(d, ce_high, ab_high), d, out + 2 * kPanelColumns);
  hn::Store(hn::ConcatUpperUpper(d, ce_high, ab_high), d, out + 3 * kPanelColumns);
#endif
}

// The transpose of k as panels of 32 keys, each [head_dim, 32], filled up with copies of the last
// key, whose scores nobody reads.
inline void PackKeys(HeadColumns k, size_t keys, size_t head_dim, float* HWY_RESTRICT panels) {
  const float* last = k.data + (keys - 1) * k.stride;
  for (size_t first = 0; first < keys; first += kPanelColumns, panels += head_dim * kPanelColumns) {
    for (size_t c = 0; c < kPanelColumns; c += 4) {
      const float* rows[4];
      for (size_t i = 0; i < 4; ++i) {
        rows[i] = first + c + i < keys ? k.data + (first + c + i) * k.stride : last;
      }
      size_t j = 0;
      for (; j + 4 <= head_dim; j += 4) Transpose4x4(rows, j, panels + j * kPanelColumns + c);
      for (; j < head_dim; ++j) {
        for (size_t i = 0; i < 4; ++i) panels[j * kPanelColumns + c + i] = rows[i][j];
      }
    }
  }
}

// Writes the first `cols` of 32 columns of a tile, row r times factors[r], to `out`.
inline void StoreScaled(const float* HWY_RESTRICT tile, size_t rows, size_t cols,
                        const float* factors, float* out, size_t out_stride) {
  const hn::ScalableTag<float> d;
  const size_t lanes = hn::Lanes(d);
  for (size_t r = 0; r < rows; ++r) {
    const auto factor = hn::Set(d, factors[r]);
    for (size_t c = 0; c < cols; c += lanes) {
      const size_t count = cols - c < lanes ? cols - c : lanes;
      StoreUpTo(hn::Mul(hn::Load(d, tile + r * kPanelColumns + c), factor), d,
                out + r * out_stride + c, count);
    }
  }
}

}  // namespace merle::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // MERLE_KERNELS_ATTENTION_INL_H_
