// Between float and bf16 (the upper half of a float), in vectors.
#if defined(MERLE_KERNELS_BF16_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef MERLE_KERNELS_BF16_INL_H_
#undef MERLE_KERNELS_BF16_INL_H_
#else
#define MERLE_KERNELS_BF16_INL_H_
#endif

#include <cstddef>
#include <cstdint>

#include "hwy/highway.h"
#include "kernels/tail-inl.h"

HWY_BEFORE_NAMESPACE();
namespace merle::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// The bf16 nearest to each x, ties to even, in the upper half of the lane; the lower half is 0. NaN
// stays NaN: all that the addition could overflow into is infinity or a NaN.
template <class D, class V = hn::Vec<D>>
HWY_INLINE hn::Vec<hn::RebindToUnsigned<D>> RoundToUpperHalf([[maybe_unused]] D d, V x) {
  const hn::RebindToUnsigned<D> du;
  const auto bits = hn::BitCast(du, x);
  const auto odd = hn::And(hn::ShiftRight<16>(bits), hn::Set(du, 1));
  const auto rounded = hn::Add(bits, hn::Add(odd, hn::Set(du, 0x7fff)));
  const auto kept = hn::IfThenElse(hn::RebindMask(du, hn::IsNaN(x)), bits, rounded);
  return hn::And(kept, hn::Set(du, 0xffff0000u));
}

// The same as n numbers of 16 bits, at p. n <= Lanes(d).
template <class D, class V = hn::Vec<D>>
HWY_INLINE void StoreBf16(V x, D d, std::uint16_t* p, size_t n) {
  const hn::RebindToUnsigned<D> du;
  const hn::Rebind<std::uint16_t, D> d16;
  const auto upper = hn::ShiftRight<16>(RoundToUpperHalf(d, x));
  // Signed, since that is what all targets can narrow; it saturates nothing.
  const hn::RebindToSigned<decltype(du)> di;
  const hn::RebindToSigned<decltype(d16)> di16;
  const auto extended = hn::ShiftRight<16>(hn::ShiftLeft<16>(hn::BitCast(di, upper)));
  const auto narrow = hn::BitCast(d16, hn::DemoteTo(di16, extended));
  if (n == hn::Lanes(d)) {
    hn::StoreU(narrow, d16, p);
    return;
  }
  HWY_ALIGN std::uint16_t lanes[hn::MaxLanes(d)];
  hn::Store(narrow, d16, lanes);
  for (size_t i = 0; i < n; ++i) p[i] = lanes[i];
}

// Rows of x as bf16, filled up with zeros to `stride`.
inline void RoundRows(const float* x, size_t rows, size_t cols, size_t x_stride, std::uint16_t* out,
                      size_t stride) {
  const hn::ScalableTag<float> d;
  const size_t lanes = hn::Lanes(d);
  for (size_t r = 0; r < rows; ++r, x += x_stride, out += stride) {
    for (size_t i = 0; i < cols; i += lanes) {
      const size_t count = cols - i < lanes ? cols - i : lanes;
      StoreBf16(LoadUpTo(d, x + i, count), d, out + i, count);
    }
    for (size_t i = cols; i < stride; ++i) out[i] = 0;
  }
}

}  // namespace merle::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // MERLE_KERNELS_BF16_INL_H_
