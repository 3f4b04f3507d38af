// The exponentials of a row and their sum: what SoftmaxRows and Attention share.
#if defined(MERLE_KERNELS_SOFTMAX_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef MERLE_KERNELS_SOFTMAX_INL_H_
#undef MERLE_KERNELS_SOFTMAX_INL_H_
#else
#define MERLE_KERNELS_SOFTMAX_INL_H_
#endif

#include <cstddef>
#include <cstdint>

#include "hwy/highway.h"
#include "kernels/bf16-inl.h"
#include "kernels/tail-inl.h"
#include "kernels/vector_math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace merle::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// The largest of x[i], i < n; n >= 1.
template <class D>
HWY_INLINE float MaxOf(D d, const float* x, size_t n) {
  const size_t lanes = hn::Lanes(d);
  auto max = hn::Neg(hn::Inf(d));
  size_t i = 0;
  for (; i + lanes <= n; i += lanes) max = hn::Max(max, hn::LoadU(d, x + i));
  if (i < n) {
    const auto last = hn::Max(max, LoadTail(d, x + i, n - i));
    max = hn::IfThenElse(hn::FirstN(d, n - i), last, max);
  }
  return hn::GetLane(hn::MaxOfLanes(d, max));
}

// Replaces x[i] by exp(scale * (x[i] - max)), max = MaxOf(x), scale > 0, and returns their sum.
// One running sum is enough: an exponential takes longer than an addition.
template <class D>
HWY_INLINE float ExpAndSum(D d, float* x, size_t n, float scale, float max) {
  const size_t lanes = hn::Lanes(d);
  const auto scales = hn::Set(d, scale);
  const auto scaled_max = hn::Mul(hn::Set(d, max), scales);
  auto sum = hn::Zero(d);
  size_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    const auto e = ExpBelow88(d, hn::MulSub(hn::LoadU(d, x + i), scales, scaled_max));
    hn::StoreU(e, d, x + i);
    sum = hn::Add(sum, e);
  }
  if (i < n) {
    const auto e = ExpBelow88(d, hn::MulSub(LoadTail(d, x + i, n - i), scales, scaled_max));
    StoreTail(e, d, x + i, n - i);
    sum = hn::Add(sum, hn::IfThenElseZero(hn::FirstN(d, n - i), e));
  }
  return hn::GetLane(hn::SumOfLanes(d, sum));
}

// Writes the same exponentials to `out` as bf16, and returns their sum before rounding.
template <class D>
HWY_INLINE float NearExpAndSum(D d, const float* x, size_t n, float scale, float max,
                               std::uint16_t* out) {
  const size_t lanes = hn::Lanes(d);
  const auto scales = hn::Set(d, scale * 1.44269504f);  // exp(x) = 2^(x / ln 2)
  const auto scaled_max = hn::Mul(hn::Set(d, max), scales);
  auto sum = hn::Zero(d);
  for (size_t i = 0; i < n; i += lanes) {
    const size_t count = n - i < lanes ? n - i : lanes;
    const auto exponents = hn::MulSub(LoadUpTo(d, x + i, count), scales, scaled_max);
    const auto e = NearExp2OfNegative(d, exponents);
    StoreBf16(e, d, out + i, count);
    sum = hn::Add(sum, count == lanes ? e : hn::IfThenElseZero(hn::FirstN(d, count), e));
  }
  return hn::GetLane(hn::SumOfLanes(d, sum));
}

}  // namespace merle::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // MERLE_KERNELS_SOFTMAX_INL_H_
