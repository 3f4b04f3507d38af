// Loads and stores of less than one vector, which touch no memory beyond it.
#if defined(MERLE_KERNELS_TAIL_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef MERLE_KERNELS_TAIL_INL_H_
#undef MERLE_KERNELS_TAIL_INL_H_
#else
#define MERLE_KERNELS_TAIL_INL_H_
#endif

#include <cstddef>

#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace merle::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// AVX's masked moves don't touch masked lanes. Highway's stand-ins for them elsewhere do.
#if HWY_TARGET == HWY_AVX2 || HWY_TARGET <= HWY_AVX3
#define MERLE_MASKED_MOVES 1
#else
#define MERLE_MASKED_MOVES 0
#endif

// Lanes 0 .. n-1 from `p`, zeros above; n < Lanes(d).
template <class D>
HWY_INLINE hn::Vec<D> LoadTail(D d, const float* p, size_t n) {
#if MERLE_MASKED_MOVES
  return hn::MaskedLoad(hn::FirstN(d, n), d, p);
#else
  HWY_ALIGN float lanes[hn::MaxLanes(d)] = {};
  for (size_t i = 0; i < n; ++i) lanes[i] = p[i];
  return hn::Load(d, lanes);
#endif
}

// Stores lanes 0 .. n-1 to `p`; n < Lanes(d).
template <class D>
HWY_INLINE void StoreTail(hn::Vec<D> v, D d, float* p, size_t n) {
#if MERLE_MASKED_MOVES
  hn::BlendedStore(v, hn::FirstN(d, n), d, p);
#else
  HWY_ALIGN float lanes[hn::MaxLanes(d)];
  hn::Store(v, d, lanes);
  for (size_t i = 0; i < n; ++i) p[i] = lanes[i];
#endif
}

// The first n lanes from `p`, zeros above; n <= Lanes(d). Folds to a plain load for n = Lanes(d).
template <class D>
HWY_INLINE hn::Vec<D> LoadUpTo(D d, const float* p, size_t n) {
  return n == hn::Lanes(d) ? hn::LoadU(d, p) : LoadTail(d, p, n);
}

// Stores the first n lanes to `p`; n <= Lanes(d).
template <class D>
HWY_INLINE void StoreUpTo(hn::Vec<D> v, D d, float* p, size_t n) {
  if (n == hn::Lanes(d)) {
    hn::StoreU(v, d, p);
  } else {
    StoreTail(v, d, p, n);
  }
}

#undef MERLE_MASKED_MOVES

}  // namespace merle::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // MERLE_KERNELS_TAIL_INL_H_
